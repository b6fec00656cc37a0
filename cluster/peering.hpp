// This node among the others of its cluster: the sockets to them, who they are, and the two actors
// that speak with them. Made only when the configuration has [cluster]. Owner: the engine, which
// keeps the actors too.
#pragma once

#include "actors/forwarder.hpp"
#include "actors/replicator.hpp"
#include "bridges/peer_bridge.hpp"
#include "cluster/config.hpp"
#include "cluster/etcd_membership.hpp"
#include "cluster/node_keys.hpp"

#include <mutex>

namespace restante {

class peering {
public:
  /// Binds the address for peers; with etcd, asks it who is there (2 seconds for each of its
  /// endpoints at most). `config.cluster` is there. Failure: invalid_request
  /// (`cluster_unbindable`, `cluster_key_other`: this node's key is not the one its member list
  /// gives).
  [[nodiscard]] static result<std::unique_ptr<peering>>
  bind(const node_config& config, const node_keys& keys, probe& figures, const logger& log);

  /// What mailboxes need to know of the cluster: where their subscribers may roam, which grows as
  /// members join, and the lane of this node's numbers.
  void describe(mailbox_environment& out) const;

  [[nodiscard]] forwarder_actor spawn_entrance(caf::actor_system& system, const node_actor& node,
                                               const environment_ptr& environment,
                                               const std::shared_ptr<tenant_registry>& tenants);

  /// `with` has everything that is not the cluster's own.
  [[nodiscard]] replicator_actor spawn_replication(caf::actor_system& system,
                                                   replicator_options with,
                                                   const forwarder_actor& entrance);

  /// Begins to speak with the others.
  void start(const forwarder_actor& entrance, const replicator_actor& replicator);

  /// Hears of no other members any more. Before the actors end.
  void settle();

  /// Closes the sockets. After the actors have ended, which send by them.
  void stop() { link_.stop(); }

private:
  peering(const node_config& config, const node_keys& keys, probe& figures, const logger& log);

  void ask_etcd(member self);
  void meet(const membership_ptr& now);

  cluster_config config_;
  std::string region_;
  digest cluster_;
  membership_ptr members_;
  std::shared_ptr<region_list> regions_ = std::make_shared<region_list>();
  logger log_;
  peer_bridge link_;
  std::unique_ptr<etcd_membership> etcd_; // none: the members are those of the configuration
  std::mutex mutex_;
  replicator_actor replicator_; // guarded by mutex_; who hears of other members
};

} // namespace restante
