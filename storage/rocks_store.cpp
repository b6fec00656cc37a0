#include "storage/rocks_store.hpp"

#include "storage/high_water_mark.hpp"
#include "storage/manifest_mark.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/rocks_options.hpp"
#include "storage/store_files.hpp"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

namespace restante {

namespace {

constexpr uint64_t mebibyte = 1024 * 1024;
constexpr int cache_part_bits = 2; // the readers and two background threads share it
constexpr std::string_view format_name = "format";
constexpr std::string_view format_value = "1";
rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

/// Bytes a value of RocksDB stays valid in; the cache must outlive the block it pins.
struct pinned_value {
  std::shared_ptr<rocksdb::Cache> cache;
  rocksdb::PinnableSlice slice;
};

failure directory_failure(const std::filesystem::path& directory, const std::string& words) {
  return {errc::storage_failure, "open_failed",
          "The directory " + directory.string() + " cannot be made or kept private (" + words +
              ")."};
}

/// Makes the directory and its missing parents, private, and their names durable: RocksDB syncs
/// what is in its directory, nobody else the entry that leads to it.
result<void> make_private_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    const auto parent = directory.parent_path();
    if (parent != directory && !std::filesystem::is_directory(parent, error))
      if (auto made = make_private_directory(parent); !made)
        return made;
    if (::mkdir(directory.c_str(), 0700) != 0)
      return tl::unexpected<failure>{
          directory_failure(directory, std::generic_category().message(errno))};
    const int above = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = above >= 0 && ::fsync(above) == 0;
    const int why = errno;
    if (above >= 0)
      ::close(above);
    if (!synced)
      return tl::unexpected<failure>{
          directory_failure(parent, std::generic_category().message(why))};
  }
  return {};
}

/// Whether there is no database yet. Without CURRENT RocksDB would begin a new one and sweep away
/// the files of the old one, so files with rows but no CURRENT are damage.
result<bool> fresh(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  if (const auto status = env.GetChildren(directory, &names); !status.ok())
    return tl::unexpected<failure>{failure_of(status, during::opening, directory)};
  if (std::ranges::find(names, "CURRENT") != names.end())
    return false;
  const bool rows = std::ranges::any_of(names, [](const std::string& name) {
    return name.ends_with(".sst") || name.ends_with(".blob") || name.ends_with(".log");
  });
  if (rows)
    return tl::unexpected<failure>{
        failure_of(rocksdb::Status::Corruption("CURRENT is missing"), during::opening, directory)};
  return true;
}

} // namespace

struct rocks_store::state {
  std::string directory;
  uint64_t reserve_bytes = 0;
  std::shared_ptr<stop_latch> latch = std::make_shared<stop_latch>();
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::Statistics> statistics = rocksdb::CreateDBStatistics();
  // Bounds the rows in memory of all families together.
  std::shared_ptr<rocksdb::WriteBufferManager> memory =
      std::make_shared<rocksdb::WriteBufferManager>(memory_rows_bytes_max);
  std::unique_ptr<rocksdb::DB> db;
  /// In the order of `family`, then RocksDB's own "default", which stays empty.
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  high_water_mark mark;
  std::mutex writer;
  rocksdb::WriteBatch batch; // kept between commits: its memory is the largest allocation of one
  std::vector<const row*> order; // of the rows in the batch; kept for its memory

  ~state() {
    for (auto* handle : handles)
      db->DestroyColumnFamilyHandle(handle);
    if (db)
      db->Close();
  }

  [[nodiscard]] rocksdb::ColumnFamilyHandle* at(family in) const {
    return handles[static_cast<size_t>(in)];
  }

  [[nodiscard]] tl::unexpected<failure> refuse(const rocksdb::Status& status, during what) const {
    return tl::unexpected<failure>{failure_of(status, what, directory)};
  }

