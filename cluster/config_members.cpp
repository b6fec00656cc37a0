#include "cluster/config_members.hpp"

#include "cluster/member_rules.hpp"
#include "schemas/text.hpp"

#include <algorithm>

namespace restante {

namespace {

constexpr const char* conflict = "config_conflict";

std::string shown(std::string_view value) { return "'" + clean(value, 128) + "'"; }

/// One [[cluster.member]]. What could not be read is empty, and so not compared.
struct candidate {
  member what;
  std::optional<bind_address> place;
  std::optional<int64_t> lane;
};

std::string read_key(table_reader& in) {
  const auto text = in.text("public_key");
  if (!text)
    return {};
  if (auto key = member_rules::key_from_hex(*text))
    return std::move(*key);
  in.refuse("public_key", "config_range",
            "expected a CURVE key of " + std::to_string(2 * member_rules::key_bytes) +
                " hex digits, found " + shown(*text));
  return {};
}

std::optional<bind_address> read_address(table_reader& in, member& out) {
  auto text = in.text("address");
  if (!text)
    return std::nullopt;
  out.address = std::move(*text);
  auto place = member_rules::peer_address(out.address);
  if (!place)
    in.refuse("address", "config_address",
              "expected tcp://, a numeric address that peers reach, and a port of 1 to 65535, "
              "found " +
                  shown(out.address));
  return place;
}

candidate read_candidate(table_reader& in) {
  in.require("name", "such as \"paris-1\"");
  in.require("region", "such as \"eu1\"");
  in.require("address", "such as \"tcp://10.0.0.1:5610\"");
  in.require("public_key", "64 hex digits");
  in.require("lane", "a number that no other member has");
  candidate one;
  one.what.name = in.node_name("name").value_or("");
  one.what.region = in.region("region").value_or("");
  one.place = read_address(in, one.what);
  one.what.public_key = read_key(in);
  one.lane = in.integer("lane", config_ranges::lane);
  one.what.lane = static_cast<uint32_t>(one.lane.value_or(0));
  in.refuse_unknown_keys();
  return one;
}

/// `number` is that of the other, counted from 1.
void refuse_shared(table_reader& in, const candidate& one, const candidate& other, size_t number) {
  const auto refuse_if = [&](bool shared, std::string_view key, const char* what) {
    if (shared)
      in.refuse(key, conflict,
                std::string{"expected "} + what + " of its own, found that of member " +
                    std::to_string(number));
  };
  const auto alike = [](const auto& a, const auto& b) { return !a.empty() && a == b; };
  refuse_if(alike(one.what.name, other.what.name), "name", "a name");
  refuse_if(one.place && other.place && member_rules::same_place(*one.place, *other.place),
            "address", "an address");
  refuse_if(alike(one.what.public_key, other.what.public_key), "public_key", "a key");
  refuse_if(one.lane && one.lane == other.lane, "lane", "a lane");
}

std::vector<const toml::table*> member_tables(table_reader& in, problem_log& problems) {
  auto tables = in.tables("member");
  if (tables.empty())
    problems.absent(in.position("member"),
                    "expected a [[cluster.member]] for each node, this one too, found none");
  if (tables.size() > limits::uid_lanes_max) {
    problems.wrong(position_of(tables[limits::uid_lanes_max]->source()), "config_range",
                   "expected at most " + std::to_string(limits::uid_lanes_max) +
                       " members, found " + std::to_string(tables.size()));
    tables.clear();
  }
  return tables;
}

} // namespace

void read_members(table_reader& in, const std::string& region, problem_log& problems,
                  cluster_config& out) {
  std::vector<candidate> all;
  for (const auto* table : member_tables(in, problems)) {
    table_reader each{"[[cluster.member]]", table, problems};
    auto one = read_candidate(each);
    for (size_t i = 0; i < all.size(); ++i)
      refuse_shared(each, one, all[i], i + 1);
    if (one.what.name == out.node && !one.what.region.empty() && !region.empty() &&
        one.what.region != region)
      each.refuse("region", conflict,
                  "expected '" + region + "', the region in [node], for the member that is this " +
                      "node, found " + shown(one.what.region));
    all.push_back(std::move(one));
  }
  for (auto& one : all)
    out.members.push_back(std::move(one.what));
  std::sort(out.members.begin(), out.members.end(),
            [](const member& a, const member& b) { return a.name < b.name; });
  // A name that could not be read may be the one that is missed, and is in the log already.
  if (out.members.empty() || out.members.front().name.empty() || out.node.empty())
    return;
  const auto self = std::find_if(out.members.begin(), out.members.end(),
                                 [&](const member& each) { return each.name == out.node; });
  if (self == out.members.end())
    in.refuse("node", conflict,
              "expected the name of a [[cluster.member]], found " + shown(out.node) +
                  "; list every node, this one too");
  else
    out.lane = self->lane;
}

} // namespace restante
