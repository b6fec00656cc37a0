// The store on disk: one RocksDB database with one column family for each family.
//
// Invariants: commit answers after fdatasync of the write-ahead log. Any failed write or sync, also
// one in the background, stops the store for good: RocksDB may hold rows it reported as failed, and
// after a failed fsync the kernel has already dropped the pages, so nothing short of opening again
// tells what is on disk. Damage is refused at open or at the read, never skipped. The directory
// belongs to one process and is private (0700). storage/README.md has the reasons.
// Owner: the store actor.
#pragma once

#include "storage/kv_store.hpp"

#include <filesystem>
#include <memory>
#include <utility>

namespace rocksdb {
class Env;
}

namespace restante {

class rocks_store final : public kv_store {
public:
  struct options {
    std::filesystem::path directory;
    /// Kept free for deletions, flushes and the operator. Normal commits end here, essential ones
    /// at a quarter of it.
    uint64_t reserve_bytes = 64 * 1024 * 1024;
    /// Blocks, indexes and filters of table files in memory. Media are left to the page cache.
    size_t cache_bytes = 512 * 1024 * 1024;
    /// The file system below, for tests that make it fail; null: the real one. Must outlive the
    /// store and everything read from it.
    rocksdb::Env* env = nullptr;
  };

  /// Opens the database, creating directory and families when there is nothing yet. Reads back the
  /// write-ahead log: seconds when the last process was killed.
  /// Failures: `storage_failure` with reason data_in_use (another process holds it), store_damaged,
  /// format_unknown (of another version or program) or open_failed; `storage_full` with disk_full.
  [[nodiscard]] static result<std::unique_ptr<rocks_store>> open(const options& how);

  ~rocks_store() override;

  [[nodiscard]] result<std::optional<chunk>> get(family in, std::string_view key) const override;
  [[nodiscard]] result<std::vector<key_value>>
  scan(family in, std::string_view prefix, std::string_view from, size_t limit) const override;
  [[nodiscard]] result<std::optional<key_value>> last(family in) const override;
  [[nodiscard]] uint64_t free_bytes() const override;

  /// Reads every table and blob file and compares its checksum: minutes on a full disk. Blob files
  /// are why this is not RocksDB's VerifyChecksum, which passes them over.
  [[nodiscard]] result<void> verify() const;

  /// Counters since open and gauges, by name, for metrics. Any thread.
  [[nodiscard]] std::vector<std::pair<std::string, uint64_t>> figures() const;

private:
  struct state;

  explicit rocks_store(std::unique_ptr<state> opened);

  result<void> write(std::span<const group> groups, commit_class urgency) override;

  std::unique_ptr<state> state_;
};

} // namespace restante
