// Deposits against a node of its own: the whole path, from an adapter's socket to the disk and
// back; alone, or in turn with the floor (benchmarks/floor.hpp). What it reports is what a client
// sees, on the machine it runs on.
#pragma once

#include "benchmarks/load.hpp"
#include "benchmarks/site.hpp"

#include <vector>

namespace restante::bench {

struct deposit_options {
  size_t size = 1024;        // bytes of one recording
  size_t window = 256;       // deposits open at a time
  size_t rate = 0;           // sent a second; 0: as many as the window lets through
  size_t count = 50'000;     // deposits measured
  size_t mailboxes = 20'000; // they are spread over
  bool by_number = false; // addressed as switches do, which the node looks up; else by profile id
  site at;
};

/// Runs it, telling progress on standard error. Throws std::runtime_error with what went wrong.
[[nodiscard]] load_figures run_deposits(const deposit_options& how);

/// Floor and engine in turn, so that what the machine does meanwhile meets both.
struct floor_comparison {
  std::vector<load_figures> floors, engines; // one a round
  load_figures floor, engine;                // the rounds in the middle, by deposits a second
  double ratio = 0;                          // engine to floor, of those in the middle
};

/// Throws std::runtime_error, also when the floor did not store what it acknowledged.
[[nodiscard]] floor_comparison run_against_floor(const deposit_options& how, size_t rounds);

} // namespace restante::bench
