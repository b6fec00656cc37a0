// What came from another node, sorted by what must be done with it: one command for each mailbox
// (changes of one mailbox in one batch are joined), and names to learn. Pure.
//
// Invariant: nothing of a batch is done unless all of it could be read.
#pragma once

#include "schemas/peer_messages.hpp"

#include <deque>
#include <map>

namespace restante {

/// Large media on their way: pieces of one at a time, in order. Bounded by what one message and
/// all greetings may have.
class piece_collector {
public:
  /// Failures: invalid_request (`pieces_disordered`, `pieces_too_many`); then all are forgotten.
  [[nodiscard]] result<void> add(const peer::piece& what);

  /// The whole of it, once; nothing when it is not complete.
  [[nodiscard]] std::optional<chunk> take(const mailbox_id& mailbox, const peer::media_row& row);

  void clear();

private:
  struct open {
    mailbox_id mailbox;
    peer::media_row row;
    std::string bytes;
  };
  std::deque<open> all_; // the last is the one being collected
  size_t bytes_ = 0;
};

struct taken_parcels {
  struct of_mailbox {
    op::absorb what;
    std::vector<std::set<std::string>> changed_in; // where it is held, as each change says
    bool moved = false;                            // a location update was among them
  };
  std::map<mailbox_id, of_mailbox> mailboxes;
  /// Registrations: whose names are learnt.
  struct names {
    mailbox_id mailbox;
    std::string owner;
    std::string region;
    std::set<alias> aliases;
  };
  std::vector<names> learnt;
};

/// Failures: invalid_request (`change_unreadable`, `pieces_missing`, `media_mismatch`).
[[nodiscard]] result<taken_parcels> sort(const peer::batch& what, piece_collector& pieces);

} // namespace restante
