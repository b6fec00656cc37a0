// Files in RocksDB's log format (the write-ahead log and the MANIFEST), read record by record and
// past damage. RocksDB's own reader takes some damage for the end of the file or for padding and
// goes on without a word: a record's length and type are under no checksum, and 32 KiB blocks that
// go on with zeros are passed over. Here everything between two whole records is a gap.
//
// Never looks for a record at any odd byte: media may hold bytes that look like one.
#pragma once

#include "schemas/error.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace restante {

struct log_record {
  uint64_t begin = 0; // in the file
  uint64_t end = 0;
  bool whole = true; // false: `bytes` is what stands in front of the damage
  std::string_view bytes;
};

struct log_scan {
  struct gap {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  uint64_t size = 0;
  uint64_t whole = 0;    // where the last whole record ends
  std::vector<gap> gaps; // before `whole`: damage. Behind it a crash may have left anything
};

/// Reads the whole file and hands out its records in order. A failure is one of the disk.
[[nodiscard]] result<log_scan> scan_log(const std::filesystem::path& file,
                                        const std::function<void(const log_record&)>& each);

/// Makes a log file of records, each of them whole.
class log_writer {
public:
  void add(std::string_view record);
  /// Writes the file anew.
  [[nodiscard]] result<void> save(const std::filesystem::path& file) const;

private:
  std::string bytes_;
};

/// What a record of the write-ahead log begins with: the number of its first row, and how many.
struct batch_head {
  uint64_t sequence = 0;
  uint32_t rows = 0;
};
[[nodiscard]] std::optional<batch_head> read_batch_head(std::string_view record);

/// A row of such a record.
struct log_row {
  uint64_t family = 0; // its number
  std::string_view key;
  std::optional<std::string_view> value; // nothing: it was erased
};
void each_row(std::string_view record, const std::function<void(const log_row&)>& each);

/// The whole rows in front of a record's damage, as a record of its own; nothing when there is
/// none.
[[nodiscard]] std::optional<std::string> whole_rows_of(std::string_view cut_record);

} // namespace restante
