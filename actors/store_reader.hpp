// Reads the disk for actors that must not block; detached in a node. A separate actor from the
// writer, so that nobody who reads waits for an fsync. The teller, of all readers of a node, hears
// of damage; without one nobody does.
#pragma once

#include "actors/damage_teller.hpp"
#include "actors/interfaces.hpp"

namespace restante {

store_reader_actor spawn_store_reader(caf::actor_system& system,
                                      std::shared_ptr<const kv_store> store, bool detached,
                                      std::shared_ptr<damage_teller> teller = {});

} // namespace restante
