// Time as replicas agree on it: a hybrid logical clock. A stamp orders two writes of one register
// on any nodes; it never goes back on one node, not even across restarts, because the largest
// stamp is stored with every commit and `hybrid_clock` starts above it.
#pragma once

#include "schemas/error.hpp"

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>

namespace restante {

/// Milliseconds since 1970-01-01 UTC.
using wall_ms = int64_t;

/// Where the engine's wall time comes from; tests pass their own.
using wall_clock = std::function<wall_ms()>;

/// The machine's clock.
wall_ms system_now();

/// 48 bits of milliseconds and 16 bits of counter; ties between nodes go to the incarnation.
struct stamp {
  uint64_t hlc = 0;
  uint64_t incarnation = 0;

  friend auto operator<=>(const stamp&, const stamp&) = default;
  [[nodiscard]] bool unset() const { return hlc == 0; }
  [[nodiscard]] wall_ms milliseconds() const { return static_cast<wall_ms>(hlc >> 16); }
};

/// Gives out stamps. Shared by all mailboxes of a node; safe from any thread.
class hybrid_clock {
public:
  hybrid_clock(uint64_t incarnation, uint64_t at_least, wall_clock wall)
      : incarnation_{incarnation}
      , latest_{at_least}
      , wall_{std::move(wall)} {}

  /// A stamp above every one given out or observed before.
  [[nodiscard]] stamp next();

  /// Takes note of another node's stamp. Refuses one further ahead than limits::clock_offset_max,
  /// so that a node with a wrong clock cannot win every register.
  result<void> observe(const stamp& remote);

  [[nodiscard]] wall_ms now() const { return wall_(); }
  [[nodiscard]] uint64_t incarnation() const { return incarnation_; }

private:
  uint64_t incarnation_;
  std::atomic<uint64_t> latest_;
  wall_clock wall_;
};

} // namespace restante
