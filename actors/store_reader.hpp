// Reads the disk for actors that must not block; detached in a node. A separate actor from the
// writer, so that nobody who reads waits for an fsync. Logs each damaged place once, with what to
// do about it; its callers learn only that something can't be read.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log.hpp"

namespace restante {

store_reader_actor spawn_store_reader(caf::actor_system& system,
                                      std::shared_ptr<const kv_store> store, bool detached,
                                      logger log = {});

} // namespace restante
