// Who is in the cluster, as one node sees it now: plain values, made by whatever source of
// membership the configuration names, never changed afterwards. Two nodes may see different
// memberships for a while; then requests take a detour and data are copied too often, but nothing
// is lost or served wrongly, because mailboxes merge (DESIGN sections 4 and 8).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

struct member {
  std::string name;       // unique in the cluster: 1-64 of a-z, 0-9 and '-'
  std::string region;     // 1-16 of a-z and 0-9
  std::string address;    // where its peers reach it: "tcp://10.0.0.1:5605"
  std::string public_key; // 32 raw bytes: the CURVE key it is known by
  /// The lane its new messages get their numbers from, unique in the cluster, below
  /// limits::uid_lanes_max: two nodes that are cut off from each other never give out one number
  /// twice.
  uint32_t lane = 0;
  /// Heard of lately. Only these hold mailboxes.
  bool alive = true;
  /// It gives its mailboxes away and gets no new ones; until then it serves what it has.
  bool draining = false;

  friend bool operator==(const member&, const member&) = default;
};

struct membership {
  std::string self;            // this node's name; it is among `members`
  std::vector<member> members; // in the order of their names

  [[nodiscard]] const member* find(std::string_view name) const {
    for (const auto& each : members)
      if (each.name == name)
        return &each;
    return nullptr;
  }

  friend bool operator==(const membership&, const membership&) = default;
};

} // namespace restante
