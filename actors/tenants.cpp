// Tenants at the edges: reading them at start, checking new ones, names that need no look-up.
#include "actors/access.hpp"
#include "actors/directory.hpp"
#include "actors/numbers.hpp"
#include "actors/templates.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

#include <algorithm>

namespace restante {

std::optional<result<profile_id>> direct_profile(const subscriber_ref& who) {
  if (who.what != subscriber_ref::by::profile)
    return std::nullopt;
  auto id = parse_profile_id(who.text);
  if (!id)
    return result<profile_id>{tl::unexpected<failure>{unknown_mailbox()}};
  return result<profile_id>{std::move(*id)};
}

result<std::vector<tenant_record>> load_tenants(const kv_store& store) {
  std::vector<tenant_record> out;
  std::string from;
  for (;;) {
    auto page = store.scan(family::meta, "tenant/", from, 1024);
    if (!page)
      return tl::unexpected<failure>{page.error()};
    if (page->empty())
      return out;
    for (const auto& entry : *page) {
      auto tenant = decode_tenant(entry.value);
      if (!tenant)
        return tl::unexpected<failure>{tenant.error()};
      tenant->version = std::max(tenant->version, 1u); // of a store from before there were any
      out.push_back(std::move(*tenant));
    }
    from = key_after(page->back().key);
  }
}

result<void> check_tenant(const tenant_record& tenant, const tenant_registry& known) {
  auto well_named =
      !tenant.name.empty() && std::all_of(tenant.name.begin(), tenant.name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      });
  if (!well_named)
    return fail(errc::invalid_request, "tenant_name_malformed",
                "a tenant's name is made of a-z, 0-9 and '-', at most 64");
  if (tenant.is == role::operator_)
    return fail(errc::invalid_request, "tenant_role_reserved",
                "the operator is made with the node: choose mvno, application or sms-gateway");
  if (tenant.public_key.size() != 32 ||
      std::all_of(tenant.public_key.begin(), tenant.public_key.end(), [](char c) { return !c; }))
    return fail(errc::invalid_request, "tenant_key_malformed",
                "a CURVE public key is 32 bytes, not all zero");
  if (!tenant.region.empty() && !valid_region(tenant.region))
    return fail(errc::invalid_request, "tenant_region_unknown",
                "a region is two letters as in ISO 3166, such as US");
  if (auto ok = check_language(tenant.language); !ok)
    return ok;
  if (tenant.is != role::mvno && tenant.serves.empty())
    return fail(errc::invalid_request, "tenant_serves_missing",
                "name the tenants this one acts for");
  if (tenant.is == role::mvno && !tenant.serves.empty())
    return fail(errc::invalid_request, "tenant_serves_refused",
                "an mvno has its own subscribers; only applications and gateways serve others");
  for (const auto& name : tenant.serves)
    if (auto served = known.find(name); !tenant.revoked && (!served || served->is != role::mvno))
      return fail(errc::not_found, "tenant_served_not_found",
                  "the tenant to be served does not exist or is no mvno: add it first");
  if (auto there = known.find_by_key(tenant.public_key);
      there && !tenant.revoked && there->name != tenant.name)
    return fail(errc::conflict, "tenant_key_taken", "that key belongs to another tenant");
  return {};
}

} // namespace restante
