// What the change log has to say to a judgement: which changes are missing, and each profile and
// message whose own row is missing, damaged or hidden behind damage, as the changes leave it; and
// each whose row is older than its last change, as one of a table that was left over, or of the one
// before a table that is lost: a row is the join of its changes. Those
// are kept in memory. Part of row_judge; nothing else includes this.
#pragma once

#include "storage/judge_desk.hpp"

#include <map>

namespace restante {

struct logged {
  bool whole = true;       // no change is missing
  bool has_peers = false;  // it is a node's of a cluster: names of mailboxes elsewhere are here too
  uint64_t lost = 0;       // changes, at the most; each may have given out a message's number
  uint64_t newest_hlc = 0; // of all stamps
  std::map<mailbox_id, mailbox_state> profiles; // joined with the row, where that can be read
  std::map<message_place, message_record> messages;
  std::set<message_place> outdated; // of these, rows that are older than what the changes say
};

/// Goes over all changes, tells of those that are missing, and keeps the rest. The gaps are those
/// of the families `profiles` and `messages`.
[[nodiscard]] logged read_change_log(judge_desk& desk, const judging& how,
                                     const std::vector<key_gap>& profile_gaps,
                                     const std::vector<key_gap>& message_gaps);

/// The row as it can be read; nothing when it is missing or damaged.
[[nodiscard]] std::optional<profile_state> read_profile(const store_view& view,
                                                        const mailbox_id& id);
[[nodiscard]] std::optional<message_record> read_message(const store_view& view,
                                                         const message_place& place);

/// Nothing for a value that does not decode, or is another's.
[[nodiscard]] std::optional<profile_state> profile_of(std::string_view value);
[[nodiscard]] std::optional<message_record> message_of(const message_place& place,
                                                       std::string_view value);

[[nodiscard]] bool within(const std::vector<key_gap>& gaps, std::string_view key);

} // namespace restante
