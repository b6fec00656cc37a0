// What happens to the connections of a socket, as libzmq reports it: a second socket, read on the
// loop's thread. Owner: whoever owns the socket; it ends before the socket does.
//
// Invariant: libzmq's I/O thread never waits for who reads: there is no mark, and reports are
// turned off before their reader ends.
#pragma once

#include "bridges/socket_loop.hpp"

namespace restante {

class socket_monitor {
public:
  /// The event's number (ZMQ_EVENT_…) and its value, mostly a descriptor.
  using handler = std::function<void(int event, int value)>;

  static constexpr int handshake_failures = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

  /// As with socket_loop::watch: before the loop starts, or from one of its tasks. Before the
  /// socket is bound or connected, or events are missed.
  socket_monitor(socket_loop& loop, std::shared_ptr<zmq::socket_t> of, int events, handler tell);
  ~socket_monitor();
  socket_monitor(const socket_monitor&) = delete;
  socket_monitor& operator=(const socket_monitor&) = delete;

  /// Tells of all that happened until now; the loop does so too.
  void read();

private:
  socket_loop& loop_;
  std::shared_ptr<zmq::socket_t> of_;
  std::shared_ptr<zmq::socket_t> events_;
  handler tell_;
};

} // namespace restante
