// The network of a simulated cluster, with what the link between nodes promises
// (bridges/peer_bridge.hpp) and not more. Each node makes a connection to every other; on it, in
// each direction, messages keep their order and come once or not at all. A path from one node to
// another can be cut one way: what goes by it waits, and when the cut lasts the connection ends and
// what was on its way is gone. Late messages of an ended connection never arrive.
//
// Invariant: everything drawn comes from the one source, so one seed is one network.
#pragma once

#include "actors/peer_interfaces.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/support/random_state.hpp"

#include <deque>
#include <functional>
#include <limits>

namespace restante::simulation {

inline constexpr moment never = std::numeric_limits<moment>::max();

class network {
public:
  /// Told what a node hears.
  using ear = std::function<void(size_t at, peer_event)>;

  network(std::vector<std::string> names, random_source draw, trace& log, ear hear);

  void send(size_t from, peer_outbound what, moment now);
  /// Everything that is due.
  void run(moment now);
  /// When something is due next; `never` when nothing is.
  [[nodiscard]] moment next() const;

  void cut(size_t from, size_t to, moment now);
  void mend(size_t from, size_t to) { paths_[from][to].cut = false; }
  /// Every message by that path takes so much longer.
  void slow(size_t from, size_t to, moment by) { paths_[from][to].slower = by; }
  /// The connection that `from` made ends now.
  void reset(size_t from, size_t to, moment now);
  /// The process ends, without a word or so that its peers notice at once.
  void leave(size_t who, bool silently, moment now);
  void enter(size_t who, moment now);
  /// Whether `at` has `who` in its list of members.
  void know(size_t at, size_t who, bool known, moment now);

  [[nodiscard]] size_t carried() const { return carried_; }

private:
  struct packet {
    moment arrives = 0;
    frames bytes;
  };
  struct connection {
    size_t from = 0;
    size_t to = 0;
    bool up = false;
    bool heard_there = false; // `to` knows of it: its answers go out by it
    bool severed = false;     // the other process is gone, and `from` has not noticed
    moment try_at = 0;        // while it is down
    moment ends = never;      // when a cut that lasts is noticed
    std::deque<packet> out, back;
    std::deque<packet> early; // sent while it was down: goes out by the next one
  };
  struct path {
    bool cut = false;
    moment latency = 0;
    moment slower = 0;
  };

  connection& of(size_t from, size_t to) { return connections_[from * names_.size() + to]; }
  moment arrival(const std::deque<packet>& behind, size_t from, size_t to, moment now);
  void try_connect(connection& what, moment now);
  void end(connection& what, moment now, const char* why);
  bool deliver_first(moment now);
  void deliver(connection& by, bool back, moment now);
  [[nodiscard]] moment due(const connection& what) const;
  [[nodiscard]] moment due_out(const connection& what) const;
  [[nodiscard]] moment due_back(const connection& what) const;

  std::vector<std::string> names_;
  random_source draw_;
  trace& trace_;
  ear hear_;
  std::vector<connection> connections_;
  std::vector<std::vector<path>> paths_;
  std::vector<std::vector<bool>> knows_;
  std::vector<bool> there_;
  size_t carried_ = 0;
};

} // namespace restante::simulation
