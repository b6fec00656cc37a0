// The files a MANIFEST names, read from its records without RocksDB: the tables and blob files of
// every family, and the logs that are closed and still needed. Opening is too late to ask: RocksDB
// misses a blob file only when it is read, and by then it has removed logs.
//
// Invariant: demands nothing RocksDB would have removed. What it does not know it asks nothing
// about. Part of store_files; nothing else includes this.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace restante {

class manifest_files {
public:
  struct live_table {
    std::string family;
    uint64_t rows_at_most = 0; // 0: not known
    uint64_t bytes = 0;
    std::string checksum; // raw; empty when none was kept
    uint64_t family_number = 0;
  };

  /// Takes one whole record, in the order of the file.
  void take(std::string_view record);

  /// Logs below this number are not needed any more.
  [[nodiscard]] uint64_t oldest_log() const { return oldest_log_; }

  /// Logs nothing is written to any more whose rows are not all in tables: number, and bytes that
  /// were synced. None in a MANIFEST of a version that did not track them.
  [[nodiscard]] const std::map<uint64_t, uint64_t>& closed_logs() const { return logs_; }

  /// Tables and blob files by name, with their sizes in bytes. Blob files that are all garbage are
  /// left out: they may be gone.
  [[nodiscard]] std::map<std::string, uint64_t> tables_and_blobs() const;

  /// Tables by number. Right as far as the records that were taken are all there were.
  [[nodiscard]] std::map<uint64_t, live_table> tables() const;

  /// Tables whose rows are in others since.
  [[nodiscard]] bool dropped(uint64_t table) const;

  /// The number of the newest row there was when the MANIFEST was last written to.
  [[nodiscard]] uint64_t newest_row() const { return newest_row_; }

private:
  struct table {
    uint64_t bytes = 0;
    uint64_t oldest_blob = 0; // that its rows point to; 0: to none
    uint64_t oldest_row = 0;  // 0: a compaction took the numbers of its rows
    uint64_t newest_row = 0;
    std::string checksum;
  };
  struct blob {
    uint64_t count = 0;
    uint64_t bytes = 0; // with everything around the values
    uint64_t garbage = 0;
  };
  struct family_files {
    std::string name;
    std::map<uint64_t, table> tables;
    std::map<uint64_t, blob> blobs;
  };
  class reader;

  void add_log(std::string_view addition);
  void drop_logs_below(uint64_t number);

  uint64_t oldest_log_ = 0;
  uint64_t newest_row_ = 0;
  uint64_t logs_dropped_ = 0; // below this number
  bool understood_ = true;    // every record
  std::map<uint64_t, uint64_t> logs_;
  std::map<uint64_t, family_files> families_;
  std::set<uint64_t> dropped_; // tables
};

} // namespace restante
