#include "bridges/tcp_options.hpp"

#include <chrono>

namespace restante {

namespace {

using namespace std::chrono_literals;

/// Connections the kernel accepts for a socket. A burst of them has descriptors before the guard
/// hears of it, so this is small; a client beyond is served when it tries again, a second later.
constexpr int backlog = 64;
constexpr std::chrono::milliseconds handshake = 3s;
/// A connection that is dead is noticed by the kernel: probed after so much silence, so often, and
/// given up after so many probes, or when what was sent stays unacknowledged for so long. Not by
/// ZeroMQ's heartbeats: libzmq 4.3.4 aborts the process when its own is due on a connection that
/// was closed while its input waited at the mark (libzmq issue 4364), which any client can bring
/// about. Clients may send theirs.
constexpr int keepalive_seconds = 5;
constexpr int keepalive_probes = 2;
constexpr std::chrono::milliseconds unacknowledged = 15s;

} // namespace

void set_tcp_options(zmq::socket_t& socket, const std::string& address) {
  using namespace zmq::sockopt;
  socket.set(handshake_ivl, static_cast<int>(handshake.count()));
  socket.set(heartbeat_ivl, 0);
  socket.set(tcp_keepalive, 1);
  socket.set(tcp_keepalive_idle, keepalive_seconds);
  socket.set(tcp_keepalive_intvl, keepalive_seconds);
  socket.set(tcp_keepalive_cnt, keepalive_probes);
  socket.set(tcp_maxrt, static_cast<int>(unacknowledged.count()));
  socket.set(zmq::sockopt::backlog, restante::backlog);
  socket.set(ipv6, address.find('[') != std::string::npos);
}

} // namespace restante
