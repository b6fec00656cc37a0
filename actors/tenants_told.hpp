// Tenants, told by one node to another: each node knows all, and a revocation is final, so telling
// them again does nothing. What is not heard is said again when the peer connects.
#pragma once

#include "actors/log.hpp"
#include "actors/passing.hpp"

namespace restante {

/// `what`: that a tenant was added or revoked.
void tell_tenant(passing& to, const std::string& peer, const operation& what,
                 passing::clock::time_point now, const logger& log);

/// All there are, but the operator, whom every node has made itself.
void tell_tenants(passing& to, const std::string& peer, const tenant_registry& tenants,
                  passing::clock::time_point now, const logger& log);

} // namespace restante
