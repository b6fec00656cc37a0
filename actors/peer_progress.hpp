// How far a peer is, as it is kept in the store (meta, "peer/<name>").
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

} // namespace restante
