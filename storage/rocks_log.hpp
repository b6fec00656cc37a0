// Where RocksDB's own warnings go: the text file LOG in the store's directory, LOG.old before it.
// RocksDB's own log ends the process when the disk has no room for a line (an assertion of 7.8 as
// Debian builds it); this one lets the line go.
//
// Invariants: nothing the disk does fails a caller. A line is there whole or not at all. Both files
// together take `2 * file_bytes_max` at most. The file is opened for each line, so that no
// descriptor is held and nothing is there until there is something to tell; lines come seldom.
// Any thread.
// Owner: the options of a database, from database_options() on.
#pragma once

#include <rocksdb/env.h>

#include <filesystem>
#include <mutex>
#include <string>

namespace restante {

class rocks_log final : public rocksdb::Logger {
public:
  static constexpr uint64_t default_file_bytes_max = 16 * 1024 * 1024;

  /// The directory need not be there yet. A line that would make LOG larger than `file_bytes_max`
  /// begins a new one.
  explicit rocks_log(const std::filesystem::path& directory,
                     uint64_t file_bytes_max = default_file_bytes_max);

  using Logger::Logv; // by level: what is below a warning is dropped there
  /// One line in UTC. What is beyond 4 KiB of it is cut off.
  void Logv(const char* format, va_list values) override;

private:
  void append(std::string_view line);

  const std::string file_;
  const std::string older_;
  const uint64_t file_bytes_max_;
  std::mutex mutex_; // held while a line is written, so that only one thread moves LOG away
};

} // namespace restante
