// A damaged store made readable in a directory of its own, the original left as it is: tables and
// blob files linked (or copied, to another disk), logs cleaned of damaged records, CURRENT made
// anew when a sound MANIFEST is there, and without one RocksDB's repair over the links. Part of
// store_check and store_repair; nothing else includes this.
#pragma once

#include "storage/store_files.hpp"
#include "storage/store_view.hpp"

namespace restante {

struct scratch {
  std::unique_ptr<store_view> view;
  bool without_manifest = false;       // put together from the tables and logs
  std::vector<std::string> unreadable; // files that could not even be copied
};

/// Copies the logs without their damaged records; of a damaged one, the rows in front of the damage
/// are kept. One the MANIFEST misses gets an empty place. Answers the names of those that cannot be
/// read.
[[nodiscard]] std::vector<std::string> clean_logs(const std::filesystem::path& original,
                                                  const store_files& found,
                                                  const std::filesystem::path& directory);

/// `found` is what look_at_files said of the original; `directory` must not exist yet.
[[nodiscard]] result<scratch> make_scratch(const std::filesystem::path& original,
                                           const store_files& found,
                                           const std::filesystem::path& directory);

} // namespace restante
