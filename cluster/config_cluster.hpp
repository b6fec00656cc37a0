// The [cluster] table and what is below it: what each key may be by itself, which belong to which
// source of membership, and that the members differ where they must.
#pragma once

#include "cluster/config_reader.hpp"

#include <optional>

namespace restante {

/// Nothing when there is no [cluster]; with a problem in the log it is perhaps incomplete. `others`
/// is the rest of the file, read before: its region, endpoints and metrics address.
[[nodiscard]] std::optional<cluster_config>
read_cluster(table_reader& root, const node_config& others, problem_log& problems);

} // namespace restante
