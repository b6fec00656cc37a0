#include "actors/tenants_told.hpp"

#include "schemas/limits.hpp"

#include <algorithm>

namespace restante {

void tell_tenant(passing& to, const std::string& peer, const tenant_record& what,
                 passing::clock::time_point now, const logger& log) {
  request out;
  out.deadline = limits::deadline_max;
  out.request_id = "tenants";
  out.what = ask::tenant_add{what};
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
  for (const auto& tenant : all)
    if (tenant.is != role::operator_)
      tell_tenant(to, peer, tenant, now, log);
}

} // namespace restante
