// Who holds a key, and what that key is for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace restante {

/// Numbers are on disk and on the wire (schemas/common.capnp, Role): never renumber.
enum class role : uint8_t { mvno, application, sms_gateway, operator_ };

std::string_view to_string(role what);

struct tenant_record {
  std::string name;
  role is = role::mvno;
  std::string public_key; // 32 raw bytes; empty for tenants bound to a local endpoint
  std::string region;     // ISO 3166: reads national numbers
  std::string language;
  std::vector<std::string> serves; // tenants an application or gateway acts for
  std::string short_code;
  bool revoked = false;
  /// One more with every change, so that nodes that were apart agree on the latest. 0: made by an
  /// operator just now.
  uint32_t version = 0;
  friend bool operator==(const tenant_record&, const tenant_record&) = default;
};

/// Shared by every request of a tenant: immutable.
using tenant_ptr = std::shared_ptr<const tenant_record>;

} // namespace restante
