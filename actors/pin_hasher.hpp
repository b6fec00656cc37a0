// Hashes and verifies PINs off the scheduler's threads. One worker thread at a time does Argon2id
// (17 ms and 19 MiB each); the rest wait in a bounded queue, and beyond it callers get `busy`.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/pin_hash.hpp"

namespace restante {

struct pin_hasher_options {
  secret_key pepper;
  hash_cost cost;
};

/// `detached` puts the worker on a thread of its own; tests keep it cooperative.
pin_hasher_actor spawn_pin_hasher(caf::actor_system& system, pin_hasher_options options,
                                  bool detached);

} // namespace restante
