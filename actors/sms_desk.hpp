// The SMS DESK: carries out what subscribers text to a short code. The network asserts the sender's
// number, so a text acts for that number only - and still needs the PIN to delete.
//
// Invariants: a text is answered to its gateway once what it asked for is durable; a repeated id of
// one gateway is taken over again without being carried out twice; a number that says nothing we
// understand is told how to at most once a day, across restarts.
#pragma once

#include "actors/interfaces.hpp"

namespace restante {

struct sms_desk_options {
  store_writer_actor writer;
  store_reader_actor reader;
  directory_actor directory;
  environment_ptr environment;
};

sms_desk_actor spawn_sms_desk(caf::actor_system& system, sms_desk_options options);

} // namespace restante