  [[nodiscard]] uint64_t free_bytes() const {
    struct statvfs disk {};
    return ::statvfs(directory.c_str(), &disk) == 0 ? disk.f_bavail * disk.f_frsize : 0;
  }

  result<void> open_database(const options& how);
  result<void> check_mark();
  result<void> check_format();
  result<void> check_room(uint64_t bytes, commit_class urgency) const;
  result<void> write_batch(during what);
};

result<void> rocks_store::state::open_database(const options& how) {
  auto* env = how.env ? how.env : rocksdb::Env::Default();
  const auto is_fresh = fresh(*env, directory);
  if (!is_fresh)
    return tl::unexpected<failure>{is_fresh.error()};
  if (!*is_fresh)
    if (auto sound = check_before_opening(directory); !sound)
      return sound;

  auto database = database_options(directory);
  database.env = env;
  database.create_if_missing = *is_fresh;
  database.write_buffer_manager = memory;
  database.statistics = statistics;
  statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  database.listeners.push_back(make_failure_listener(latch));
  database.listeners.push_back(make_manifest_marker());

  // In few parts: a block larger than a part is read anew each time, and by default the parts are
  // so small that the filter of a million mailboxes is.
  cache = rocksdb::NewLRUCache(how.cache_bytes, cache_part_bits);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (size_t i = 0; i < family_count; ++i)
    families.emplace_back(std::string{family_names[i]},
                          family_options(static_cast<family>(i), cache));
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options(family::meta, cache));

  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(database, directory, families, &handles, &opened);
  db.reset(opened);
  if (!status.ok())
    return refuse(status, during::opening);
  if (auto whole = check_mark(); !whole)
    return whole;
  raise_manifest_mark(*db);
  return check_format();
}

result<void> rocks_store::state::check_format() {
  std::string found;
  const auto status = db->Get({}, at(family::meta), slice(format_name), &found);
  if (status.ok() && found == format_value)
    return {};
  if (!status.ok() && !status.IsNotFound())
    return refuse(status, during::opening);
  // Never written to: made just now, or by a process that was killed before it wrote the row.
  if (status.IsNotFound() && db->GetLatestSequenceNumber() == 0) {
    if (const auto row = batch.Put(at(family::meta), slice(format_name), slice(format_value));
        !row.ok())
      return refuse(row, during::opening);
    return write_batch(during::opening);
  }
  return tl::unexpected<failure>{
      failure{errc::storage_failure, "format_unknown",
              "The store in " + directory + " has the format '" + found.substr(0, 16) +
                  "', this version reads '" + std::string{format_value} +
                  "': use the version that wrote it, or name another directory."}};
}

/// A database that ends below what it had acknowledged has lost rows without a failed checksum.
result<void> rocks_store::state::check_mark() {
  const auto acknowledged = mark.open(directory);
  if (!acknowledged)
    return tl::unexpected<failure>{acknowledged.error()};
  const uint64_t found = db->GetLatestSequenceNumber();
  if (*acknowledged && **acknowledged > found)
    return fail(errc::storage_failure, "store_damaged",
                "The store in " + directory + " has lost acknowledged rows (it ends at " +
                    std::to_string(found) + ", had acknowledged " + std::to_string(**acknowledged) +
                    "). " + damage_advice(directory));
  mark.raise(found);
  return {};
}

/// Rows in memory will need room as table files while their log is still there, so they count as
/// used already.
result<void> rocks_store::state::check_room(uint64_t bytes, commit_class urgency) const {
  const uint64_t keep = urgency == commit_class::essential ? reserve_bytes / 4 : reserve_bytes;
  const uint64_t free = free_bytes();
  const uint64_t taken = bytes + memory->memory_usage();
  if (free >= taken && free - taken >= keep)
    return {};
  return fail(errc::storage_full, "disk_reserve",
              "Less than " + std::to_string(keep / mebibyte) + " MiB would stay free in " +
                  directory + ": make room there.");
}

