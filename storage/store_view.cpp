#include "storage/store_view.hpp"

#include "storage/log_rows.hpp"
#include "storage/lost_media.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/rocks_options.hpp"
#include "storage/store_assembly.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/utilities/debug.h>

#include <algorithm>
#include <set>

namespace restante {

namespace {

constexpr size_t cache_bytes = 64 * 1024 * 1024;
constexpr size_t newest_max = 4096; // rows whose numbers are kept
/// Keys are compared with boundaries of this length; longer ones differ long before.
constexpr size_t boundary_bytes = 48;

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

rocksdb::ReadOptions everywhere() {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  return options;
}

/// One of the tables, by its properties: what made it, and under which number.
using table_name = std::pair<std::string, uint64_t>;
table_name name_of(const rocksdb::TableProperties& table) {
  return {table.db_session_id, table.orig_file_number};
}

} // namespace

// --- view --------------------------------------------------------------------------------------

struct store_view::parts {
  std::filesystem::path directory;
  std::filesystem::path logs;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles; // only of families that are there
  std::array<rocksdb::ColumnFamilyHandle*, family_count> by_family{};

  progress tell;
  std::optional<lost_media> elsewhere; // made when media are first missed

  bool assembled = false;
  // When assembled: the numbers of the newest rows that can be read, and whether some have none.
  std::set<uint64_t> newest;
  bool unnumbered = false;
  mutable std::array<std::optional<log_rows>, family_count> logged_rows;
  /// When assembled: to look rows up, one a family, made when it is first needed.
  mutable std::array<std::unique_ptr<rocksdb::Iterator>, family_count> lookups;

  ~parts() {
    lookups = {};
    for (auto* handle : handles)
      db->DestroyColumnFamilyHandle(handle);
  }

  [[nodiscard]] rocksdb::ColumnFamilyHandle* at(family in) const {
    return by_family[static_cast<size_t>(in)];
  }

  [[nodiscard]] tl::unexpected<failure> refuse(const rocksdb::Status& status, during what) const {
    return tl::unexpected{failure_of(status, what, directory.string())};
  }

  result<void> open() {
    auto options = database_options(directory);
    options.info_log = nullptr; // nothing is written into what is looked at
    options.create_missing_column_families = false;
    options.wal_dir = logs.string();
    options.avoid_unnecessary_blocking_io = false; // read-only databases have no threads for it
    std::vector<std::string> names;
    if (const auto status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
        !status.ok())
      return refuse(status, during::opening);
    const auto cache = rocksdb::NewLRUCache(cache_bytes);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) {
      const auto at = std::ranges::find(family_names, name);
      const auto as =
          at == family_names.end() ? family::meta : static_cast<family>(at - family_names.begin());
      families.emplace_back(name, family_options(as, cache));
      families.back().options.prefix_extractor.reset(); // nothing here looks by a prefix
    }
    rocksdb::DB* opened = nullptr;
    const auto status =
        rocksdb::DB::OpenForReadOnly(options, directory, families, &handles, &opened);
    db.reset(opened);
    if (!status.ok())
      return refuse(status, during::opening);
    for (auto* handle : handles)
      if (const auto at = std::ranges::find(family_names, handle->GetName());
          at != family_names.end())
        by_family[static_cast<size_t>(at - family_names.begin())] = handle;
    return {};
  }

  /// What the logs have of a family, read when a block of a table hides some of it.
  [[nodiscard]] const log_rows& logged(family in) const {
    auto& rows = logged_rows[static_cast<size_t>(in)];
    if (!rows) {
      uint64_t oldest = 0;
      db->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep, &oldest);
      rows = read_log_rows(logs, oldest, at(in)->GetID());
    }
    return *rows;
  }

  /// The smallest key behind `from` with which another block begins in some table: where the size
  /// of all in front of it, by the indexes, grows. Bit by bit, the greatest key before that.
  [[nodiscard]] std::optional<std::string> next_boundary(family in, const std::string& from) const;

  /// Over the tables that can be read from that key on, and the logs.
  [[nodiscard]] std::unique_ptr<rocksdb::Iterator> around(family in, const std::string& from) const;

  [[nodiscard]] rocksdb::Status look_up(family in, std::string_view key, std::string& value) const {
    if (!assembled)
      return db->Get({}, at(in), slice(key), &value);
    auto& rows = lookups[static_cast<size_t>(in)];
    if (!rows)
      rows.reset(db->NewIterator(everywhere(), at(in)));
    rows->Seek(slice(key));
    if (!rows->Valid() || view(rows->key()) != key)
      return rows->status().ok() ? rocksdb::Status::NotFound() : rows->status();
    value = rows->value().ToString();
    return rows->status();
  }

  void know(uint64_t row) {
    newest.insert(row);
    if (newest.size() > newest_max)
      newest.erase(newest.begin());
  }

  /// By the numbers of all rows there are, block after block. Where a block can't be read the
  /// listing ends as if that were all.
  void find_newest() {
    constexpr size_t page_rows = 1024;
    std::vector<rocksdb::KeyVersion> page;
    uint64_t read = 0;
    for (size_t i = 0; i < family_count; ++i) {
      const auto in = static_cast<family>(i);
      for (std::optional<std::string> from = std::string{}; at(in) != nullptr && from;) {
        page.clear();
        if (!rocksdb::GetAllKeyVersions(db.get(), at(in), slice(*from), {}, page_rows, &page).ok())
          break;
        for (const auto& row : page) {
          unnumbered |= row.sequence == 0;
          know(row.sequence);
        }
        if (tell)
          tell(family_names[i], read += page.size());
        const auto last = page.empty() ? *from : page.back().user_key;
        from = page.size() == page_rows && last != *from ? std::optional{key_after(last)}
                                                         : next_boundary(in, last);
      }
    }
  }
};

