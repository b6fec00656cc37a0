// One history: a cluster, its clients and its weather for some minutes of virtual time, then calm
// until all has come to rest, all drawn from one seed; the checker looks on from beginning to end.
#pragma once

#include "tests/simulation/trace.hpp"

#include <optional>

namespace restante::simulation {

struct history {
  uint64_t seed = 0;
  std::string plan;                  // what was drawn, for people
  std::optional<std::string> broken; // the promise that was not kept
  uint64_t hash = 0;                 // of everything that happened
  uint64_t lines = 0;
  moment lasted = 0;
  size_t acknowledged = 0;        // deposits
  size_t messages = 0;            // between nodes
  std::vector<std::string> trace; // when it was asked for
};

[[nodiscard]] history live_through(uint64_t seed, bool keep_trace);

} // namespace restante::simulation
