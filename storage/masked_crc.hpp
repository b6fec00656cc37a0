// The checksum RocksDB puts on records of logs and blob files: CRC-32C, masked so that a checksum
// of bytes that hold checksums stays strong. Part of what reads those files without RocksDB.
#pragma once

#include <cstdint>
#include <string_view>

namespace restante {

[[nodiscard]] uint32_t masked_crc32c(std::string_view bytes);

/// Little-endian numbers, as those files have them; the caller has checked the length.
[[nodiscard]] uint32_t fixed32(std::string_view bytes, size_t at);
[[nodiscard]] uint64_t fixed64(std::string_view bytes, size_t at);

/// Takes a varint from the front of the bytes; false when it does not end there.
[[nodiscard]] bool take_varint(std::string_view& bytes, uint64_t& value);

} // namespace restante
