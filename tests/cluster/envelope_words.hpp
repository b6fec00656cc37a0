// Cap'n Proto messages made by hand, word by word: what no encoder would write. The layout of
// structs is that of schemas/request.capnp; pointers as in the encoding's specification.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace restante::cluster_tests {

using words = std::vector<uint64_t>;

/// Pointers. Offsets count words from the end of the pointer.
inline uint64_t to_struct(int32_t offset, uint16_t data_words, uint16_t pointers) {
  return (static_cast<uint32_t>(offset) << 2) | uint64_t{data_words} << 32 |
         uint64_t{pointers} << 48;
}
enum class element : uint8_t { nothing = 0, byte = 2, pointer = 6, composite = 7 };
inline uint64_t to_list(int32_t offset, element of, uint32_t count) {
  return (static_cast<uint32_t>(offset) << 2 | 1U) | static_cast<uint64_t>(of) << 32 |
         uint64_t{count} << 35;
}
inline uint64_t to_far(uint32_t segment, uint32_t word, bool twice = false) {
  return (word << 3 | (twice ? 4U : 0U) | 2U) | uint64_t{segment} << 32;
}

/// The stream framing around segments.
inline std::string framed(const std::vector<words>& segments) {
  std::vector<uint32_t> table{static_cast<uint32_t>(segments.size() - 1)};
  for (const auto& segment : segments)
    table.push_back(static_cast<uint32_t>(segment.size()));
  if (table.size() % 2 != 0)
    table.push_back(0);
  std::string out{reinterpret_cast<const char*>(table.data()), table.size() * 4};
  for (const auto& segment : segments)
    out.append(reinterpret_cast<const char*>(segment.data()), segment.size() * 8);
  return out;
}

/// A Request of correlation 77 and union member `tag`: words 0-4, then an id of 8 bytes as word 5.
/// `body` is the pointer of the member (word 4); `rest` follows as word 6 and on, offset 1 from it.
inline words request_words(uint16_t tag, uint64_t body, const words& rest = {}) {
  words out{to_struct(0, 2, 2),           77,   uint64_t{tag} << 32,
            to_list(1, element::byte, 8), body, 0x1122334455667788};
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

/// Text or bytes as words, filled up with zeros: a text's end is among them.
inline words bytes_as_words(const std::string& bytes) {
  words out(bytes.size() / 8 + 1);
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

namespace tags {
inline constexpr uint16_t ping = 1, register_device = 2, profile = 3, deposit = 4, retrieve = 6,
                          tenant_add = 15, status = 20, unknown = 24;
}

} // namespace restante::cluster_tests
