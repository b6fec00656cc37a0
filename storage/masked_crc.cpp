#include "storage/masked_crc.hpp"

#include <rocksdb/file_checksum.h>

namespace restante {

namespace {

constexpr uint32_t mask_delta = 0xa282ead8;

template <class Number>
Number little_endian(std::string_view bytes, size_t at) {
  Number out = 0;
  for (size_t i = sizeof out; i-- > 0;)
    out = static_cast<Number>(out << 8 | static_cast<uint8_t>(bytes[at + i]));
  return out;
}

} // namespace

uint32_t masked_crc32c(std::string_view bytes) {
  static const auto factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  const auto sum = factory->CreateFileChecksumGenerator({});
  sum->Update(bytes.data(), bytes.size());
  sum->Finalize();
  uint32_t crc = 0;
  for (const char byte : sum->GetChecksum()) // big-endian
    crc = crc << 8 | static_cast<uint8_t>(byte);
  return (crc >> 15 | crc << 17) + mask_delta;
}

uint32_t fixed32(std::string_view bytes, size_t at) { return little_endian<uint32_t>(bytes, at); }
uint64_t fixed64(std::string_view bytes, size_t at) { return little_endian<uint64_t>(bytes, at); }

bool take_varint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; !bytes.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

} // namespace restante