store_view::store_view(std::unique_ptr<parts> opened) : parts_{std::move(opened)} {}
store_view::~store_view() = default;

result<std::unique_ptr<store_view>> store_view::open(const std::filesystem::path& directory,
                                                     const std::filesystem::path& logs) {
  return guarded(during::opening, directory.string(), [&]() -> result<std::unique_ptr<store_view>> {
    auto opening = std::make_unique<parts>();
    opening->directory = directory;
    opening->logs = logs;
    if (auto opened = opening->open(); !opened)
      return tl::unexpected{opened.error()};
    return std::unique_ptr<store_view>{new store_view{std::move(opening)}};
  });
}

result<std::unique_ptr<store_view>>
store_view::open_assembled(const std::filesystem::path& directory, const progress& tell) {
  auto out = open(directory, directory);
  if (!out)
    return out;
  auto& my = *(*out)->parts_;
  my.assembled = true;
  my.tell = tell;
  return guarded(during::opening, directory.string(), [&]() -> result<std::unique_ptr<store_view>> {
    my.find_newest();
    return std::move(out);
  });
}

void store_view::know_rows(uint64_t first, uint64_t last) {
  for (auto row = std::max(first, last - std::min<uint64_t>(last, newest_max)); row <= last; ++row)
    parts_->know(row);
}

result<std::optional<std::string>> store_view::get(family in, std::string_view key) const {
  if (!has(in))
    return std::nullopt;
  std::string value;
  const auto status = parts_->look_up(in, key, value);
  if (status.IsNotFound())
    return std::nullopt;
  if (status.ok())
    return value;
  const auto& logged = parts_->logged(in);
  if (const auto row = logged.find(key); row != logged.end())
    return row->second;
  return parts_->refuse(status, during::reading);
}

std::optional<found_media> store_view::media(std::string_view key, const digest& content) {
  const auto right = [&](const auto& value) {
    return checksum(std::string_view{*value}) == content;
  };
  if (auto value = get(family::media, key); value && *value && right(*value))
    return found_media{std::move(**value), false};
  auto& my = *parts_;
  if (!my.elsewhere)
    my.elsewhere.emplace(my.directory, [&, blobs = uint64_t{0}]() mutable {
      if (my.tell)
        my.tell("media files", ++blobs);
    });
  if (auto value = my.elsewhere->find(key, content))
    return found_media{std::move(*value), true};
  return std::nullopt;
}

bool store_view::has(family in) const { return parts_->at(in) != nullptr; }

uint64_t store_view::newest_row() const {
  if (!parts_->assembled)
    return parts_->db->GetLatestSequenceNumber();
  return parts_->newest.empty() ? 0 : *parts_->newest.rbegin();
}

uint64_t store_view::row_number(family in, std::string_view key) const {
  std::vector<rocksdb::KeyVersion> newest;
  const auto status = rocksdb::GetAllKeyVersions(parts_->db.get(), parts_->at(in), slice(key),
                                                 slice(key), 1, &newest);
  return status.ok() && !newest.empty() ? newest.front().sequence : 0;
}

std::set<uint64_t> store_view::rows_between(uint64_t first, uint64_t last) const {
  std::set<uint64_t> out;
  for (size_t i = 0; i < family_count; ++i) {
    const auto in = static_cast<family>(i);
    size_t page_rows = 1024;
    std::vector<rocksdb::KeyVersion> page;
    for (std::optional<std::string> from = std::string{}; has(in) && from;) {
      page.clear();
      if (!rocksdb::GetAllKeyVersions(parts_->db.get(), parts_->at(in), slice(*from), {}, page_rows,
                                      &page)
               .ok())
        break;
      for (const auto& row : page)
        if (row.sequence >= first && row.sequence <= last)
          out.insert(row.sequence);
      const auto end = page.empty() ? *from : page.back().user_key;
      if (page.size() < page_rows)
        from = parts_->next_boundary(in, end); // as damage ends it too
      else if (page.front().user_key == end)
        page_rows *= 2; // of one key, which may have more
      else
        from = end;
    }
  }
  return out;
}

uint64_t store_view::rows_behind(uint64_t number) const {
  const auto& known = parts_->newest;
  return static_cast<uint64_t>(std::distance(known.upper_bound(number), known.end()));
}

bool store_view::some_rows_unnumbered() const { return parts_->unnumbered; }

std::vector<live_file> store_view::files() const {
  std::vector<live_file> out;
  for (auto* handle : parts_->handles) {
    rocksdb::ColumnFamilyMetaData family;
    parts_->db->GetColumnFamilyMetaData(handle, &family);
    for (const auto& level : family.levels)
      for (const auto& table : level.files)
        out.push_back(
            {table.relative_filename, handle->GetName(), table.file_checksum, table.size});
    for (const auto& blobs : family.blob_files) {
      // 7.8 hands out the two fields in each other's place.
      const bool swapped = blobs.checksum_method.size() > blobs.checksum_value.size();
      out.push_back({std::filesystem::path{blobs.blob_file_name}.filename(), handle->GetName(),
                     swapped ? blobs.checksum_value : blobs.checksum_method, blobs.blob_file_size});
    }
  }
  return out;
}

bool store_view::blinded() const {
  return std::ranges::any_of(files(), [&](const live_file& file) {
    return file.name.ends_with(".sst") && unfit_table(parts_->directory / file.name).has_value();
  });
}

// --- cursor ------------------------------------------------------------------------------------

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
