#include "storage/store_view_parts.hpp"

#include <rocksdb/table_properties.h>

namespace restante {

namespace {

/// Keys are compared with boundaries of this length; longer ones differ long before.
constexpr size_t boundary_bytes = 48;

/// One of the tables, by its properties: what made it, and under which number.
using table_name = std::pair<std::string, uint64_t>;
table_name name_of(const rocksdb::TableProperties& table) {
  return {table.db_session_id, table.orig_file_number};
}

} // namespace

row_cursor::row_cursor(const store_view& of, family in) : view_{*of.parts_}, in_{in} {
  if (!of.has(in))
    return;
  rows_.reset(view_.db->NewIterator(everywhere(), view_.at(in)));
  rows_->SeekToFirst();
  if (!rows_->Valid() && !rows_->status().ok())
    pass_damage();
}

row_cursor::~row_cursor() = default;

bool row_cursor::valid() const { return around_ || (rows_ && rows_->Valid()); }
std::string_view row_cursor::key() const { return view(around_ ? around_->key() : rows_->key()); }
std::string_view row_cursor::value() const {
  return view(around_ ? around_->value() : rows_->value());
}

void row_cursor::next() {
  if (around_) {
    auto behind = key_after(key());
    around_->Next();
    if (!around_->Valid() || (around_until_ && key() >= *around_until_) ||
        !gaps_.back().covers(key()))
      // Another table may end here, at a damaged block of its own.
      read_around(around_->status().ok() && around_until_ ? *around_until_ : std::move(behind));
    return;
  }
  last_.assign(key());
  rows_->Next();
  if (!rows_->Valid() && !rows_->status().ok())
    pass_damage();
}

/// Tries again behind one block after the other until there is something to read.
void row_cursor::pass_damage() {
  key_gap gap{last_, std::nullopt};
  for (auto from = view_.next_boundary(in_, last_); from; from = view_.next_boundary(in_, *from)) {
    rows_->Seek(slice(*from));
    if (rows_->Valid())
      gap.before = std::string{key()};
    if (rows_->Valid() || rows_->status().ok())
      break;
  }
  gaps_.push_back(std::move(gap));
  read_around(key_after(gaps_.back().after));
}

/// The next row within the gap: block by block, as each table has others that can be read.
void row_cursor::read_around(std::string from) {
  while (gaps_.back().covers(from)) {
    around_until_ = view_.next_boundary(in_, from);
    around_ = view_.around(in_, from);
    around_->Seek(slice(from));
    if (around_->Valid() && gaps_.back().covers(key()) &&
        (!around_until_ || key() < *around_until_))
      return;
    if (!around_until_)
      break;
    from = *around_until_;
  }
  around_.reset();
}

std::unique_ptr<rocksdb::Iterator> store_view::parts::around(family in,
                                                             const std::string& from) const {
  rocksdb::TablePropertiesCollection tables;
  std::set<table_name> damaged;
  if (db->GetPropertiesOfAllTables(at(in), &tables).ok())
    for (const auto& [file, has] : tables) {
      const auto only = name_of(*has);
      auto options = everywhere();
      options.table_filter = [&](const auto& each) { return name_of(each) == only; };
      const std::unique_ptr<rocksdb::Iterator> rows{db->NewIterator(options, at(in))};
      rows->Seek(slice(from));
      if (!rows->status().ok())
        damaged.insert(only);
    }
  auto options = everywhere();
  options.table_filter = [damaged = std::move(damaged)](const auto& each) {
    return !damaged.contains(name_of(each));
  };
  return std::unique_ptr<rocksdb::Iterator>{db->NewIterator(options, at(in))};
}

std::optional<std::string> store_view::parts::next_boundary(family in,
                                                            const std::string& from) const {
  const auto in_front_of = [&](const std::string& key) {
    rocksdb::SizeApproximationOptions files;
    const rocksdb::Range range{"", slice(key)};
    uint64_t bytes = 0;
    db->GetApproximateSizes(files, at(in), &range, 1, &bytes);
    return bytes;
  };
  const uint64_t here = in_front_of(from);
  std::string key(boundary_bytes, '\0');
  bool all_set = true;
  for (size_t bit = 0; bit < 8 * boundary_bytes; ++bit) {
    auto& byte = key[bit / 8];
    const auto mask = static_cast<char>(static_cast<uint8_t>(0x80 >> bit % 8));
    byte = static_cast<char>(byte | mask);
    if (in_front_of(key) > here) {
      byte = static_cast<char>(byte & ~mask);
      all_set = false;
    }
  }
  if (all_set)
    return std::nullopt;
  for (size_t at = key.size(); at-- > 0;) // the next one
    if (++key[at] != '\0')
      break;
  return key;
}

} // namespace restante
