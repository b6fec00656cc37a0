#include "cluster/peering.hpp"

#include "bridges/curve_keys.hpp"

#include <algorithm>

namespace restante {

namespace {

std::string raw(const secret_key& key) {
  return {reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()};
}

/// Nodes share what makes ids and what is hashed into PINs; this tells whether they do.
digest fingerprint(const node_keys& keys) {
  std::string_view of_pins[] = {"restante cluster"};
  const auto pins = keyed_digest(keys.pepper, of_pins);
  std::string_view parts[] = {"restante cluster", pins.view()};
  return keyed_digest(keys.identity, parts);
}

peer_bridge::options link_options(const cluster_config& from, const node_keys& keys, probe& figures,
                                  const logger& log) {
  return {from.listen, raw(keys.curve), &figures, log};
}

} // namespace

peering::peering(const node_config& config, const node_keys& keys, probe& figures,
                 const logger& log)
    : config_{*config.cluster}
    , region_{config.region}
    , cluster_{fingerprint(keys)}
    , members_{std::make_shared<const membership>(membership{config_.node, config_.members})}
    , log_{log}
    , link_{link_options(config_, keys, figures, log)} {}

result<std::unique_ptr<peering>> peering::bind(const node_config& config, const node_keys& keys,
                                               probe& figures, const logger& log) {
  const auto& from = *config.cluster;
  const auto own = public_of(raw(keys.curve));
  const auto self = std::find_if(from.members.begin(), from.members.end(),
                                 [&](const member& each) { return each.name == from.node; });
  if (from.from == cluster_config::source::fixed &&
      (self == from.members.end() || self->public_key != own))
    return fail(errc::invalid_request, "cluster_key_other",
                "[[cluster.member]] " + from.node + " has another public key than this node's " +
                    "curve.key, which is " + to_hex(own));
  try {
    std::unique_ptr<peering> out{new peering{config, keys, figures, log}};
    if (from.from == cluster_config::source::etcd)
      out->ask_etcd({from.node, config.region, from.listen, own, from.lane});
    return out;
  } catch (const zmq::error_t& e) {
    return fail(errc::invalid_request, "cluster_unbindable",
                "[cluster] listen = \"" + from.listen + "\" can't be bound (" + e.what() +
                    "): is another restanted running, or the address not of this machine?");
  }
}

void peering::ask_etcd(member self) {
  etcd_membership_options how;
  how.self = std::move(self);
  how.endpoints = config_.etcd;
  how.prefix = config_.etcd_prefix;
  how.grace = config_.grace;
  how.log = log_;
  how.changed = [this](const membership_ptr& now) { meet(now); };
  etcd_ = std::make_unique<etcd_membership>(std::move(how));
  members_ = etcd_->first();
}

void peering::meet(const membership_ptr& now) {
  std::lock_guard lock{mutex_};
  for (const auto& each : now->members)
    regions_->add(each.region);
  if (!replicator_)
    return;
  caf::anon_send(replicator_, now); // before it hears of their connections
  link_.set_members(now);
}

void peering::describe(mailbox_environment& out) const {
  out.uid_lane = members_->find(config_.node)->lane;
  out.uid_lanes = limits::uid_lanes_max;
  out.pin_copies = static_cast<uint32_t>(config_.replicas) + 1; // and where the subscriber roams
  regions_->add(region_);
  for (const auto& each : members_->members)
    regions_->add(each.region);
  for (const auto& [prefix, region] : config_.numbering)
    regions_->add(region);
  out.regions = regions_;
}

forwarder_actor peering::spawn_entrance(caf::actor_system& system, const node_actor& node,
                                        const environment_ptr& environment,
                                        const std::shared_ptr<tenant_registry>& tenants) {
  forwarder_options how{config_.node, node, environment, tenants};
  how.numbering = numbering_plan{config_.numbering};
  how.replicated = config_.acknowledged == cluster_config::durability::replicated;
  how.send = link_.delivery();
  how.log = log_;
  return spawn_forwarder(system, std::move(how));
}

replicator_actor peering::spawn_replication(caf::actor_system& system, replicator_options with,
                                            const forwarder_actor& entrance) {
  with.cluster = cluster_;
  with.members = members_;
  with.replicas = config_.replicas;
  with.grace = config_.grace;
  with.send = link_.delivery();
  with.listener = entrance;
  with.log = log_;
  return spawn_replicator(system, std::move(with));
}

void peering::start(const forwarder_actor& entrance, const replicator_actor& replicator) {
  link_.start([entrance, replicator](const peer_event_batch& what) {
    caf::anon_send(replicator, what);
    caf::anon_send(entrance, what);
  });
  link_.set_members(members_);
  {
    std::lock_guard lock{mutex_};
    replicator_ = replicator;
  }
  if (etcd_)
    etcd_->start();
}

void peering::settle() {
  if (etcd_)
    etcd_->stop();
  std::lock_guard lock{mutex_};
  replicator_ = nullptr;
}

} // namespace restante
