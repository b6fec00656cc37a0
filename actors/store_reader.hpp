// Reads the disk for actors that must not block. Stateless; detached in a node. A separate actor
// from the writer, so that nobody who reads waits for an fsync.
#pragma once

#include "actors/interfaces.hpp"

namespace restante {

store_reader_actor spawn_store_reader(caf::actor_system& system,
                                      std::shared_ptr<const kv_store> store, bool detached);

} // namespace restante
