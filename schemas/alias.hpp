// What a subscriber is found by. Values are in the one spelling the engine compares: numbers in
// E.164 with "+", e-mail addresses in lower case; whoever makes an alias has normalized it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace restante {

/// Part of keys on disk (storage/keys.hpp) and of stored values: append only, never renumber.
enum class alias_kind : uint8_t { number = 1, imei = 2, email = 3, fax = 4, set_top_box = 5 };

/// The name of a kind as programs and people read it; "unknown" for a value no version defined.
[[nodiscard]] constexpr std::string_view to_string(alias_kind kind) {
  switch (kind) {
  case alias_kind::number:
    return "number";
  case alias_kind::imei:
    return "imei";
  case alias_kind::email:
    return "email";
  case alias_kind::fax:
    return "fax";
  case alias_kind::set_top_box:
    return "set_top_box";
  }
  return "unknown";
}

struct alias {
  alias_kind kind = alias_kind::number;
  std::string value;
  friend auto operator<=>(const alias&, const alias&) = default;
};

} // namespace restante
