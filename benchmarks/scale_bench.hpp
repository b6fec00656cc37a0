// What many mailboxes cost: a `restanted` for each number of them, from 1,000 in steps of ten up to
// the number asked for, every mailbox with one message. Start-up, memory, the first deposit into a
// mailbox nobody used since, and deposits a second at each size, measured in turn.
#pragma once

#include "benchmarks/load.hpp"

#include <filesystem>
#include <vector>

namespace restante::bench {

struct scale_options {
  size_t mailboxes = 1'000'000; // of the largest node
  size_t size = 1024;           // bytes of one recording
  size_t window = 256;          // deposits open at a time
  size_t count = 50'000;        // deposits of one round
  size_t rounds = 3;            // at each number of mailboxes
  std::filesystem::path directory;
};

/// The smallest node, against which the others are measured.
inline constexpr size_t few_mailboxes = 1'000;

struct scale_figures {
  struct measured {
    std::vector<load_figures> rounds;
    load_figures middle;
  };
  struct at_size {
    size_t mailboxes = 0;
    measured first; // each into the mailbox that got its last one longest ago
    measured again; // into the same ones once more: they are in memory
  };
  std::vector<at_size> sizes; // the fewest mailboxes first

  // Of the largest node, with nothing of its files in memory.
  double start_after_kill_seconds = 0; // kill -9 after the last deposit
  uint64_t log_bytes_read_back = 0;    // by that start
  double start_seconds = 0;            // after a stop, nothing to read back

  // Resident memory after such a start; the difference for each mailbox more.
  double resident_few = 0, resident_all = 0;
  double idle_bytes = 0;

  // One at a time: into mailboxes nobody used since the start, then into the same again.
  load_figures first_deposits, next_deposits;

  // Resident memory for each mailbox in use, and what of it stays when they have left memory.
  size_t active_measured = 0;
  double active_bytes = 0, passivated_bytes = 0;

  // Deposits a second at the most mailboxes below those at the fewest, 0 to 1: `first` and `again`.
  double slower = 0, slower_again = 0;
};

/// Runs it, telling progress on standard error. Throws std::runtime_error with what went wrong.
[[nodiscard]] scale_figures run_scale(const scale_options& how);

} // namespace restante::bench
