// Tenants, told by one node to another: each node knows all, and of each the latest version there
// is (actors/tenant_keeper.hpp), so telling them again does nothing. What is not heard is said
// again when the peer connects.
#pragma once

#include "actors/log.hpp"
#include "actors/passing.hpp"

namespace restante {

/// That a tenant was added, changed or revoked.
void tell_tenant(passing& to, const std::string& peer, const tenant_record& what,
                 passing::clock::time_point now, const logger& log);

/// What became of the tenant that was added or revoked, told to all of them.
template <class Peers>
void tell_tenant_to(const Peers& peers, passing& to, const operation& what,
                    const tenant_registry& tenants, passing::clock::time_point now,
                    const logger& log) {
  auto* add = std::get_if<ask::tenant_add>(&what);
  if (auto changed =
          tenants.find(add != nullptr ? add->tenant.name : std::get<ask::tenant_revoke>(what).name))
    for (const auto& peer : peers)
      tell_tenant(to, peer, *changed, now, log);
}

/// All there are, but the operator, whom every node has made itself.
void tell_tenants(passing& to, const std::string& peer, const tenant_registry& tenants,
                  passing::clock::time_point now, const logger& log);

} // namespace restante
