// The blocks of one of RocksDB's tables (*.sst), read without its index: they stand one behind the
// other from the beginning of the file, each with a byte that says how it is compressed and a
// checksum. Where one ends nothing but the index says; the first end whose checksum is right is it.
// A block that is damaged ends the reading, unless its place is known.
//
// Part of table_mend; nothing else includes this.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace restante {

/// What follows on a block's bytes.
inline constexpr size_t block_trailer_bytes = 5;

struct block_place {
  uint64_t offset = 0;
  uint64_t size = 0; // without its trailer
};

/// The block that begins there; nothing when none does that is whole.
[[nodiscard]] std::optional<block_place> find_block(std::string_view table, uint64_t offset);

/// The block at a known place, uncompressed; nothing when it is damaged.
[[nodiscard]] std::optional<std::string> read_block(std::string_view table, block_place at);

/// Entries in their order, until `each` answers false. False when it ended before or the bytes are
/// no block.
bool each_entry(std::string_view block,
                const std::function<bool(std::string_view key, std::string_view value)>& each);

/// What stands behind a block that has not been compressed.
[[nodiscard]] std::string block_trailer(std::string_view block);

} // namespace restante
