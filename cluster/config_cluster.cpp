#include "cluster/config_cluster.hpp"

#include "cluster/config_address.hpp"
#include "cluster/config_members.hpp"
#include "schemas/text.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace restante {

namespace {

constexpr const char* conflict = "config_conflict";
constexpr size_t prefix_digits_max = 15; // of a number in E.164

using durability = cluster_config::durability;
using source = cluster_config::source;

std::string shown(std::string_view value) { return "'" + clean(value, 128) + "'"; }

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter_or_digit(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void read_listen(table_reader& in, const node_config& others, cluster_config& out) {
  auto text = in.text("listen");
  if (!text)
    return;
  out.listen = std::move(*text);
  const auto address = parse_tcp_address(out.listen);
  if (!address) {
    in.refuse("listen", "config_address",
              "expected tcp://, a numeric address or *, and a port of 1 to 65535, found " +
                  shown(out.listen));
    return;
  }
  if (out.from == source::etcd && address->any)
    in.refuse("listen", conflict,
              "expected an address that peers reach beside membership \"etcd\", where it is "
              "registered, found " +
                  shown(out.listen));
  const auto refuse_if_of = [&](const std::optional<bind_address>& other, std::string_view whose) {
    if (other && collide(*address, *other))
      in.refuse("listen", conflict,
                "expected an address of its own, found that of " + std::string{whose});
  };
  refuse_if_of(parse_bind_address(others.metrics_address), "the metrics");
  for (size_t i = 0; i < others.endpoints.size(); ++i)
    refuse_if_of(parse_tcp_address(others.endpoints[i].address),
                 "endpoint " + std::to_string(i + 1));
}

void read_copies(table_reader& in, cluster_config& out) {
  const auto replicas = in.integer("replicas", config_ranges::replicas);
  const auto durable = in.word("durability", config_words::durabilities);
  const auto grace = in.integer("grace_seconds", config_ranges::grace_seconds);
  out.replicas = replicas ? static_cast<size_t>(*replicas) : out.replicas;
  out.acknowledged = static_cast<durability>(durable.value_or(0));
  out.grace = grace ? std::chrono::seconds{*grace} : out.grace;
  if (out.acknowledged == durability::replicated && out.replicas == 1)
    in.refuse("durability", conflict,
              "expected durability \"local\" beside replicas = 1, found \"replicated\": no other "
              "node could confirm a deposit");
}

/// http:// or https://, a host and a port, and nothing behind it.
bool web_address(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme))
      continue;
    const auto place = text.substr(scheme.size());
    if (place.starts_with('['))
      return parse_bind_address(place).has_value();
    const auto colon = place.find(':');
    const auto host = place.substr(0, colon);
    return colon != place.npos && parse_port(place.substr(colon + 1)) && !host.empty() &&
           letter_or_digit(host.front()) && std::all_of(host.begin(), host.end(), [](char c) {
             return letter_or_digit(c) || c == '-' || c == '.';
           });
  }
  return false;
}

/// etcd's gateways, and where in its keys the nodes register.
void read_etcd(table_reader& in, problem_log& problems, cluster_config& out) {
  in.require("etcd", "the addresses of its JSON gateways such as [\"http://127.0.0.1:2379\"]");
  in.require("lane", "a number that no other node has");
  for (const auto& [address, at] : in.texts("etcd")) {
    if (!web_address(address))
      problems.wrong(at, "config_address",
                     "expected http:// or https://, a host and a port, found " + shown(address));
    out.etcd.push_back(address);
  }
  if (const auto lane = in.integer("lane", config_ranges::lane))
    out.lane = static_cast<uint32_t>(*lane);
  out.etcd_prefix = in.text("etcd_prefix").value_or(std::string{etcd_prefix_default});
  const auto& prefix = out.etcd_prefix;
  if (!prefix.starts_with('/') || !prefix.ends_with('/') || prefix.size() > limits::name_bytes_max)
    in.refuse("etcd_prefix", "config_range",
              "expected a prefix of at most " + std::to_string(limits::name_bytes_max) +
                  " bytes that begins and ends with '/', found " + shown(prefix));
}

