#include "storage/store_scratch.hpp"

#include "storage/log_file.hpp"
#include "storage/manifest_mark.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/rocks_options.hpp"
#include "storage/rocks_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <fstream>

namespace restante {

namespace {

namespace fs = std::filesystem;

constexpr size_t cache_bytes = 64 * 1024 * 1024;

std::vector<rocksdb::ColumnFamilyDescriptor> all_families() {
  const auto cache = rocksdb::NewLRUCache(cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (size_t i = 0; i < family_count; ++i)
    families.emplace_back(std::string{family_names[i]},
                          family_options(static_cast<family>(i), cache));
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options(family::meta, cache));
  // A repair keeps no blob files it would make.
  for (auto& each : families)
    each.options.enable_blob_files = false;
  return families;
}

/// The MANIFEST to open by: the one CURRENT names or, when that is damaged, the newest, if it is
/// whole as far as its mark says.
std::string sound_manifest(const fs::path& original, const store_files& found) {
  std::string name = found.manifest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{original, ignored}) {
    const auto other = entry.path().filename().string();
    const auto number = manifest_number(other);
    if (found.manifest.empty() && number && *number >= manifest_number(name).value_or(0))
      name = other;
  }
  if (name.empty())
    return name;
  const auto scan = scan_log(original / name, [](const log_record&) {});
  const auto mark = read_manifest_mark(original);
  const auto number = manifest_number(name);
  const bool whole =
      scan && scan->gaps.empty() && scan->whole > 0 &&
      (!mark || mark->number < *number || (mark->number == *number && mark->bytes <= scan->whole));
  return whole ? name : std::string{};
}

/// A log without its damaged records; of a record that acknowledged rows may be in, those in front
/// of the damage.
result<void> clean_log(const fs::path& from, const fs::path& to, bool acknowledged) {
  log_writer clean;
  auto scan = scan_log(from, [&](const log_record& record) {
    if (record.whole)
      clean.add(record.bytes);
    else if (const auto rows = whole_rows_of(record.bytes); rows && acknowledged)
      clean.add(*rows);
  });
  if (!scan)
    return tl::unexpected{scan.error()};
  return clean.save(to);
}

class maker {
public:
  maker(const fs::path& original, const store_files& found, const fs::path& directory)
      : original_{original}
      , found_{found}
      , directory_{directory} {}

  result<scratch> make() {
    std::error_code why;
    if (!fs::create_directories(directory_, why))
      return fail(errc::storage_failure, "write_failed",
                  directory_.string() + " can't be made: " + why.message());
    for (const auto* kind : {".sst", ".blob"})
      for (const auto& file : numbered_files(original_, kind))
        link_or_copy(file);
    for (auto& name : clean_logs(original_, found_, directory_))
      out_.unreadable.push_back(std::move(name));
    if (open_by_manifest())
      return std::move(out_);
    if (auto ok = put_together(); !ok)
      return tl::unexpected{ok.error()};
    return std::move(out_);
  }

private:
  /// RocksDB never changes a table or blob file once it is there.
  void link_or_copy(const fs::path& file) {
    std::error_code failed;
    const auto to = directory_ / file.filename();
    fs::create_hard_link(file, to, failed);
    if (failed)
      fs::copy_file(file, to, failed);
    if (failed)
      out_.unreadable.push_back(file.filename());
  }

  bool open_by_manifest() {
    const auto name = sound_manifest(original_, found_);
    std::error_code failed;
    if (name.empty() || !fs::copy_file(original_ / name, directory_ / name, failed))
      return false;
    std::ofstream{directory_ / "CURRENT"} << name << '\n';
    auto view = store_view::open(directory_, directory_);
    // A table that cannot be opened hides the rows of others, and a log the MANIFEST no longer
    // counts on may hold what a refused opening had read.
    if (!view || (*view)->blinded() || (*view)->newest_row() < found_.newest.value_or(0))
      return false;
    out_.view = std::move(*view);
    return true;
  }

  result<void> put_together() {
    out_.without_manifest = true;
    if (auto ok = plant_families(); !ok)
      return ok;
    const auto status = rocksdb::RepairDB(directory_, database_options(directory_), all_families());
    if (!status.ok())
      return tl::unexpected{failure_of(status, during::opening, original_.string())};
    auto view = store_view::open(directory_, directory_);
    if (!view)
      return tl::unexpected{view.error()};
    out_.view = std::move(*view);
    return {};
  }

  /// RocksDB's repair learns of a family from its tables and passes over logged rows of a family
  /// that has none. So each gets a table, from a new store: the families are numbered as there.
  result<void> plant_families() {
    const auto seeds = fs::path{directory_}.concat("-seeds");
    auto made = rocks_store::open({.directory = seeds});
    if (!made)
      return tl::unexpected{made.error()};
    made->reset();
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    auto status =
        rocksdb::DB::Open(database_options(seeds), seeds, all_families(), &handles, &opened);
    const std::unique_ptr<rocksdb::DB> db{opened};
    for (auto* handle : handles) {
      if (status.ok()) // an erased row: it is in a table and nowhere else
        status = db->Delete({}, handle, "planted");
      if (status.ok())
        status = db->Flush({}, handle);
      db->DestroyColumnFamilyHandle(handle);
    }
    if (!status.ok())
      return tl::unexpected{failure_of(status, during::writing, seeds.string())};
    uint64_t number = newest_number();
    for (const auto& table : numbered_files(seeds, ".sst"))
      fs::copy_file(table, directory_ / (std::to_string(++number) + ".sst"));
    return {};
  }

  uint64_t newest_number() const {
    uint64_t newest = 0;
    for (const auto* kind : {".sst", ".blob", ".log"})
      for (const auto& file : numbered_files(directory_, kind))
        newest = std::max(newest, *file_number(file));
    return std::max<uint64_t>(newest, 1'000'000);
  }

  const fs::path& original_;
  const store_files& found_;
  const fs::path& directory_;
  scratch out_;
};

} // namespace

std::vector<std::string> clean_logs(const fs::path& original, const store_files& found,
                                    const fs::path& directory) {
  std::vector<std::string> unreadable;
  for (const auto& file : numbered_files(original, ".log")) {
    const auto name = file.filename().string();
    if (std::error_code ignored; fs::is_directory(file, ignored))
      continue; // nothing of it is a row
    // Without damage, what is cut at the end was promised to nobody; with no whole row at all,
    // nobody knows.
    const bool damaged =
        !found.newest || std::ranges::any_of(found.damage, [&](const file_damage& each) {
          return each.file == name;
        });
    if (!clean_log(file, directory / name, damaged))
      unreadable.push_back(name);
  }
  // RocksDB opens by the MANIFEST only when they are there and long enough; it passes over zeros.
  for (const auto& [name, bytes] : found.closed_logs) {
    std::ofstream{directory / name, std::ios::app | std::ios::binary}.close();
    if (std::error_code failed; fs::file_size(directory / name, failed) < bytes)
      fs::resize_file(directory / name, bytes, failed);
  }
  return unreadable;
}

result<scratch> make_scratch(const fs::path& original, const store_files& found,
                             const fs::path& directory) {
  return guarded(during::opening, original.string(), [&] {
    return maker{original, found, directory}.make();
  });
}

} // namespace restante
