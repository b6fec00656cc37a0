// What becomes of deleted messages: they wait in the trash for their undelete window, then they are
// buried. Pure; part of deciding (mailbox_decide.cpp).
//
// Invariant: a buried message keeps its id, number and content digest as a tombstone, so that
// neither a replica nor a late retry of its deposit brings it back.
#pragma once

#include "actors/mailbox_model.hpp"

namespace restante {

/// Ends a message for good: its media go, its tombstone comes.
void bury(decision& out, const message_record& there);

/// Buries what was deleted longer ago than limits::undelete_window, and the longest deleted beyond
/// limits::trashed_max; at most limits::buried_at_once, those in `out` not looked at.
void empty_trash(decision& out, const mailbox_state& box, wall_ms now);

} // namespace restante
