#include "storage/table_mend.hpp"

#include "storage/kv_store.hpp"
#include "storage/masked_crc.hpp"
#include "storage/table_blocks.hpp"

#include <cerrno>
#include <fstream>
#include <map>
#include <system_error>
#include <vector>

namespace restante {

namespace {

constexpr uint64_t magic = 0x88e241b785f4cff7;
constexpr size_t footer_bytes = 53; // checksum 1, two places 40, version 4, magic 8
constexpr size_t places_bytes = 40;
constexpr char xxh3 = 4;
constexpr uint32_t version = 2;      // an index of plain keys and places
constexpr size_t row_tail_bytes = 8; // of a key: its row's number and kind
constexpr const char* properties_name = "rocksdb.properties";

void put_varint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    to += static_cast<char>(static_cast<uint8_t>(value | 0x80));
  to += static_cast<char>(value);
}

template <class Number>
void put_fixed(std::string& to, Number value) {
  for (size_t byte = 0; byte < sizeof value; ++byte, value = static_cast<Number>(value >> 8))
    to += static_cast<char>(static_cast<uint8_t>(value));
}

std::string varint(uint64_t value) {
  std::string out;
  put_varint(out, value);
  return out;
}

std::string text_of(block_place at) { return varint(at.offset) + varint(at.size); }

std::optional<block_place> place_in(std::string_view text) {
  block_place out;
  if (take_varint(text, out.offset) && take_varint(text, out.size))
    return out;
  return std::nullopt;
}

using entries = std::map<std::string, std::string>;

/// Small blocks of names.
entries entries_of(std::string_view block) {
  entries out;
  each_entry(block, [&](std::string_view key, std::string_view value) {
    out[std::string{key}] = value;
    return true;
  });
  return out;
}

/// What the table's own end says, as far as it can be read.
entries read_properties(std::string_view table) {
  if (table.size() < footer_bytes)
    return {};
  const auto footer = table.substr(table.size() - footer_bytes);
  const auto names = place_in(footer.substr(1, places_bytes));
  const auto block = names ? read_block(table, *names) : std::nullopt;
  const auto all = block ? entries_of(*block) : entries{};
  const auto at = all.find(properties_name);
  const auto place = at == all.end() ? std::nullopt : place_in(at->second);
  const auto properties = place ? read_block(table, *place) : std::nullopt;
  return properties ? entries_of(*properties) : entries{};
}

std::optional<uint64_t> number_in(const entries& properties, const char* name) {
  const auto at = properties.find(name);
  uint64_t out = 0;
  if (at == properties.end())
    return std::nullopt;
  std::string_view text{at->second};
  return take_varint(text, out) ? std::optional{out} : std::nullopt;
}

/// As damaged properties still have it: behind the lengths of its own part of the key and of
/// itself.
std::string family_named_in(std::string_view end) {
  for (const auto& name : family_names) {
    std::string entry{'\4', static_cast<char>(name.size())};
    entry += "name";
    if (end.find(entry += name) != std::string_view::npos)
      return std::string{name};
  }
  return {};
}

/// Whether one key of rows follows on another: the newer of two rows of one key comes first.
bool in_order(std::string_view before, std::string_view key) {
  const auto name = [](std::string_view each) {
    return each.substr(0, each.size() - row_tail_bytes);
  };
  if (name(before) != name(key))
    return name(before) < name(key);
  return fixed64(before, before.size() - row_tail_bytes) >
         fixed64(key, key.size() - row_tail_bytes);
}

/// Erased, written, merged, erased once, or written with its value in a blob file.
bool is_row(std::string_view key) {
  const auto kind = key.size() < row_tail_bytes ? 0xFF : static_cast<uint8_t>(key[key.size() - 8]);
  return kind <= 2 || kind == 7 || kind == 17;
}

struct rows_found {
  std::vector<std::pair<std::string, block_place>> blocks; // with the last key of each
  uint64_t rows = 0;
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;
  uint64_t end = 0;   // of the last block
  bool whole = false; // what stands behind is no row
};

/// The data blocks from the front. Behind them are others, whose keys are no rows, or not in order.
rows_found find_rows(std::string_view table, const entries& properties) {
  rows_found out;
  std::string last;
  const auto data_bytes = number_in(properties, "rocksdb.data.size");
  while (!data_bytes || out.end < *data_bytes) {
    const auto at = find_block(table, out.end);
    if (!at)
      return out;
    const auto block = read_block(table, *at);
    auto newest = last;
    uint64_t rows = 0, key_bytes = 0, value_bytes = 0;
    const auto take = [&](std::string_view key, std::string_view value) {
      if (!is_row(key) || (!newest.empty() && !in_order(newest, key)))
        return false;
      newest = key;
      ++rows;
      key_bytes += key.size();
      value_bytes += value.size();
      return true;
    };
    if (!block || !each_entry(*block, take) || rows == 0)
      break;
    last = newest;
    out.blocks.emplace_back(std::move(newest), *at);
    out.rows += rows;
    out.key_bytes += key_bytes;
    out.value_bytes += value_bytes;
    out.end = at->offset + at->size + block_trailer_bytes;
  }
  out.whole = !data_bytes || out.end == *data_bytes;
  return out;
}

class writer {
public:
  explicit writer(std::string_view rows) : bytes_{rows} {}

