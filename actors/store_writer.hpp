// The single writer of the disk. Commits of many mailboxes share one batch and one fsync: what
// arrives while a batch syncs forms the next one (group commit).
//
// Invariants: a commit is answered once, after its rows are durable or certainly refused;
// sequence numbers of changes are dense and in the order of the log; after a failed write nothing
// is acknowledged any more and `fatal` has been called: the process must stop, reopen and verify.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log.hpp"

#include <functional>

namespace restante {

/// Where the numbering goes on; read from the store before the writer starts.
struct log_position {
  uint64_t change = 0;
  uint64_t record = 0;
  uint64_t hlc = 0;
};

/// Reads the position from the newest rows, and what a repair left: behind numbers that may have
/// been given out in rows that are lost.
[[nodiscard]] result<log_position> read_log_position(const kv_store& store);

struct store_writer_options {
  std::shared_ptr<kv_store> store;
  log_position at;
  std::function<void(const failure&)> fatal;
  logger log = {};
  bool tells_rows = false; // log_grew says what was written
};

/// Spawns the writer; `detached` in a node, cooperative in deterministic tests.
store_writer_actor spawn_store_writer(caf::actor_system& system, store_writer_options options,
                                      bool detached);

} // namespace restante
