// The [[cluster.member]] tables: each by itself, and that no two share a name, address, key or
// lane.
#pragma once

#include "cluster/config_reader.hpp"

#include <string>

namespace restante {

/// Reads `in`'s members, one at least, into `out.members` by name; this node's is that named
/// `out.node`: its region is to be `region`, its lane becomes `out.lane`. Those with a problem are
/// in the log and perhaps incomplete.
void read_members(table_reader& in, const std::string& region, problem_log& problems,
                  cluster_config& out);

} // namespace restante
