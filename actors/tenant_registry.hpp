// The tenants as everybody sees them now. One writer, the directory; readers - bridges checking a
// live connection, mailboxes naming a short code - take a snapshot. Owned by main.
#pragma once

#include "schemas/tenant.hpp"

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace restante {

class tenant_registry {
public:
  /// Adds or replaces. Whoever looks up afterwards sees it.
  void put(tenant_record tenant);

  /// Nothing when unknown; a revoked tenant is found, and says so.
  [[nodiscard]] tenant_ptr find(std::string_view name) const;

  /// The tenant of a session that began as `then`; nothing when it is revoked since, or another.
  [[nodiscard]] tenant_ptr as_now(const tenant_record& then) const;

  /// Nothing when unknown or revoked. `key` is the 32 raw bytes of a CURVE public key.
  [[nodiscard]] tenant_ptr find_by_key(std::string_view key) const;

  /// The tenant among those that `gateway` serves whose short code this is; when it serves just
  /// one, that one, whatever the code.
  [[nodiscard]] tenant_ptr find_by_short_code(const tenant_record& gateway,
                                              std::string_view code) const;

  /// All, by name.
  [[nodiscard]] std::vector<tenant_record> all() const;

private:
  mutable std::mutex mutex_;
  std::map<std::string, tenant_ptr, std::less<>> by_name_;
};

} // namespace restante
