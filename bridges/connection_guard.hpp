// Bounds what connections can take: descriptors, and memory by messages that never end. ZeroMQ
// collects the frames of an unfinished message in memory and counts them against no mark:
// ZMQ_RCVHWM counts finished messages, ZMQ_MAXMSGSIZE bounds one frame. So a client that announces
// one more frame for ever would take all there is.
//
// The guard asks the kernel how many bytes came by each connection, and shuts down one that has
// sent more than any acceptable request since its last finished message; ZeroMQ then frees what it
// had collected. One router owns one guard; used on the loop's thread only.
//
// Invariants: a connection is never shut down for being slow, only for bytes, or at once for coming
// when descriptors are scarce (a store that cannot open its next file ends the node, so the upper
// half of the numbers is kept for it); for bytes only with every finished message read, or after
// two ticks without one from it. What comes in between two ticks is on top of the bound. The bound
// is of bytes as they came; in memory tiny frames take more: with CURVE up to five times as much,
// without (only on this machine) up to 32 times.
//
// It needs of the socket: no ZMQ_HEARTBEAT_IVL (libzmq 4.3.4 aborts the process when it is due on a
// connection that was shut while its input waited at the mark), and of the context:
// ZMQ_ZERO_COPY_RECV off (else each frame may keep a receive buffer of 18 KiB).
//
// Descriptors are used again, and events come late. Whatever is asked or noted by descriptor is
// about the connection that has it now, so an old entry only makes the new connection look better;
// a shutdown hits the wrong one only if the descriptor changes hands in the microseconds between
// asking and shutting. That client connects again and repeats its request under the same id.
//
// Of ipc the descriptors are guarded, not the bytes: the kernel has no such figure. It is the
// operator's own machine, and the endpoint is bound to one tenant. It may take some more, so that
// an operator gets in while strangers hold all that TCP may have.
#pragma once

#include "actors/log.hpp"
#include "actors/probe.hpp"
#include "schemas/limits.hpp"

#include <zmq.hpp>

#include <chrono>
#include <cstdint>
#include <unordered_map>

namespace restante {

struct unfinished_limits {
  /// One connection: as many frames as a request may have, each as long as ZeroMQ takes it (twice
  /// what is accepted, so that an honest client is told what is wrong).
  uint64_t one = limits::frames_max * 2 * limits::media_bytes_max;
  /// All connections of an endpoint, else one client would open many: four times the media that
  /// may be in flight. Above it the largest goes first.
  uint64_t all = 4 * limits::bytes_in_flight_max;
};

/// TCP connections get descriptors below this number, half of those this process may have; ipc
/// connections an eighth more. The system gives the lowest free one, so the number tells how many
/// are in use.
[[nodiscard]] int connection_descriptors();

class connection_guard {
public:
  using clock = std::chrono::steady_clock;

  /// The events the socket's monitor must report to `monitored`.
  static constexpr int events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED;

  connection_guard(probe& figures, logger log, unfinished_limits most = {},
                   int descriptors = connection_descriptors());

  /// An event of the socket's monitor, with its value; others than `events` are ignored.
  void monitored(int event, int value);

  /// A message came in whole. `frame`: any of its frames but the routing id, which not always
  /// says where it came from.
  void heard(const zmq::message_t& frame);

  /// About every quarter of a second: what comes in between is on top. `all_read`: no finished
  /// message waits on the socket.
  void tick(clock::time_point now, bool all_read);

  /// Connections it watches: those by TCP.
  [[nodiscard]] size_t size() const { return connections_.size(); }

private:
  struct connection {
    uint64_t finished = 0; // bytes received when it was last heard of
    clock::time_point since;
    uint64_t unfinished = 0;
    // A new connection counts as heard: its first message may be read before its event.
    bool heard = true;
    bool over = false; // at the last tick
    bool shut = false;
  };

  uint64_t measure(clock::time_point now);
  void refuse(int fd, int most);
  void shut_down(int fd, connection& which);

  probe& probe_;
  logger log_;
  unfinished_limits most_;
  int descriptors_;
  clock::time_point told_scarce_{};                 // once a minute
  std::unordered_map<int, connection> connections_; // by descriptor
};

} // namespace restante
