#include "cluster/walk_stations.hpp"

#include "cluster/cli_session.hpp"
#include "cluster/config_address.hpp"
#include "cluster/new_tenant.hpp"

#include <algorithm>

namespace restante {

namespace {

uint16_t loopback_port(const std::string& address, const std::string& what) {
  const auto parsed = parse_tcp_address(address);
  verify(parsed && (parsed->loopback || parsed->any),
         what + " on the loopback address, found " + address);
  return parsed->port;
}

const std::string& address_of(const walk_station& to, const walk_station& as_seen_by) {
  const auto& all = as_seen_by.config->cluster->members;
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const member& each) { return each.name == to.name; });
  verify(at != all.end(), to.name + " among the members that " + as_seen_by.name + " lists");
  return at->address;
}

} // namespace

std::vector<walk_station> stations_of(const walk_options& options) {
  std::vector<walk_station> out;
  const auto add = [&](const node_config& config, const std::filesystem::path& file) {
    verify(config.cluster.has_value(), "[cluster] in " + file.string());
    auto way_in = operator_of(config);
    if (!way_in)
      throw walk_failed{way_in.error()};
    out.push_back(
        {config.cluster->node, config.region, &config, file, client{*way_in}, std::nullopt, {}});
  };
  add(options.config, options.config_file);
  for (const auto& [config, file] : options.others)
    add(config, file);
  verify(std::any_of(out.begin(), out.end(),
                     [&](const auto& each) { return each.region != out.front().region; }),
         "a node in another region than " + out.front().region);
  return out;
}

identity client_at(const walk_station& there, const identity& who, role what) {
  auto out = fresh_identity(*there.config, who.tenant, what);
  if (!out)
    throw walk_failed{out.error()};
  out->public_key = who.public_key;
  out->secret_key = who.secret_key;
  return std::move(*out);
}

std::vector<walk_wire::path> link_between(const std::vector<walk_station>& all) {
  std::vector<walk_wire::path> out;
  for (const auto& to : all)
    for (const auto& from : all) {
      if (to.region == from.region)
        continue;
      const auto what = "the link from " + from.name + " to " + to.name;
      const walk_wire::path path{loopback_port(address_of(to, from), what),
                                 loopback_port(to.config->cluster->listen, what)};
      verify(path.from != path.to, from.name + " to list " + to.name +
                                       " at a port of its own, that the link is carried from");
      if (std::find(out.begin(), out.end(), path) == out.end())
        out.push_back(path);
    }
  return out;
}

bool ready(walk_cast& cast, walk_station& there) {
  const auto told = cast.ask<answer::status>(there.operator_, ask::status{}).answer.figures;
  const std::pair<std::string, std::string> wanted{"cluster.ready", "yes"};
  return std::find(told.begin(), told.end(), wanted) != told.end();
}

bool knows(walk_cast& cast, walk_station& there, const std::string& tenant) {
  const auto all = cast.ask<answer::tenants>(there.operator_, ask::tenant_list{}).answer.all;
  return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.name == tenant; });
}

std::optional<answer::profile> held_at(walk_cast& cast, walk_station& there,
                                       const std::string& tenant) {
  auto got = cast.ask<answer::subscribers>(
      there.operator_, ask::subscriber_list{tenant, std::nullopt, limits::list_page_max});
  if (got.answer.page.empty())
    return std::nullopt;
  return std::move(got.answer.page.front());
}

} // namespace restante
