// What goes from one node to another of what happened on it: each change of the log with the media
// it brought, to the nodes that hold its mailbox; the names of a new subscriber, to all; and whole
// mailboxes, in parts, to a node that is to hold them from now on. Pure.
//
// Invariants: a change travels as it is in the log, so a newer node's fields survive; a part of a
// seed is a change like any other, and the part with the settings is the last, because a mailbox
// without settings does not exist for callers (actors/replica.hpp).
#pragma once

#include "actors/interfaces.hpp"
#include "actors/placement.hpp"
#include "schemas/peer_messages.hpp"

namespace restante {

/// A change of this node's log, ready to be shipped.
struct parcel {
  uint64_t sequence = 0;
  change what;
  peer::entry entry;
  size_t bytes = 0; // of change and media
  /// A message is left out: its media are gone, or another content has taken its id. The mailbox is
  /// seeded behind it.
  bool incomplete = false;
};
using parcel_ptr = std::shared_ptr<const parcel>;

/// The media rows that came with a change.
[[nodiscard]] std::vector<row_name> media_with(const change& what);

/// `values` are those of media_with, in order. What does not fit the change any more is left out.
[[nodiscard]] parcel_ptr pack(uint64_t sequence, std::string bytes, change what,
                              const std::vector<std::optional<chunk>>& values);

/// Of a change that was just written. Nothing without one, or when media it refers to are not among
/// the rows: then it is packed from the store. Keeps nothing of the rows.
[[nodiscard]] parcel_ptr pack(const commit_request& written);

/// What a node wants to know of a change.
enum class interest : uint8_t { nothing, names, everything };
[[nodiscard]] interest interest_of(const change& what, const placement& places, const member& peer);

/// Of a change that only tells whom names belong to.
[[nodiscard]] peer::entry names_in(const change& what);

/// Whether a mailbox is to be held by `peer`: at home, or where its subscriber roams.
[[nodiscard]] bool held_by(const mailbox_id& id, std::string_view home, std::string_view location,
                           const placement& places, std::string_view peer);

/// One part of a seed, about limits::batch_bytes_max at most, with media for one batch: they are
/// read when it is its turn.
struct seed_part {
  change what;
  std::vector<row_name> media;
  std::optional<message_id> through; // the last message in it
  bool last = false;                 // has the settings
};
/// The part behind the message `after`; nothing: the first.
[[nodiscard]] seed_part next_part(const mailbox_state& box, const std::optional<message_id>& after);

/// Whether `values`, those of seed_part::media in order, are what the part describes. Otherwise the
/// mailbox has changed since it was read.
[[nodiscard]] bool fits(const seed_part& part, const std::vector<std::optional<chunk>>& values);

/// What does not fit is left out.
[[nodiscard]] peer::entry fill(const seed_part& part,
                               const std::vector<std::optional<chunk>>& values);

[[nodiscard]] size_t bytes_of(const peer::entry& what);

} // namespace restante
