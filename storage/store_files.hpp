// The files of a store, looked at before RocksDB opens them: CURRENT, the MANIFEST, the logs and
// the two marks. Opening is too late: RocksDB removes logs it has read and tables its MANIFEST does
// not name, so what could still be salvaged would go with the refusal. Nothing is written here.
#pragma once

#include "schemas/error.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restante {

/// Keeps every node away from a directory while it lives.
class store_lock {
public:
  /// `storage_failure` with data_in_use when a node runs there.
  [[nodiscard]] static result<store_lock> take(const std::filesystem::path& directory);
  store_lock(store_lock&&) noexcept = default;
  ~store_lock();

private:
  struct held;
  explicit store_lock(std::unique_ptr<held> lock);
  std::unique_ptr<held> held_;
};

struct file_damage {
  std::string file; // its name in the directory
  std::string what; // "bytes 20808 to 22615 are damaged: rows 245 to 247 are lost"
};

/// Rows a damaged or missing part of the logs had.
struct missing_rows {
  std::string log;
  uint64_t first = 0;
  uint64_t last = 0;
  bool first_known = true; // false: there may have been more in front
};

struct store_files {
  std::vector<file_damage> damage;
  std::vector<file_damage> missing;       // tables and blob files that are gone or cut
  std::string manifest;                   // the name CURRENT has; empty when there is none to use
  std::optional<uint64_t> acknowledged;   // what the high-water mark has
  std::optional<failure> mark_unread;     // why the disk does not give it
  std::optional<uint64_t> newest;         // the last row of the logs
  std::vector<missing_rows> rows_missing; // of the logs, in front of `newest`
  uint64_t whole_from = 0;                // from this row on to the newest they have all
  std::map<std::string, uint64_t> closed_logs; // that the MANIFEST names, and their least bytes
  uint64_t bytes = 0;                          // read
  uint64_t log_bytes = 0;                      // of them
};

/// Reads CURRENT, the MANIFEST, every log and the marks: up to a gigabyte after a kill.
/// A failure is one of the disk.
[[nodiscard]] result<store_files> look_at_files(const std::filesystem::path& directory);

/// What open asks before RocksDB may touch anything: data_in_use, or store_damaged for the first
/// damage.
[[nodiscard]] result<void> check_before_opening(const std::filesystem::path& directory);

/// The number a file of a store is named by ("000042.log"); nothing for a name no store gives: one
/// that is no number, or beyond 62 bits, which leaves room to count on from any.
[[nodiscard]] std::optional<uint64_t> file_number(const std::filesystem::path& file);

/// The name of a store's file: "000042.log" of 42 and ".log".
[[nodiscard]] std::string numbered_name(uint64_t number, const char* kind);

/// The files of a kind (".log", ".sst", ".blob") in the order of their numbers.
[[nodiscard]] std::vector<std::filesystem::path>
numbered_files(const std::filesystem::path& directory, std::string_view extension);

} // namespace restante
