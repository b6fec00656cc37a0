// Adding a tenant, the operator's part of it: where its client is to connect, and a key pair in a
// file of its own. Shared by `restante tenant add` and the walk-through.
#pragma once

#include "bridges/curve_keys.hpp"
#include "cluster/config.hpp"
#include "schemas/tenant.hpp"

namespace restante {

/// The identity of a new client of that role, with a fresh key pair: its endpoint is the first
/// `router` endpoint with CURVE for it ("*" becomes the loopback address), its server key the
/// public half of <keys>/curve.key. Writes nothing.
[[nodiscard]] result<identity> fresh_identity(const node_config& config, const std::string& name,
                                              role what);

} // namespace restante
