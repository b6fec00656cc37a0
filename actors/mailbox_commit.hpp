// What a decision is on disk: the rows of everything it touches, the change of the log and the
// charging record, as one commit. Nothing of it may go alone: a text to the subscriber is in the
// same batch as what it tells of.
#pragma once

#include "actors/interfaces.hpp"

namespace restante {

/// `before`: the mailbox as it is, without what was decided. `what` is as before afterwards: its
/// delta is only lent to the change, because copying it is a part of a deposit one can measure.
[[nodiscard]] std::shared_ptr<commit_request> commit_of(const mailbox_state& before,
                                                        const command& asked,
                                                        const mailbox_environment& env,
                                                        decision& what);

} // namespace restante
