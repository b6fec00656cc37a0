// How far a store had acknowledged, kept beside its database. It only ever trails the database: it
// is raised after a commit is on disk and not synced itself. So a database that opens below its
// mark has lost acknowledged rows.
//
// Why RocksDB's checksums are not enough: no checksum covers a record of the write-ahead log whose
// length or type byte is damaged. RocksDB takes it for the end of the log and opens without a word,
// and all rows behind it are gone. The mark survives a killed process at once and a power loss as
// far as the kernel had written it back; an older mark is still a true one.
// Owner: rocks_store, under its writer's lock.
#pragma once

#include "schemas/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace restante {

class high_water_mark {
public:
  /// The file's name in the store's directory; RocksDB leaves names it does not know alone.
  static constexpr const char* file_name = "restante.mark";

  high_water_mark() = default;
  high_water_mark(const high_water_mark&) = delete;
  high_water_mark& operator=(const high_water_mark&) = delete;
  /// Syncs what was raised last.
  ~high_water_mark();

  /// Opens or creates the file. Answers the mark in it; nothing when it is new or does not read
  /// back whole, as a power loss during its first seconds leaves it.
  [[nodiscard]] result<std::optional<uint64_t>> open(const std::filesystem::path& directory);

  /// Writes a new mark: microseconds. A mark that cannot be written stays where it was.
  void raise(uint64_t sequence);

private:
  int file_ = -1;
};

} // namespace restante
