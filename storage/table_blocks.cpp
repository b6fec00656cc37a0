#include "storage/table_blocks.hpp"

#include "storage/masked_crc.hpp"

#include <lz4.h>
#include <xxhash.h>
#include <zstd.h>

#include <memory>

namespace restante {

namespace {

/// As long as keys of this store never are (storage/store_assembly.cpp), and an entry's row number.
constexpr size_t key_bytes_max = 512 + 8;
/// Values of 4 KiB and more stand in blob files; settings with all their names are far smaller.
constexpr uint64_t block_bytes_max = 4 * 1024 * 1024;

enum compression : uint8_t { none = 0, lz4 = 4, zstd = 7 };

bool is_compression(uint8_t type) { return type == none || type == lz4 || type == zstd; }

/// RocksDB's kXXH3, its default and the only one this store was ever written with: of the block's
/// bytes, the byte behind them mixed in.
uint32_t with_last(uint64_t hash, uint8_t last) {
  return static_cast<uint32_t>(hash) ^ last * 0x6b9083d9U;
}

std::optional<std::string> uncompressed(std::string_view bytes, uint8_t type) {
  if (type == none)
    return std::string{bytes};
  uint64_t size = 0;
  if (!take_varint(bytes, size) || size > block_bytes_max)
    return std::nullopt;
  std::string out(size, '\0');
  const auto made = type == lz4
                        ? static_cast<int64_t>(LZ4_decompress_safe(bytes.data(), out.data(),
                                                                   static_cast<int>(bytes.size()),
                                                                   static_cast<int>(out.size())))
                        : static_cast<int64_t>(
                              ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size()));
  return made == static_cast<int64_t>(size) ? std::optional{std::move(out)} : std::nullopt;
}

} // namespace

std::optional<block_place> find_block(std::string_view table, uint64_t offset) {
  if (offset > table.size())
    return std::nullopt;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> hash{XXH3_createState(),
                                                                      &XXH3_freeState};
  XXH3_64bits_reset(hash.get());
  const auto rest = table.substr(offset);
  std::optional<block_place> first; // of no entries, as filters are; or chance, then there is more
  for (uint64_t size = 0; size < block_bytes_max && size + block_trailer_bytes <= rest.size();
       ++size) {
    const auto type = static_cast<uint8_t>(rest[size]);
    if (size > 0 && is_compression(type) &&
        with_last(XXH3_64bits_digest(hash.get()), type) == fixed32(rest, size + 1)) {
      const block_place at{offset, size};
      const auto block = uncompressed(rest.substr(0, size), type);
      if (block && each_entry(*block, [](std::string_view, std::string_view) { return true; }))
        return at;
      first = first ? first : at;
    }
    XXH3_64bits_update(hash.get(), &rest[size], 1);
  }
  return first;
}

std::optional<std::string> read_block(std::string_view table, block_place at) {
  if (at.size == 0 || at.size > block_bytes_max || at.offset > table.size() ||
      at.size + block_trailer_bytes > table.size() - at.offset)
    return std::nullopt;
  const auto bytes = table.substr(at.offset, at.size);
  const auto type = static_cast<uint8_t>(table[at.offset + at.size]);
  if (!is_compression(type) || with_last(XXH3_64bits(bytes.data(), bytes.size()), type) !=
                                   fixed32(table, at.offset + at.size + 1))
    return std::nullopt;
  return uncompressed(bytes, type);
}

bool each_entry(std::string_view block,
                const std::function<bool(std::string_view key, std::string_view value)>& each) {
  constexpr size_t number = 4; // bytes of a restart point, and of how many there are
  if (block.size() < number)
    return false;
  const uint64_t restarts = fixed32(block, block.size() - number);
  if (restarts == 0 || (restarts + 1) * number > block.size())
    return false;
  auto rest = block.substr(0, block.size() - (restarts + 1) * number);
  std::string key;
  while (!rest.empty()) {
    uint64_t shared = 0, own = 0, value = 0;
    if (!take_varint(rest, shared) || !take_varint(rest, own) || !take_varint(rest, value) ||
        shared > key.size() || own > key_bytes_max || shared + own > key_bytes_max ||
        own > rest.size() || value > rest.size() - own)
      return false;
    key.resize(shared);
    key += rest.substr(0, own);
    if (!each(key, rest.substr(own, value)))
      return false;
    rest.remove_prefix(own + value);
  }
  return true;
}

std::string block_trailer(std::string_view block) {
  auto sum = with_last(XXH3_64bits(block.data(), block.size()), none);
  std::string out(1, static_cast<char>(none));
  for (int byte = 0; byte < 4; ++byte, sum >>= 8)
    out += static_cast<char>(static_cast<uint8_t>(sum));
  return out;
}

} // namespace restante
