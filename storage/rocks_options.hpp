// How the database is set up: what differs from RocksDB's defaults, each with its reason. The rules
// for durability come from known defects of RocksDB 7.8 and are listed in storage/README.md.
// Part of rocks_store; besides it only benchmarks/floor.cpp includes this, to be set up alike.
#pragma once

#include "storage/kv_store.hpp"

#include <filesystem>
#include <memory>

namespace rocksdb {
class Cache;
struct ColumnFamilyOptions;
struct DBOptions;
} // namespace rocksdb

namespace restante {

/// Keys of `messages` begin with the mailbox id: the prefix its filter and short scans use.
inline constexpr size_t indexed_prefix_bytes = 16;

/// Rows in memory of all families together, before the oldest are written out.
inline constexpr uint64_t memory_rows_bytes_max = 1024 * 1024 * 1024;

/// For a database in `directory`, where its warnings go too.
[[nodiscard]] rocksdb::DBOptions database_options(const std::filesystem::path& directory);

[[nodiscard]] rocksdb::ColumnFamilyOptions
family_options(family in, const std::shared_ptr<rocksdb::Cache>& cache);

} // namespace restante
