// Between the actor that speaks with other nodes and the link that carries it (bridges/peer_bridge;
// in tests a simulated one).
#pragma once

#include "actors/interfaces.hpp"
#include "actors/membership.hpp"
#include "schemas/peer_messages.hpp"

namespace restante {

/// What came from a peer. `ours`: by the connection this node made (welcome, applied, answer, ...);
/// otherwise by the peer's connection to us (hello, batch, forward, ...), to be answered there.
struct peer_inbound {
  std::string peer; // its name: known by its key
  bool ours = false;
  peer::message what;       // a frame that could not be decoded comes as `failure`
  bool undecodable = false; // ... and with this
};
struct peer_outbound {
  std::string peer;
  bool ours = false; // send by the connection this node made
  peer::message what;
};
/// The connection to a peer came up (a new one: say hello) or went down. `ours` as above.
struct peer_connection {
  std::string peer;
  bool ours = false;
  bool up = false;
};
using peer_event = std::variant<peer_inbound, peer_connection>;
using peer_event_batch = std::shared_ptr<std::vector<peer_event>>;

using membership_ptr = std::shared_ptr<const membership>;

/// Asks whether a change of this node's log is on a second disk; answered when it is, by
/// `outcome_unknown` when the patience is over.
struct await_copy {
  mailbox_id mailbox;
  std::string region;
  std::string location;
  uint64_t sequence = 0;
  milliseconds patience{0};
};

/// Ships this node's changes to those who hold their mailboxes, and takes theirs.
using replicator_actor =
    caf::typed_actor<caf::reacts_to<peer_event_batch>, caf::reacts_to<log_grew>,
                     caf::reacts_to<membership_ptr>, caf::replies_to<await_copy>::with<answered>>;

} // namespace restante
RESTANTE_LOCAL_MESSAGE(restante::peer_event_batch)
RESTANTE_LOCAL_MESSAGE(restante::membership_ptr)
RESTANTE_LOCAL_MESSAGE(restante::await_copy)
