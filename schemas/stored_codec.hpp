// Values on disk (schemas/stored.capnp). Decoding fails only on damage or on a newer format.
#pragma once

#include "schemas/error.hpp"
#include "schemas/mailbox_state.hpp"
#include "schemas/tenant.hpp"

namespace restante {

struct alias_target {
  mailbox_id mailbox;
  std::string tenant;
  std::string region; // of birth; empty: this node's
  friend bool operator==(const alias_target&, const alias_target&) = default;
};

[[nodiscard]] std::string encode(const profile_state& value);
[[nodiscard]] std::string encode(const message_record& value);
[[nodiscard]] std::string encode(const change& value);
[[nodiscard]] std::string encode(const alias_target& value);
/// Without id and due time, which are the key.
[[nodiscard]] std::string encode(const notification& value);
[[nodiscard]] std::string encode(const record& value);
[[nodiscard]] std::string encode(const tenant_record& value);

[[nodiscard]] result<profile_state> decode_profile(std::string_view bytes);
[[nodiscard]] result<message_record> decode_message(std::string_view bytes);
[[nodiscard]] result<change> decode_change(std::string_view bytes);
[[nodiscard]] result<alias_target> decode_alias_target(std::string_view bytes);
[[nodiscard]] result<notification> decode_notification(std::string_view bytes);
[[nodiscard]] result<record> decode_record(std::string_view bytes);
[[nodiscard]] result<tenant_record> decode_tenant(std::string_view bytes);

} // namespace restante
