#include "actors/tenant_registry.hpp"

namespace restante {

void tenant_registry::put(tenant_record tenant) {
  auto shared = std::make_shared<const tenant_record>(std::move(tenant));
  std::lock_guard lock{mutex_};
  by_name_[shared->name] = shared;
}

tenant_ptr tenant_registry::find(std::string_view name) const {
  std::lock_guard lock{mutex_};
  auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second;
}

tenant_ptr tenant_registry::as_now(const tenant_record& then) const {
  auto now = find(then.name);
  return now && !now->revoked && now->public_key == then.public_key ? now : nullptr;
}

tenant_ptr tenant_registry::find_by_key(std::string_view key) const {
  std::lock_guard lock{mutex_};
  for (const auto& [name, tenant] : by_name_)
    if (!tenant->revoked && !key.empty() && tenant->public_key == key)
      return tenant;
  return nullptr;
}

tenant_ptr tenant_registry::find_by_short_code(const tenant_record& gateway,
                                               std::string_view code) const {
  std::lock_guard lock{mutex_};
  for (const auto& name : gateway.serves)
    if (auto at = by_name_.find(name); at != by_name_.end() && !at->second->revoked)
      if (gateway.serves.size() == 1 || (!code.empty() && at->second->short_code == code))
        return at->second;
  return nullptr;
}

std::vector<tenant_record> tenant_registry::all() const {
  std::lock_guard lock{mutex_};
  std::vector<tenant_record> out;
  for (const auto& [name, tenant] : by_name_)
    out.push_back(*tenant);
  return out;
}

} // namespace restante
