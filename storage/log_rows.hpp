// The rows of one family that are in the logs, read without RocksDB: where a block of a table can't
// be read it hides what the logs hold between the same keys. What is written to the logs is newer
// than any table, as logs go oldest first: a row found here is the newest, and so is its erasure.
//
// Owner: store_view, made when damage is first met. Part of it; nothing else includes this.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace restante {

/// By key; nothing: erased.
using log_rows = std::map<std::string, std::optional<std::string>, std::less<>>;

/// Of the logs in the directory from that number on. A log that can't be read gives what is in
/// front.
[[nodiscard]] log_rows read_log_rows(const std::filesystem::path& directory, uint64_t oldest_log,
                                     uint64_t family_number);

} // namespace restante
