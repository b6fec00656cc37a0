// The NOTIFIER: hands the outbox to SMS gateways. A row stays in the outbox until a gateway has
// taken the text over (then, in one commit, the row goes and a record comes), refused it for good,
// or it has become too old. Each text has one id, however often it is handed over.
//
// Invariants: a text is with at most one gateway session at a time; no gateway has more texts open
// than its credit; nothing is kept in memory but the texts that are open.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log.hpp"

namespace restante {

struct notifier_options {
  store_writer_actor writer;
  store_reader_actor reader;
  environment_ptr environment;
  milliseconds retry_base{5'000}; // after the first temporary failure; doubles
  milliseconds retry_max{15 * 60'000};
  milliseconds give_up{24 * 3'600'000};
  milliseconds answer_within{30'000}; // a gateway that says nothing for so long: hand over again
  logger log;
};

notifier_actor spawn_notifier(caf::actor_system& system, notifier_options options);

/// The pause after `attempts` temporary failures.
[[nodiscard]] milliseconds retry_pause(milliseconds base, milliseconds most, uint32_t attempts);

} // namespace restante
