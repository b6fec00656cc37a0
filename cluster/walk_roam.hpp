// The walk-through of a cluster: a subscriber travels to another region and back, and the link
// between the regions is cut in between. Told and verified as the walk of one node is, and part of
// it: walk() calls this when there are other nodes.
#pragma once

#include "cluster/walk.hpp"
#include "cluster/walk_story.hpp"

namespace restante {

/// Walks, and carries the link between the regions while it does. Afterwards, unless it is to be
/// once, the process goes on carrying it until SIGINT or SIGTERM, which end it with status 0.
/// Throws walk_failed.
void walk_between_regions(const walk_options& options, walk_story& story);

} // namespace restante
