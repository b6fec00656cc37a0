// The REPLICATOR: speaks with the other nodes for this one. What happens here it ships, in the
// order of the log, to every node that holds a copy of the mailbox concerned; what they ship it has
// the mailboxes take in, and says so only when it is on disk.
//
// Invariants: a peer's position in the log moves past a change only when the peer has said that the
// change, and all before it, is on its disk; it is kept in the store, so a restart ships some
// things twice and nothing never. A node that is to hold a partition counts as complete only when
// every mailbox of it was compared with it and what differed was shipped (`seeded`, kept with the
// position); both are void when the peer comes with another store. A copy that is no longer wanted
// here is sealed first and goes when home has all that was ever changed in it.
// Parts, in replicator_parts.hpp: outgoing (to one peer), incoming (from one peer), leavers (copies
// that go), copy_waiters (who waits for a second copy).
// Owner: the engine.
#pragma once

#include "actors/log.hpp"
#include "actors/peer_interfaces.hpp"
#include "actors/placement.hpp"

#include <functional>

namespace restante {

struct replicator_options {
  store_writer_actor writer;
  store_reader_actor reader;
  node_actor node;
  directory_actor directory;
  environment_ptr environment;
  digest cluster;         // fingerprint of the cluster's identity key
  membership_ptr members; // at first; later ones come as messages
  size_t replicas = 2;
  milliseconds grace = std::chrono::seconds{5};        // a peer silent for so long counts as gone
  milliseconds verify_every = std::chrono::minutes{1}; // copies are compared with those of peers
  uint64_t newest = 0;                                 // of the log
  std::function<void(peer_outbound)> send;             // never blocks
  standing_listener listener = {};                     // told whenever it changes; may be none
  /// The store is an older copy of what it was. It has been given another incarnation; the process
  /// must end, and begin again with that.
  std::function<void(const failure&)> fatal = [](const failure&) {};
  logger log;
};

replicator_actor spawn_replicator(caf::actor_system& system, replicator_options options);

} // namespace restante
