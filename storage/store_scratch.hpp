// A damaged store made readable in a directory of its own, the original left as it is: tables and
// blob files linked (or copied, to another disk), logs cleaned of damaged records, CURRENT made
// anew when a sound MANIFEST is there; without one, or around a table that can't be opened, a
// MANIFEST of our own. Part of store_check and store_repair; nothing else includes this.
#pragma once

#include "storage/row_judge.hpp"
#include "storage/store_files.hpp"

namespace restante {

struct scratch {
  std::unique_ptr<store_view> view;
  uint64_t newest_row = 0;             // as far as can be known
  bool end_unknown = false;            // there may have been newer ones, and no number says so
  bool assembled = false;              // put together from the tables and logs
  bool without_manifest = false;       // because there is no sound one
  std::vector<std::string> unreadable; // files that could not even be copied
  std::vector<finding> doubted;        // tables and blob files: left out, or not what they were
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
                                           const std::filesystem::path& directory,
                                           const store_view::progress& tell);

} // namespace restante