  /// Each entry can be searched for.
  block_place add(const std::vector<std::pair<std::string, std::string>>& all) {
    std::string block, restarts;
    for (const auto& [key, value] : all) {
      put_fixed(restarts, static_cast<uint32_t>(block.size()));
      put_varint(block, 0);
      put_varint(block, key.size());
      put_varint(block, value.size());
      block += key + value;
    }
    put_fixed(restarts, static_cast<uint32_t>(all.size()));
    block += restarts;
    const block_place at{bytes_.size(), block.size()};
    bytes_ += block + block_trailer(block);
    return at;
  }

  void end(block_place names, block_place index) {
    bytes_ += xxh3;
    auto places = text_of(names) + text_of(index);
    places.resize(places_bytes, '\0');
    bytes_ += places;
    put_fixed(bytes_, version);
    put_fixed(bytes_, magic);
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
  std::string bytes_;
};

} // namespace

result<std::optional<mended_table>>
mend_table(const std::filesystem::path& from, const std::filesystem::path& to, table_origin known) {
  std::error_code unknown;
  const auto size = std::filesystem::file_size(from, unknown);
  std::string table(unknown ? 0 : size, '\0');
  std::ifstream in{from, std::ios::binary};
  if (unknown || !in.read(table.data(), static_cast<std::streamsize>(table.size())))
    return std::nullopt; // a sector of it can't be read: as if there were no such table
  const auto properties = read_properties(table);
  if (const auto name = properties.find("rocksdb.column.family.name"); name != properties.end()) {
    known.family = name->second;
    known.family_number = number_in(properties, "rocksdb.column.family.id").value_or(0);
    known.number = number_in(properties, "rocksdb.original.file.number").value_or(known.number);
  }
  const auto found = find_rows(table, properties);
  if (known.family.empty())
    known.family = family_named_in(std::string_view{table}.substr(found.end));
  if (found.blocks.empty() || known.family.empty())
    return std::nullopt;

  writer out{std::string_view{table}.substr(0, found.end)};
  std::vector<std::pair<std::string, std::string>> index;
  for (const auto& [last, at] : found.blocks)
    index.emplace_back(last, text_of(at));
  const auto index_at = out.add(index);
  const auto properties_at =
      out.add({{"rocksdb.column.family.id", varint(known.family_number)},
               {"rocksdb.column.family.name", known.family},
               {"rocksdb.creating.session.identity", "mended"},
               {"rocksdb.data.size", varint(found.end)},
               {"rocksdb.index.size", varint(index_at.size + block_trailer_bytes)},
               {"rocksdb.num.data.blocks", varint(found.blocks.size())},
               {"rocksdb.num.entries", varint(found.rows)},
               {"rocksdb.original.file.number", varint(known.number)},
               {"rocksdb.raw.key.size", varint(found.key_bytes)},
               {"rocksdb.raw.value.size", varint(found.value_bytes)}});
  out.end(out.add({{properties_name, text_of(properties_at)}}), index_at);
  std::ofstream made{to, std::ios::binary | std::ios::trunc};
  made.write(out.bytes().data(), static_cast<std::streamsize>(out.bytes().size()));
  made.close();
  if (!made)
    return fail(errc::storage_failure, "write_failed",
                to.string() + " can't be written: " + std::generic_category().message(errno));
  return mended_table{found.rows, number_in(properties, "rocksdb.num.entries"), found.whole};
}

} // namespace restante
