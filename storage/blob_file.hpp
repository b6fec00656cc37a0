// RocksDB's blob files, read without RocksDB: each record holds its own key, so that media can be
// found again when the table rows that pointed at them are gone. Whoever takes a value from here
// holds it against the digest its message has.
#pragma once

#include "schemas/error.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace restante {

struct blob_place {
  std::string key;
  uint64_t offset = 0; // of the value, in the file
  uint64_t size = 0;
};

struct blob_scan {
  uint64_t damaged = 0; // stretches without a readable record, and with `values`, changed values
};

/// Steps from record to record; behind a damaged head it looks for the next sound one. `values`:
/// whether to read and verify these too. Failures: the disk, or a file that is no blob file or of
/// values that are compressed.
[[nodiscard]] result<blob_scan> scan_blobs(const std::filesystem::path& file, bool values,
                                           const std::function<void(blob_place)>& each);

[[nodiscard]] result<std::string> read_blob(const std::filesystem::path& file,
                                            const blob_place& place);

} // namespace restante
