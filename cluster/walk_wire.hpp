// The link between two regions that are on one machine: TCP carried from one port to another until
// it is cut. What is cut off finds its connections closed, and new ones closed at once. Owned by
// the walk-through.
//
// Invariants: of what one end does not take yet, at most one read is kept; when cut() returns,
// nothing is carried any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace restante {

class walk_wire {
public:
  /// Connections to `from` are carried to `to`; both are ports of the loopback address.
  struct path {
    uint16_t from = 0;
    uint16_t to = 0;
    friend bool operator==(const path&, const path&) = default;
  };

  /// Listens, and carries from now on. Throws std::system_error when a port is taken.
  explicit walk_wire(const std::vector<path>& paths);
  ~walk_wire();
  walk_wire(const walk_wire&) = delete;
  walk_wire& operator=(const walk_wire&) = delete;

  void cut() { set(state::cut); }
  void mend() { set(state::whole); }

private:
  enum class state : uint8_t { whole, cut, ended };
  struct carrier; // what the thread has

  void set(state to);

  std::atomic<state> wanted_{state::whole};
  std::atomic<state> now_{state::whole}; // the thread's own
  int wake_ = -1;                        // an eventfd
  std::thread thread_;
};

} // namespace restante