/// Writes and syncs the batch; the first failure stops the store.
result<void> rocks_store::state::write_batch(during what) {
  rocksdb::WriteOptions options;
  options.sync = true;
  auto written = guarded(what, directory, [&]() -> result<void> {
    if (const auto status = db->Write(options, &batch); !status.ok())
      return refuse(status, what);
    return {};
  });
  if (written)
    mark.raise(db->GetLatestSequenceNumber());
  else
    latch->trip(written.error().text);
  return written;
}

rocks_store::rocks_store(std::unique_ptr<state> opened) : state_{std::move(opened)} {}

rocks_store::~rocks_store() = default;

result<std::unique_ptr<rocks_store>> rocks_store::open(const options& how) {
  return guarded(during::opening, how.directory.string(),
                 [&]() -> result<std::unique_ptr<rocks_store>> {
                   auto directory = std::filesystem::absolute(how.directory).lexically_normal();
                   if (!directory.has_filename()) // "data/"
                     directory = directory.parent_path();
                   if (auto made = make_private_directory(directory); !made)
                     return tl::unexpected<failure>{made.error()};
                   if (::chmod(directory.c_str(), 0700) != 0)
                     return tl::unexpected<failure>{
                         directory_failure(directory, std::generic_category().message(errno))};
                   auto opening = std::make_unique<state>();
                   opening->directory = directory.string();
                   opening->reserve_bytes = how.reserve_bytes;
                   if (auto opened = opening->open_database(how); !opened)
                     return tl::unexpected<failure>{opened.error()};
                   return std::unique_ptr<rocks_store>{new rocks_store{std::move(opening)}};
                 });
}

result<std::optional<chunk>> rocks_store::get(family in, std::string_view key) const {
  const state& my = *state_;
  return guarded(during::reading, my.directory, [&]() -> result<std::optional<chunk>> {
    auto value = std::make_shared<pinned_value>();
    value->cache = my.cache;
    const auto status = my.db->Get({}, my.at(in), slice(key), &value->slice);
    if (status.IsNotFound())
      return std::nullopt;
    if (!status.ok())
      return my.refuse(status, during::reading);
    const std::string_view bytes = view(value->slice);
    return chunk{std::move(value), bytes};
  });
}

result<std::vector<key_value>> rocks_store::scan(family in, std::string_view prefix,
                                                 std::string_view from, size_t limit) const {
  const state& my = *state_;
  return guarded(during::reading, my.directory, [&]() -> result<std::vector<key_value>> {
    const std::string_view start = std::max(prefix, from);
    std::vector<key_value> page;
    if (!start.starts_with(prefix)) // behind the last of them
      return page;
    rocksdb::ReadOptions options;
    const auto end = prefix_end(prefix);
    const rocksdb::Slice bound = slice(end ? std::string_view{*end} : std::string_view{});
    if (end)
      options.iterate_upper_bound = &bound;
    // Within one mailbox the prefix filter spares looking into most table files; any wider scan
    // must not use it.
    const bool indexed = in == family::messages && prefix.size() >= indexed_prefix_bytes;
    options.prefix_same_as_start = indexed;
    options.total_order_seek = !indexed;
    const std::unique_ptr<rocksdb::Iterator> rows{my.db->NewIterator(options, my.at(in))};
    size_t bytes = 0;
    for (rows->Seek(slice(start)); rows->Valid(); rows->Next()) {
      if (page.size() >= limit || bytes >= scan_page_bytes)
        break;
      page.push_back({rows->key().ToString(), rows->value().ToString()});
      bytes += page.back().value.size();
    }
    if (!rows->status().ok())
      return my.refuse(rows->status(), during::reading);
    return page;
  });
}

