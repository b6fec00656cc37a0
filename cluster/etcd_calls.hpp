// The few things a node asks of etcd, as plain values: base64, numbers written as texts, and the
// shapes of its JSON end here. Failures are those of etcd_gateway::call; an answer of the wrong
// shape is one of them (busy).
#pragma once

#include "cluster/etcd_gateway.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace restante {

struct etcd_entry {
  std::string key;
  std::string value;
  uint64_t lease = 0;    // 0: it stays until it is deleted
  uint64_t created = 0;  // etcd's revision at that time; larger is later
  uint64_t modified = 0; // likewise; 0: there is no such key
  friend bool operator==(const etcd_entry&, const etcd_entry&) = default;
};

/// All keys that begin with `prefix`, in their order, and the one that is `key`: of one moment.
struct etcd_sight {
  std::vector<etcd_entry> entries; // the first etcd_entries_max
  bool more = false;               // there are others
  std::optional<etcd_entry> entry;
  uint64_t revision = 0; // of etcd at that moment
};

/// Far more than a cluster has members: what is beyond, somebody else put there.
inline constexpr size_t etcd_entries_max = 1024;

struct etcd_lease {
  uint64_t id = 0;
  std::chrono::seconds time{0}; // it lives for so long after it was kept alive
};

[[nodiscard]] result<etcd_sight> etcd_read(etcd_gateway& at, std::string_view prefix,
                                           std::string_view key);

/// Etcd grants at least `least`, and its own least.
[[nodiscard]] result<etcd_lease> etcd_grant(etcd_gateway& at, std::chrono::seconds least);

/// False: it has expired.
[[nodiscard]] result<bool> etcd_keep_alive(etcd_gateway& at, uint64_t lease);

/// Puts all, under `lease`, if each was last modified at the revision it has here; otherwise none,
/// and the answer is false. Failure not_found: the lease has expired.
[[nodiscard]] result<bool> etcd_put(etcd_gateway& at, std::span<const etcd_entry> all,
                                    uint64_t lease);

/// Watches the keys that begin with `prefix`, for what happens after `revision`.
void etcd_watch(etcd_gateway& at, std::string_view prefix, uint64_t revision);

} // namespace restante
