// What nodes write into etcd about themselves, and what of it is believed. Values are strangers':
// whoever can write there can write anything, so each is checked like the configuration's. Pure.
//
//   PREFIXmembers/NAME   {"region": "eu1", "address": "tcp://10.0.0.1:5610", "public_key": 64 hex
//                        digits, "lane": 0, "draining": false}
//   PREFIXlanes/LANE     {"name": "paris-1", "public_key": 64 hex digits}: whose lane that is
//
// Members of other versions may add to these; what is not known here is passed over.
#pragma once

#include "actors/membership.hpp"
#include "cluster/etcd_calls.hpp"

#include <map>

namespace restante {

/// What stands in etcd while `who` is registered there: the member's entry, the lane's. Revisions
/// and lease are 0.
[[nodiscard]] etcd_entry member_entry(std::string_view prefix, const member& who);
[[nodiscard]] etcd_entry lane_entry(std::string_view prefix, const member& who);

/// What all members' keys begin with.
[[nodiscard]] std::string members_prefix(std::string_view prefix);

/// The raw key in either kind of value; nothing when it can't be read, which is nobody's.
[[nodiscard]] std::optional<std::string> key_in(std::string_view value);

struct members_seen {
  std::vector<member> members;                // without `self`
  std::map<std::string, std::string> refused; // by key, in printable form: why
};

/// Believes what is well formed and shares no key, lane or address with `self` or with an older
/// entry. An entry of self's name is passed over.
[[nodiscard]] members_seen read_members(std::vector<etcd_entry> entries, std::string_view prefix,
                                        const member& self);

/// `self` and those seen, and who was known before: not alive if `absent_are_gone`, otherwise as
/// known. Whoever now shares a name, key, lane or address with one that was seen was replaced.
[[nodiscard]] membership joined(const membership& known, const member& self,
                                std::vector<member> seen, bool absent_are_gone);

} // namespace restante
