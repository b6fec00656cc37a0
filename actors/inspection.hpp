// What the nodes of a cluster say of their copies of one mailbox, put together. Pure.
#pragma once

#include "actors/placement.hpp"
#include "schemas/messages.hpp"

namespace restante {

/// A mailbox and where it belongs.
struct inspected {
  mailbox_id mailbox;
  std::string home; // region
};

/// One node's line, from what it answered.
[[nodiscard]] answer::copy_of_mailbox line_of(const member& node, const outcome& said);

/// Says of each what it is to be, in the order home, standbys, roaming, others; leaves out the
/// nodes that have none and are to have none. `all` has a line for every member of `places`.
[[nodiscard]] answer::copies with_roles(std::vector<answer::copy_of_mailbox> all,
                                        const inspected& what, const placement& places);

} // namespace restante
