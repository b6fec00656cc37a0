// Numbers as eight bytes, the most significant first, as values on disk and bytes to be hashed have
// them. Keys are storage/keys.hpp's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace restante {

[[nodiscard]] inline std::string big_endian(uint64_t number) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<uint8_t>(number >> shift));
  return out;
}

/// Of more than eight bytes the last eight count.
[[nodiscard]] inline uint64_t from_big_endian(std::string_view bytes) {
  uint64_t out = 0;
  for (const char byte : bytes)
    out = out << 8 | static_cast<uint8_t>(byte);
  return out;
}

} // namespace restante
