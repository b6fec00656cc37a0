#include "cluster/etcd_members.hpp"

#include "cluster/config.hpp"
#include "cluster/member_rules.hpp"
#include "schemas/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace restante {

namespace {

using json = nlohmann::json;

constexpr size_t value_bytes_max = 4096;
constexpr size_t shown_bytes_max = 128;

template <class T>
std::optional<T> field(const json& of, const char* name) {
  const auto found = of.is_object() ? of.find(name) : of.end();
  if (!of.is_object() || found == of.end())
    return std::nullopt;
  const auto* value = found->template get_ptr<const T*>();
  return value ? std::optional<T>{*value} : std::nullopt;
}

json parsed(std::string_view value) { return json::parse(value, nullptr, false); }

/// Reads one entry, or says what was expected.
tl::expected<member, std::string> read_member(std::string_view name, std::string_view value) {
  member one;
  one.name = name;
  if (!member_rules::is_node_name(name))
    return tl::unexpected<std::string>{"its name is no node's"};
  if (value.size() > value_bytes_max)
    return tl::unexpected{"it is larger than " + std::to_string(value_bytes_max) + " bytes"};
  const auto fields = parsed(value);
  one.region = field<std::string>(fields, "region").value_or("");
  if (!member_rules::is_region(one.region))
    return tl::unexpected<std::string>{"it has no region of 1 to 16 of a-z and 0-9"};
  one.address = field<std::string>(fields, "address").value_or("");
  if (!member_rules::peer_address(one.address))
    return tl::unexpected<std::string>{"it has no address such as tcp://10.0.0.1:5610"};
  auto key = key_in(value);
  if (!key)
    return tl::unexpected<std::string>{"it has no public_key of 64 hex digits"};
  one.public_key = std::move(*key);
  const auto lane = field<uint64_t>(fields, "lane");
  if (!lane || *lane > static_cast<uint64_t>(config_ranges::lane.max))
    return tl::unexpected{"it has no lane of 0 to " + std::to_string(config_ranges::lane.max)};
  one.lane = static_cast<uint32_t>(*lane);
  const auto draining = field<bool>(fields, "draining");
  if (!draining)
    return tl::unexpected<std::string>{"it does not say whether it is draining"};
  one.draining = *draining;
  return one;
}

} // namespace

std::string members_prefix(std::string_view prefix) { return std::string{prefix} + "members/"; }

etcd_entry member_entry(std::string_view prefix, const member& who) {
  const json value{{"region", who.region},
                   {"address", who.address},
                   {"public_key", to_hex(who.public_key)},
                   {"lane", who.lane},
                   {"draining", who.draining}};
  return {members_prefix(prefix) + who.name, value.dump()};
}

etcd_entry lane_entry(std::string_view prefix, const member& who) {
  const json value{{"name", who.name}, {"public_key", to_hex(who.public_key)}};
  return {std::string{prefix} + "lanes/" + std::to_string(who.lane), value.dump()};
}

std::optional<std::string> key_in(std::string_view value) {
  if (value.size() > value_bytes_max)
    return std::nullopt;
  const auto hex = field<std::string>(parsed(value), "public_key");
  return hex ? member_rules::key_from_hex(*hex) : std::nullopt;
}

members_seen read_members(std::vector<etcd_entry> entries, std::string_view prefix,
                          const member& self) {
  // Who was there first stays, on every node.
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.created < b.created; });
  members_seen out;
  for (const auto& entry : entries) {
    const auto name = std::string_view{entry.key}.substr(members_prefix(prefix).size());
    if (name == self.name)
      continue;
    const auto refuse = [&](std::string why) {
      out.refused.emplace(clean(entry.key, shown_bytes_max), std::move(why));
    };
    auto one = read_member(name, entry.value);
    if (!one) {
      refuse(std::move(one.error()));
      continue;
    }
    const auto collides = [&](const member& with) {
      const auto* const what = member_rules::shared(*one, with);
      if (what)
        refuse("it has the " + std::string{what} + " of " + with.name);
      return what != nullptr;
    };
    if (!collides(self) && std::none_of(out.members.begin(), out.members.end(), collides))
      out.members.push_back(std::move(*one));
  }
  return out;
}

membership joined(const membership& known, const member& self, std::vector<member> seen,
                  bool absent_are_gone) {
  membership out{self.name, std::move(seen)};
  out.members.push_back(self);
  const auto present = out.members.size();
  for (const auto& before : known.members) {
    const auto replaces = [&](const member& now) { return member_rules::shared(before, now); };
    if (std::any_of(out.members.begin(), out.members.begin() + static_cast<ptrdiff_t>(present),
                    replaces))
      continue;
    out.members.push_back(before);
    out.members.back().alive = before.alive && !absent_are_gone;
  }
  std::sort(out.members.begin(), out.members.end(),
            [](const member& a, const member& b) { return a.name < b.name; });
  return out;
}

} // namespace restante
