// Between the actor that speaks with other nodes and the link that carries it (bridges/peer_bridge;
// in tests a simulated one).
#pragma once

#include "actors/interfaces.hpp"
#include "actors/placement.hpp"
#include "schemas/peer_messages.hpp"

#include <set>

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
  uint64_t sequence = 0; // 0: any up to now, of a deposit that was repeated
  milliseconds patience{0};
};

/// How this node sees its cluster now.
struct standing {
  std::shared_ptr<const placement> places;
  /// It has what happened elsewhere while it was away, so it may serve. Once so, it stays so.
  bool caught_up = false;
  std::set<std::string> greeted; // peers whose hello was taken: they may pass requests on
  std::set<std::string> welcome; // peers that took ours
  friend bool operator==(const standing&, const standing&) = default;
};
using standing_ptr = std::shared_ptr<const standing>;
using standing_listener = caf::typed_actor<caf::reacts_to<standing_ptr>>;

/// The node gives its mailboxes to the others, or takes them again.
struct set_draining {
  bool on = true;
};

/// Ships this node's changes to those who hold their mailboxes, and takes theirs.
using replicator_actor =
    caf::typed_actor<caf::reacts_to<peer_event_batch>, caf::reacts_to<log_grew>,
                     caf::reacts_to<membership_ptr>, caf::replies_to<await_copy>::with<answered>,
                     caf::replies_to<node_status_request>::with<answered>,
                     caf::replies_to<set_draining>::with<answered>>;

/// Who carries out what is to be done here; told once they are there.
struct carried_out_by {
  directory_actor directory;
  replicator_actor replicator;
};

/// Takes requests to the node that serves their mailbox. To everybody else here it is the node and
/// the directory.
using forwarder_actor =
    caf::typed_actor<caf::replies_to<command_ptr>::with<answered>,
                     caf::replies_to<node_status_request>::with<answered>,
                     caf::replies_to<tenant_request_ptr>::with<answered>,
                     caf::replies_to<learn_names>::with<answered>, caf::reacts_to<peer_event_batch>,
                     caf::reacts_to<standing_ptr>, caf::reacts_to<carried_out_by>>;

} // namespace restante
RESTANTE_LOCAL_MESSAGE(restante::set_draining)
RESTANTE_LOCAL_MESSAGE(restante::standing_ptr)
RESTANTE_LOCAL_MESSAGE(restante::carried_out_by)
RESTANTE_LOCAL_MESSAGE(restante::peer_event_batch)
RESTANTE_LOCAL_MESSAGE(restante::membership_ptr)
RESTANTE_LOCAL_MESSAGE(restante::await_copy)
