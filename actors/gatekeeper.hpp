// The GATEKEEPER of the device side. A request from a device is first answered with a challenge;
// only the same request with that challenge and a PIN goes on to the mailbox, which counts and
// checks the PIN. From outside, a wrong number, message or PIN look and cost the same: for
// subscribers that do not exist, attempts are counted, paused and hashed as for those that do.
//
// A challenge is a keyed hash over tenant, subscriber, message, operation, request id and expiry:
// nothing is stored until it is used, and it can be used once. Its key lives as long as the
// process; a restart voids open challenges.
#pragma once

#include "actors/interfaces.hpp"

namespace restante {

struct gatekeeper_options {
  store_writer_actor writer;
  store_reader_actor reader;
  pin_hasher_actor hasher;
  directory_actor directory;
  environment_ptr environment;
  secret_key challenge_key;
};

gatekeeper_actor spawn_gatekeeper(caf::actor_system& system, gatekeeper_options options);

} // namespace restante