/// Keys that mean nothing beside this source of membership.
void refuse_others(table_reader& in, source from) {
  constexpr std::array<std::string_view, 3> of_etcd{"etcd", "etcd_prefix", "lane"};
  for (const auto key : of_etcd)
    if (from == source::fixed && in.has(key))
      in.refuse(key, conflict,
                "expected no " + std::string{key} + " beside membership \"static\", found one" +
                    (key == "lane" ? ": that of the [[cluster.member]] counts"
                                   : "; for etcd, set membership = \"etcd\""));
  if (from == source::etcd && in.has("member"))
    in.refuse("member", conflict,
              "expected no [[cluster.member]] beside membership \"etcd\", where nodes register "
              "themselves, found one");
}

/// Its digits; nothing when it is no prefix of a number in E.164.
std::optional<std::string> prefix_digits(std::string_view text) {
  const auto digits = text.substr(text.starts_with('+') ? 1 : 0);
  if (digits.empty() || digits.size() > prefix_digits_max || digits.front() == '0' ||
      !std::all_of(digits.begin(), digits.end(), digit))
    return std::nullopt;
  return std::string{digits};
}

bool has_member_in(const cluster_config& in, std::string_view region) {
  return std::any_of(in.members.begin(), in.members.end(), [&](const member& each) {
    return each.region == region || each.region.empty(); // which is in the log already
  });
}

void read_numbering(table_reader in, const cluster_config& cluster, problem_log& problems,
                    std::map<std::string, std::string>& regions) {
  in.require("region", "such as \"eu1\"");
  in.require("prefixes", "such as [\"+33\", \"+49\"]");
  const auto region = in.region("region");
  if (region && !cluster.members.empty() && !has_member_in(cluster, *region))
    in.refuse("region", conflict,
              "expected the region of a [[cluster.member]], found " + shown(*region));
  for (const auto& [prefix, at] : in.texts("prefixes")) {
    const auto digits = prefix_digits(prefix);
    if (!digits) {
      problems.wrong(at, "config_range",
                     "expected a prefix of 1 to " + std::to_string(prefix_digits_max) +
                         " digits such as \"+33\", found " + shown(prefix));
      continue;
    }
    const auto [known, fresh] = regions.emplace("+" + *digits, region.value_or(""));
    if (!fresh)
      problems.wrong(at, conflict,
                     "expected each prefix once, found '" + known->first + "', which region '" +
                         known->second + "' has already");
  }
  in.refuse_unknown_keys();
}

} // namespace

std::optional<cluster_config> read_cluster(table_reader& root, const node_config& others,
                                           problem_log& problems) {
  const auto* table = root.table("cluster");
  if (!table)
    return std::nullopt;
  table_reader in{"[cluster]", table, problems};
  in.require("node", "this node's name such as \"paris-1\"");
  in.require("listen", "where peers connect, such as \"tcp://10.0.0.1:5610\"");
  cluster_config out;
  out.node = in.node_name("node").value_or("");
  const auto from = in.word("membership", config_words::membership_sources);
  out.from = static_cast<source>(from.value_or(0));
  read_listen(in, others, out);
  read_copies(in, out);
  if (from || !in.has("membership")) { // a wrong word is neither
    refuse_others(in, out.from);
    if (out.from == source::fixed)
      read_members(in, others.region, problems, out);
    else
      read_etcd(in, problems, out);
  }
  for (const auto* const key : {"member", "etcd", "etcd_prefix", "lane"})
    in.pass_over(key);
  std::map<std::string, std::string> regions; // by prefix
  for (const auto* each : in.tables("numbering"))
    read_numbering({"[[cluster.numbering]]", each, problems}, out, problems, regions);
  out.numbering.assign(regions.begin(), regions.end());
  in.refuse_unknown_keys();
  return out;
}

} // namespace restante
