// Salvages a damaged store into a new one. The damaged one stays as it is.
//
// The new store holds every row that can be read or made anew, no message without its media or its
// mailbox, and is a new incarnation: its stamps must not be taken for those of the old one. Its
// `meta` row "repaired" (numbering_floor.hpp) keeps numbers from being given out again.
#pragma once

#include "storage/store_check.hpp"

namespace restante {

struct repair_report {
  finding_list findings;
  judged rows;
  bool without_manifest = false;
  std::optional<uint64_t> acknowledged;
  uint64_t newest_row = 0; // that could be read; below `acknowledged`: rows at the end are lost

  /// At least: what stood behind a damaged block nobody can count.
  [[nodiscard]] uint64_t lost_rows() const { return findings.lost_rows(); }
};

struct repair_options {
  std::filesystem::path directory;
  std::filesystem::path into; // must not exist, or be empty
  std::function<void(mailbox_state& into, const mailbox_state& from)> merge;
  std::function<void(std::string_view part, uint64_t done)> tell;
};

/// Asks for the room it may take at the most before it begins (storage/README.md); works in
/// "<into>.unfinished", which is renamed at the end and goes with a failure, or in ".unfinished" in
/// an empty directory that is there. Failures: data_in_use, no_store, into_exists,
/// repair_unfinished (of an earlier run), format_unknown, storage_full, or one of the disk.
[[nodiscard]] result<repair_report> repair_store(const repair_options& how);

} // namespace restante
