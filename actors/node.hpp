// The NODE: routes commands to mailboxes, loads them on first use, passivates the idle ones and
// rebuilds those that fail. It holds no message and no setting: a mailbox's actor is the only one
// that knows its contents.
//
// Invariants: at most one actor exists for a mailbox; commands for a mailbox that is being loaded
// or retired wait here, bounded, and are answered even when loading fails. Memory is bounded by the
// number of loaded mailboxes and of the messages in them, once a second.
#pragma once

#include "actors/log.hpp"
#include "actors/mailbox.hpp"
#include "schemas/limits.hpp"

namespace restante {

struct node_options {
  std::shared_ptr<const mailbox_services> services;
  /// A mailbox nobody used for this long is passivated.
  std::chrono::seconds idle{60};
  logger log;
  size_t active_messages_max = limits::active_messages_max;
};

node_actor spawn_node(caf::actor_system& system, node_options options);

} // namespace restante
