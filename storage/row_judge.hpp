// What the rows of a store mean, held against each other: keys parse, values decode, numbers have
// no gaps, messages have their media, names have their mailboxes. Says what is wrong and hands out
// every row that is right, also those that stand elsewhere or can be made anew: the change log
// holds each message as it was last written and every step of a mailbox, profiles hold their
// aliases.
//
// Invariant: what is handed out is consistent: no message without its media or its mailbox, none of
// it half. Owner: a check, which only listens to the findings, or a repair, which stores the rows.
#pragma once

#include "schemas/mailbox_state.hpp"
#include "storage/finding.hpp"
#include "storage/numbering_floor.hpp"
#include "storage/store_view.hpp"

#include <functional>

namespace restante {

struct judging {
  /// Rows at the end that had been acknowledged and are not there. No more changes, records or
  /// messages than this can have been among them.
  uint64_t missing_rows = 0;
  /// Rows there ever were: what was lost behind the last change that can be read is no more than
  /// those behind its row.
  uint64_t all_rows = 0;
  /// Tables are missing, or may be without a trace: what each store with mailboxes has, and is not
  /// there, is lost.
  bool tables_missing = false;
  /// Nobody can say which, as there is no sound MANIFEST.
  bool tables_unknown = false;
  /// The join of mailbox states (actors/merge.hpp): remakes a profile from its changes.
  std::function<void(mailbox_state& into, const mailbox_state& from)> merge;
  std::function<void(finding)> found;
  std::function<void(row)> keep;
  /// Called often: what is being read, and how many rows were.
  std::function<void(std::string_view part, uint64_t rows)> tell;
};

struct judged {
  uint64_t rows = 0; // read
  uint64_t mailboxes = 0;
  uint64_t messages = 0;    // that can be served
  uint64_t last_change = 0; // the last that can be read
  uint64_t last_record = 0;
  numbering_floor floor; // beyond all numbers that were given out, as far as can be known
};

/// Goes over the whole store. Rows of a key may be handed out twice: the later counts. Failure:
/// format_unknown.
[[nodiscard]] result<judged> judge_rows(store_view& view, const judging& how);

} // namespace restante
