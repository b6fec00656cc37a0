// How far a peer is with this node's log, and how far its own log was seen here, as they are kept
// in the store (meta, "peer/<name>" and "seen/<name>").
#pragma once

#include "actors/placement.hpp"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>

namespace restante {

struct peer_progress {
  uint64_t incarnation = 0;  // of the peer's store: with another one all of this is void
  uint64_t acknowledged = 0; // of this node's log: this change and all before it are on its disk
  std::bitset<partition_count> seeded; // partitions it holds that were compared and completed

  friend bool operator==(const peer_progress&, const peer_progress&) = default;
};

[[nodiscard]] std::string peer_progress_key(const std::string& peer);
[[nodiscard]] std::string encode(const peer_progress& what);
/// Nothing when the bytes are not those of a progress: then the peer is seeded anew.
[[nodiscard]] std::optional<peer_progress> decode_peer_progress(std::string_view bytes);

/// The newest change of the peer's log that this node knows of. A peer that comes back with less
/// was put back from a backup.
struct peer_seen {
  uint64_t incarnation = 0;
  uint64_t newest = 0;

  friend bool operator==(const peer_seen&, const peer_seen&) = default;
};

[[nodiscard]] std::string peer_seen_key(const std::string& peer);
[[nodiscard]] std::string encode(const peer_seen& what);
[[nodiscard]] std::optional<peer_seen> decode_peer_seen(std::string_view bytes);

} // namespace restante
