// What an SMS gateway and a node say to each other, as plain values and as frames
// (schemas/sms.capnp).
#pragma once

#include "schemas/error.hpp"
#include "schemas/hlc.hpp"
#include "schemas/ids.hpp"

#include <string>
#include <variant>

namespace restante::sms {

struct hello {
  uint32_t credit = 0;
};
struct mobile_originated {
  std::string id;
  std::string from;
  std::string to;
  std::string text;
};
enum class submit_status : uint8_t { accepted, temporary_failure, permanent_failure };
struct submitted {
  notification_id id;
  submit_status status = submit_status::accepted;
  std::string detail;
};
enum class delivery_status : uint8_t { delivered, undeliverable, expired, unknown };
struct delivery_receipt {
  notification_id id;
  delivery_status status = delivery_status::unknown;
  std::string detail;
};

struct location_update {
  std::string id;
  std::string number;
  std::string region; // empty: at home
};

struct from_gateway {
  uint64_t correlation = 0;
  std::variant<hello, mobile_originated, submitted, delivery_receipt, location_update> what;
};

struct welcome {};
struct accepted {};
struct submit {
  notification_id id;
  std::string to;
  std::string from;
  std::string text;
  bool unicode = false; // UCS-2 instead of the GSM 7-bit alphabet
  uint8_t segments = 1;
  wall_ms expires_at = 0;
};

struct to_gateway {
  uint64_t correlation = 0;
  std::variant<failure, welcome, accepted, submit> what;
};

/// A frame that was refused; `correlation` is 0 when even that was unreadable.
struct refused_frame {
  uint64_t correlation = 0;
  failure why;
};

[[nodiscard]] tl::expected<from_gateway, refused_frame> decode_from_gateway(std::string_view bytes);
[[nodiscard]] std::string encode(const from_gateway& what);
[[nodiscard]] std::string encode(const to_gateway& what);
[[nodiscard]] result<to_gateway> decode_to_gateway(std::string_view bytes);

} // namespace restante::sms
