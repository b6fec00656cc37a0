#include "storage/store_view.hpp"

#include "storage/blob_file.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/rocks_options.hpp"
#include "storage/store_files.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <map>

namespace restante {

namespace {

constexpr size_t cache_bytes = 64 * 1024 * 1024;
/// Keys are compared with boundaries of this length; longer ones differ long before.
constexpr size_t boundary_bytes = 48;

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

rocksdb::Options table_options() {
  rocksdb::Options options;
  options.paranoid_checks = true;
  return options; // without a cache of indexes: opening a table reads them
}

} // namespace

// --- view --------------------------------------------------------------------------------------

struct store_view::parts {
  std::filesystem::path directory;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles; // only of families that are there
  std::array<rocksdb::ColumnFamilyHandle*, family_count> by_family{};

  struct found_blob {
    std::filesystem::path file;
    blob_place place;
  };
  /// What blob files hold, made when it is first needed; a key may be there more than once.
  std::optional<std::multimap<std::string, found_blob, std::less<>>> blobs;
  std::vector<std::unique_ptr<rocksdb::SstFileReader>> media_tables;

  ~parts() {
    for (auto* handle : handles)
      db->DestroyColumnFamilyHandle(handle);
  }

  [[nodiscard]] rocksdb::ColumnFamilyHandle* at(family in) const {
    return by_family[static_cast<size_t>(in)];
  }

  [[nodiscard]] tl::unexpected<failure> refuse(const rocksdb::Status& status, during what) const {
    return tl::unexpected{failure_of(status, what, directory.string())};
  }

  result<void> open(const std::filesystem::path& logs) {
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

  /// Opens every blob file and media table there is, whether the MANIFEST names it or not.
  void look_everywhere() {
    blobs.emplace();
    for (const auto& file : numbered_files(directory, ".blob")) {
      // A file that cannot be read holds nothing for us.
      [[maybe_unused]] const auto scanned = scan_blobs(file, false, [&](blob_place place) {
        auto key = place.key;
        blobs->emplace(std::move(key), found_blob{file, std::move(place)});
      });
    }
    for (const auto& file : numbered_files(directory, ".sst")) {
      auto table = std::make_unique<rocksdb::SstFileReader>(table_options());
      if (table->Open(file).ok() &&
          table->GetTableProperties()->column_family_name == to_string(family::media))
        media_tables.push_back(std::move(table));
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
    if (auto opened = opening->open(logs); !opened)
      return tl::unexpected{opened.error()};
    return std::unique_ptr<store_view>{new store_view{std::move(opening)}};
  });
}

result<std::optional<std::string>> store_view::get(family in, std::string_view key) const {
  if (!has(in))
    return std::nullopt;
  std::string value;
  const auto status = parts_->db->Get({}, parts_->at(in), slice(key), &value);
  if (status.IsNotFound())
    return std::nullopt;
  if (!status.ok())
    return parts_->refuse(status, during::reading);
  return value;
}

std::optional<found_media> store_view::media(std::string_view key, const digest& content) {
  const auto right = [&](const auto& value) {
    return checksum(std::string_view{*value}) == content;
  };
  if (auto value = get(family::media, key); value && *value && right(*value))
    return found_media{std::move(**value), false};
  auto& my = *parts_;
  if (!my.blobs)
    my.look_everywhere();
  for (auto [at, end] = my.blobs->equal_range(key); at != end; ++at)
    if (auto value = read_blob(at->second.file, at->second.place); value && right(value))
      return found_media{std::move(*value), true};
  for (const auto& table : my.media_tables) {
    const std::unique_ptr<rocksdb::Iterator> rows{table->NewIterator({})};
    rows->Seek(slice(key));
    if (rows->Valid() && view(rows->key()) == key)
      if (std::optional value = rows->value().ToString(); right(value))
        return found_media{std::move(*value), true};
  }
  return std::nullopt;
}

bool store_view::has(family in) const { return parts_->at(in) != nullptr; }

uint64_t store_view::newest_row() const { return parts_->db->GetLatestSequenceNumber(); }

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
    return file.name.ends_with(".sst") &&
           !rocksdb::SstFileReader{table_options()}.Open(parts_->directory / file.name).ok();
  });
}

// --- cursor ------------------------------------------------------------------------------------

row_cursor::row_cursor(const store_view& of, family in) : view_{*of.parts_}, in_{in} {
  if (!of.has(in))
    return;
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  rows_.reset(view_.db->NewIterator(options, view_.at(in)));
  rows_->SeekToFirst();
  if (!rows_->Valid() && !rows_->status().ok())
    pass_damage();
}

row_cursor::~row_cursor() = default;

bool row_cursor::valid() const { return rows_ && rows_->Valid(); }
std::string_view row_cursor::key() const { return view(rows_->key()); }
std::string_view row_cursor::value() const { return view(rows_->value()); }

void row_cursor::next() {
  last_.assign(key());
  rows_->Next();
  if (!rows_->Valid() && !rows_->status().ok())
    pass_damage();
}

/// Tries again behind one block after the other until there is something to read.
void row_cursor::pass_damage() {
  key_gap gap{last_, std::nullopt};
  for (auto from = next_boundary(last_); from; from = next_boundary(*from)) {
    rows_->Seek(slice(*from));
    if (rows_->Valid())
      gap.before = std::string{key()};
    if (rows_->Valid() || rows_->status().ok())
      break;
  }
  gaps_.push_back(std::move(gap));
}

/// The smallest key behind `from` with which another block begins in some table: where the size of
/// all in front of it, by the indexes, grows. Bit by bit, the greatest key before that.
std::optional<std::string> row_cursor::next_boundary(const std::string& from) const {
  const auto in_front_of = [&](const std::string& key) {
    rocksdb::SizeApproximationOptions files;
    const rocksdb::Range range{"", slice(key)};
    uint64_t bytes = 0;
    view_.db->GetApproximateSizes(files, view_.at(in_), &range, 1, &bytes);
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
