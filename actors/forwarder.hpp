// The FORWARDER: takes each request to a node that serves its mailbox, and the answer back. It
// stands where node and directory stand on a node that is alone.
//
// Who may serve a mailbox: the holder where its subscriber roams, the nodes that hold it at home,
// in the order in which they take over. They are asked one after the other until one does: a node
// refuses while it has not caught up, and what it does not have. Only the node where a request came
// from a client asks others; what a peer passed on is carried out or refused, so there are no
// loops. A request that has reached a mailbox is not taken anywhere else, whatever comes of it.
//
// It also has deposits wait for a second disk when they are to (`durability`), and tells the
// tenants to every node that connects. Owner: the engine.
#pragma once

#include "actors/log.hpp"
#include "actors/numbering_plan.hpp"
#include "actors/peer_interfaces.hpp"

#include <functional>

namespace restante {

struct forwarder_options {
  std::string name; // this node's
  node_actor node;
  environment_ptr environment;
  std::shared_ptr<tenant_registry> tenants;
  numbering_plan numbering = {};
  bool replicated = false; // what a deposit that does not say waits for: a second disk
  std::function<void(peer_outbound)> send; // never blocks
  logger log = {};
};

forwarder_actor spawn_forwarder(caf::actor_system& system, forwarder_options options);

} // namespace restante
