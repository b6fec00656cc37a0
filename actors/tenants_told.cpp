#include "actors/tenants_told.hpp"

#include "schemas/limits.hpp"

#include <algorithm>

namespace restante {

void tell_tenant(passing& to, const std::string& peer, const operation& what,
                 passing::clock::time_point now, const logger& log) {
  request out;
  out.deadline = limits::deadline_max;
  out.request_id = "tenants";
  out.what = what;
  auto heard = [log, peer](const outcome& done) {
    if (auto* why = std::get_if<failure>(&done))
      log.warning("tenant_not_taken", {{"peer", peer}, {"why", why->reason}});
  };
  if (!to.pass(peer, "operator", std::move(out), nullptr, now, heard))
    log.warning("tenant_not_taken", {{"peer", peer}, {"why", "too much is on its way there"}});
}

void tell_tenants(passing& to, const std::string& peer, const tenant_registry& tenants,
                  passing::clock::time_point now, const logger& log) {
  // Who serves others is refused where those are not known yet.
  auto all = tenants.all();
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.serves.empty() && !b.serves.empty();
  });
  for (auto& tenant : all) {
    if (tenant.is == role::operator_)
      continue;
    const bool revoked = std::exchange(tenant.revoked, false);
    const auto name = tenant.name;
    tell_tenant(to, peer, ask::tenant_add{std::move(tenant)}, now, log);
    if (revoked)
      tell_tenant(to, peer, ask::tenant_revoke{name}, now, log);
  }
}

} // namespace restante
