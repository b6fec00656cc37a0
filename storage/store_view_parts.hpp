// The inside of a store_view, which its cursors share: the database, and what was read of it once.
// Owner: store_view. Part of it; nothing else includes this.
#pragma once

#include "storage/log_rows.hpp"
#include "storage/lost_media.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/rocks_options.hpp"
#include "storage/store_view.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/debug.h>

#include <algorithm>
#include <set>

namespace restante {

inline rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

inline rocksdb::ReadOptions everywhere() {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  return options;
}

struct store_view::parts {
  static constexpr size_t cache_bytes = 64 * 1024 * 1024;
  static constexpr size_t newest_max = 4096; // rows whose numbers are kept

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

} // namespace restante
