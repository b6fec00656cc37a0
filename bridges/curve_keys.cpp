#include "bridges/curve_keys.hpp"

#include <zmq.h>

namespace restante {

std::string to_z85(std::string_view key32) {
  char text[41];
  if (key32.size() != 32 ||
      zmq_z85_encode(text, reinterpret_cast<const uint8_t*>(key32.data()), 32) == nullptr)
    return {};
  return text;
}

std::optional<std::string> from_z85(std::string_view text) {
  std::string raw(32, '\0');
  if (text.size() != 40 ||
      zmq_z85_decode(reinterpret_cast<uint8_t*>(raw.data()), std::string{text}.c_str()) == nullptr)
    return std::nullopt;
  return raw;
}

std::string curve_public(const secret_key& secret) {
  return public_of({reinterpret_cast<const char*>(secret.bytes.data()), secret.bytes.size()});
}

std::string public_of(std::string_view secret32) {
  char out[41];
  if (zmq_curve_public(out, to_z85(secret32).c_str()) != 0)
    return {};
  return from_z85(out).value_or(std::string{});
}

} // namespace restante
