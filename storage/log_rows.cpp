#include "storage/log_rows.hpp"

#include "storage/log_file.hpp"
#include "storage/store_files.hpp"

namespace restante {

log_rows read_log_rows(const std::filesystem::path& directory, uint64_t oldest_log,
                       uint64_t family_number) {
  log_rows out;
  const auto take = [&](const log_row& row) {
    if (row.family == family_number)
      out[std::string{row.key}] = row.value;
  };
  for (const auto& file : numbered_files(directory, ".log")) {
    if (*file_number(file) < oldest_log)
      continue;
    [[maybe_unused]] const auto scanned = scan_log(file, [&](const log_record& record) {
      if (record.whole)
        each_row(record.bytes, take);
    });
  }
  return out;
}

} // namespace restante
