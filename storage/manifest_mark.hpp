// How far the MANIFEST reached, kept beside the database as the high-water mark is. RocksDB takes a
// MANIFEST that was cut, or whose records' lengths changed, for a shorter one, opens the store as
// it was before, and removes the table and blob files the lost records had named.
//
// Invariant: trails. It is raised when the store has been opened and after flushes and compactions,
// by what is on disk then, and not synced; a MANIFEST that ends below its mark has lost records.
// Owner: rocks_store, as a listener of its database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

namespace rocksdb {
class DB;
class EventListener;
} // namespace rocksdb

namespace restante {

struct manifest_extent {
  uint64_t number = 0; // of the file
  uint64_t bytes = 0;
  friend bool operator==(const manifest_extent&, const manifest_extent&) = default;
};

/// The file's name in the store's directory; RocksDB leaves names it does not know alone.
inline constexpr const char* manifest_mark_name = "restante.manifest-mark";

/// Nothing when there is none or it does not read back whole.
[[nodiscard]] std::optional<manifest_extent> read_manifest_mark(const std::filesystem::path& dir);

/// Raises the mark to what the database has on disk. A mark that cannot be written stays.
void raise_manifest_mark(rocksdb::DB& database);

/// Raises it after every flush and compaction.
[[nodiscard]] std::shared_ptr<rocksdb::EventListener> make_manifest_marker();

/// The number in a name such as "MANIFEST-000042"; nothing for any other name.
[[nodiscard]] std::optional<uint64_t> manifest_number(std::string_view name);

} // namespace restante
