// The join of mailbox states (DESIGN section 4): commutative, associative and idempotent, so that
// replicas that have seen the same changes, in any order and any number of times, are equal. The
// same function applies a change on the node that made it.
#pragma once

#include "schemas/mailbox_state.hpp"

namespace restante {

/// Merges `from` into `into`; both are of the same mailbox. Counts in the return value the contents
/// that were found to differ under one message id and were kept apart.
size_t merge(mailbox_state& into, const mailbox_state& from);

/// The message that was accepted with that content under the id of `found`: it, or one that a merge
/// has moved aside. Nothing when there is none.
[[nodiscard]] const message_record*
with_content(const mailbox_state& in, const message_record& found, const digest& content);

/// The id under which a different content for `id` is kept.
[[nodiscard]] message_id diverged_id(const message_id& id, const digest& content);

} // namespace restante
