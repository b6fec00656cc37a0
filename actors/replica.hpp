// What one copy of a mailbox does for the others: takes in what they have, and goes when it is no
// longer wanted. Pure; part of deciding (mailbox_decide.cpp).
//
// Invariants: what is absorbed is joined (actors/merge.hpp), so order and repetition do not matter;
// media follow their message, also to the id it moves to when two contents met under one; when a
// third copy's change of a message is quicker than its deposit, its media are awaited, and until
// they come the copy is not the same as one that has them; nothing absorbed is logged as a change
// of this node's, told to the subscriber, or charged. A mailbox has no tenant until the last part
// of its seed: a copy that is not complete does not exist for callers.
#pragma once

#include "actors/mailbox_model.hpp"

namespace restante {

/// Asked by this node's own replication, not by a tenant.
[[nodiscard]] bool of_replication(const mailbox_op& what);

/// The messages whose media must be read before `from` can be absorbed, because another content
/// takes their id. Their parts are expected in facts::displaced, in this order.
[[nodiscard]] std::vector<const message_record*> displaced_by(const mailbox_state& here,
                                                              const op::absorb& from);

/// Failures: invalid_request (`clock_ahead`: stamps further ahead than limits::clock_offset_max;
/// `media_mismatch`: bytes that are not the described ones).
[[nodiscard]] result<decision> absorb(const mailbox_state& here, const mailbox_environment& env,
                                      const op::absorb& from, const facts& known);

/// The same deposit once more, where its media are awaited: they are here now.
[[nodiscard]] decision complete(const message_record& awaiting, const op::deposit& from);

/// A location update. The home region's name, or none, means at home. Failure: invalid_request
/// (`region_unknown`).
[[nodiscard]] result<decision> locate(const mailbox_state& here, const mailbox_environment& env,
                                      const op::locate& from);

[[nodiscard]] decision seal(const mailbox_state& here, const op::seal& from);

/// Conflict unless the copy is sealed.
[[nodiscard]] result<decision> drop(const mailbox_state& here, const op::drop& from);

/// The settings that stay here of a copy that was dropped: the greatest message number and the PIN
/// attempts. It may come again from a node that does not know them yet.
[[nodiscard]] profile_state left_behind(const mailbox_state& dropped);

/// What a node tells of its copy.
[[nodiscard]] answer::copies told_of(const mailbox_state& here);

/// What two copies of a mailbox compare: equal when all they have exchanged is the same.
[[nodiscard]] digest state_digest(const mailbox_state& of);

} // namespace restante
