// The nodes of a cluster as its walk-through sees them: each with its configuration and a
// connection of the operator and of the carrier. And the link between their regions, as their
// configurations describe it. One thread.
#pragma once

#include "cluster/walk_cast.hpp"
#include "cluster/walk_wire.hpp"

namespace restante {

struct walk_station {
  std::string name;
  std::string region;
  const node_config* config = nullptr;
  std::filesystem::path file; // of the configuration
  client operator_;
  std::optional<client> mvno;
  std::filesystem::path mvno_key; // to go on with by hand
};

/// The node of the walk first, then the others. Throws walk_failed when they are not nodes of one
/// cluster in two regions.
[[nodiscard]] std::vector<walk_station> stations_of(const walk_options& options);

/// The same client at another node, which has a key of its own. Throws walk_failed.
[[nodiscard]] identity client_at(const walk_station& there, const identity& who, role what);

/// What crosses between the regions: for each node, from where the members of the other region
/// find it to where it listens. Throws walk_failed when they are to find it without detour: then
/// there is nothing that can be cut.
[[nodiscard]] std::vector<walk_wire::path> link_between(const std::vector<walk_station>& all);

/// Whether the node has met the others, or has waited for them long enough, and serves. Throws
/// walk_failed.
[[nodiscard]] bool ready(walk_cast& cast, walk_station& there);

/// Throws walk_failed.
[[nodiscard]] bool knows(walk_cast& cast, walk_station& there, const std::string& tenant);

/// What a node has of a mailbox of the tenant on its own disk; nothing: none. Throws walk_failed.
[[nodiscard]] std::optional<answer::profile> held_at(walk_cast& cast, walk_station& there,
                                                     const std::string& tenant);

} // namespace restante
