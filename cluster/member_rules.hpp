// What may be told of a member of a cluster, wherever it is read: the configuration or etcd. Pure.
#pragma once

#include "actors/membership.hpp"
#include "cluster/config_address.hpp"
#include "schemas/ids.hpp"
#include "schemas/limits.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace restante::member_rules {

inline constexpr size_t region_bytes_max = 16;
inline constexpr size_t key_bytes = 32; // of CURVE

inline bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// By the rule of profile_id: it stands before the dash, typed by people.
inline bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= region_bytes_max &&
         std::all_of(text.begin(), text.end(), lower_or_digit);
}

inline bool is_node_name(std::string_view text) {
  return !text.empty() && text.size() <= limits::name_bytes_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return lower_or_digit(c) || c == '-'; });
}

/// The raw bytes of a CURVE key in hex; nothing when it is none.
inline std::optional<std::string> key_from_hex(std::string_view hex) {
  auto key = from_hex(hex);
  return key && key->size() == key_bytes ? std::move(key) : std::nullopt;
}

/// Where peers connect: tcp://, a numeric address of one host and a port; otherwise nothing.
inline std::optional<bind_address> peer_address(std::string_view text) {
  auto place = parse_tcp_address(text);
  return place && !place->any ? place : std::nullopt;
}

inline bool same_place(const bind_address& a, const bind_address& b) {
  return a.host == b.host && a.port == b.port;
}

/// What two members share and may not: "name", "key", "lane" or "address"; null when nothing.
inline const char* shared(const member& a, const member& b) {
  if (a.name == b.name)
    return "name";
  if (a.public_key == b.public_key)
    return "key";
  if (a.lane == b.lane)
    return "lane";
  const auto x = peer_address(a.address);
  const auto y = peer_address(b.address);
  return x && y && same_place(*x, *y) ? "address" : nullptr;
}

} // namespace restante::member_rules