result<std::optional<key_value>> rocks_store::last(family in) const {
  const state& my = *state_;
  return guarded(during::reading, my.directory, [&]() -> result<std::optional<key_value>> {
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> rows{my.db->NewIterator(options, my.at(in))};
    rows->SeekToLast();
    if (!rows->status().ok())
      return my.refuse(rows->status(), during::reading);
    if (!rows->Valid())
      return std::nullopt;
    return key_value{rows->key().ToString(), rows->value().ToString()};
  });
}

result<void> rocks_store::write(std::span<const group> groups, commit_class urgency) {
  state& my = *state_;
  std::scoped_lock lock{my.writer};
  if (my.latch->tripped())
    return tl::unexpected<failure>{my.latch->refusal()};
  uint64_t bytes = 0;
  size_t puts = 0;
  my.batch.Clear();
  my.order.clear();
  for (group rows : groups)
    for (const row& step : rows)
      my.order.push_back(&step);
  std::ranges::stable_sort(my.order, {}, [](const row* step) {
    return std::pair<family, std::string_view>{step->in, step->key};
  });
  for (const row* step : my.order) {
    const auto status =
        step->erase ? my.batch.Delete(my.at(step->in), slice(step->key))
                    : my.batch.Put(my.at(step->in), slice(step->key), slice(step->value.view()));
    if (!status.ok()) // a key or value of 4 GiB
      return fail(errc::invalid_request, "row_too_large", "A row was larger than 4 GiB.");
    puts += step->erase ? 0 : 1;
    bytes += step->key.size() + step->value.size();
  }
  if (my.batch.Count() == 0)
    return {};
  // Erasing is how room is made.
  if (auto room = my.check_room(bytes, puts == 0 ? commit_class::essential : urgency); !room)
    return room;
  return my.write_batch(during::writing);
}

uint64_t rocks_store::free_bytes() const { return state_->free_bytes(); }

result<void> rocks_store::verify() const {
  const state& my = *state_;
  return guarded(during::reading, my.directory, [&]() -> result<void> {
    if (const auto status = my.db->VerifyFileChecksums({}); !status.ok())
      return my.refuse(status, during::reading);
    return {};
  });
}

std::vector<std::pair<std::string, uint64_t>> rocks_store::figures() const {
  const state& my = *state_;
  const auto counted = [&](rocksdb::Tickers which) { return my.statistics->getTickerCount(which); };
  const auto over_all = [&](const std::string& property) {
    uint64_t sum = 0;
    my.db->GetAggregatedIntProperty(property, &sum);
    return sum;
  };
  std::vector<std::pair<std::string, uint64_t>> all{
      {"wal_bytes", counted(rocksdb::WAL_FILE_BYTES)},
      {"wal_syncs", counted(rocksdb::WAL_FILE_SYNCED)},
      {"flushed_bytes", counted(rocksdb::FLUSH_WRITE_BYTES)},
      {"compacted_bytes", counted(rocksdb::COMPACT_WRITE_BYTES)},
      {"cache_hits", counted(rocksdb::BLOCK_CACHE_HIT)},
      {"cache_misses", counted(rocksdb::BLOCK_CACHE_MISS)},
      {"stalled_microseconds", counted(rocksdb::STALL_MICROS)},
      {"memory_rows_bytes", my.memory->memory_usage()},
      {"live_table_bytes", over_all(rocksdb::DB::Properties::kEstimateLiveDataSize)},
      {"live_blob_bytes", over_all(rocksdb::DB::Properties::kLiveBlobFileSize)},
      {"garbage_blob_bytes", over_all(rocksdb::DB::Properties::kLiveBlobFileGarbageSize)},
      {"free_bytes", free_bytes()},
      {"stopped", my.latch->tripped() ? 1U : 0U},
  };
  for (size_t i = 0; i < family_count; ++i) {
    uint64_t keys = 0;
    my.db->GetIntProperty(my.handles[i], rocksdb::DB::Properties::kEstimateNumKeys, &keys);
    all.emplace_back("keys_" + std::string{family_names[i]}, keys);
  }
  return all;
}

} // namespace restante
