// What a deposit is worth before any mailbox is asked: its times, its media, what makes it the same
// deposit again. Pure.
#pragma once

#include "schemas/messages.hpp"

namespace restante {

/// Checks times and media and measures the duration. The record lacks what only the mailbox knows:
/// id, uid, depositor, flags. `stored_at` is `now`.
[[nodiscard]] result<message_record> examine_deposit(const op::deposit& what, wall_ms now);

} // namespace restante
