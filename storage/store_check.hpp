// Whether a store on disk is sound: every file against its checksums and marks, every row against
// what it means. The node must not run; nothing in the directory changes.
#pragma once

#include "storage/row_judge.hpp"

#include <filesystem>

namespace restante {

/// Worth an operator's knowing, and no damage.
struct remark {
  std::string where; // a file
  std::string what;
};

struct store_report {
  finding_list findings; // none: the store is sound
  std::vector<remark> remarks;
  judged rows;
  bool rows_judged = false; // false: without a sound MANIFEST only a repair can say
  uint64_t files = 0;
  uint64_t bytes = 0; // of files read
  std::optional<uint64_t> acknowledged;
  std::optional<uint64_t> newest_row;
};

struct check_options {
  std::filesystem::path directory;
  std::function<void(mailbox_state& into, const mailbox_state& from)> merge;
  /// Called often: what is being read, and how much of it was.
  std::function<void(std::string_view part, uint64_t done)> tell;
};

/// Minutes on a full disk: everything is read, media twice.
/// Failures: data_in_use, format_unknown, no_store, or one of the disk.
[[nodiscard]] result<store_report> check_store(const check_options& how);

/// Whether the directory's entries can be listed; a failure says what its user can do.
[[nodiscard]] result<void> readable(const std::filesystem::path& directory);

/// Why the store's lock was not to be had, with what its user can do: a check and a repair write
/// the lock file, so a read-only copy does not do.
[[nodiscard]] failure not_locked(const std::filesystem::path& directory, const failure& why);

/// Whether the directory holds files of a store at all.
[[nodiscard]] bool holds_store(const std::filesystem::path& directory);

} // namespace restante
