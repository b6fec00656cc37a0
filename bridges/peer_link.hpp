// The connection that this node makes to one other node: a DEALER that connects as a CURVE client
// and takes nobody for the peer but the holder of its key. Owner: the peer bridge. Used on the
// loop's thread only, from its tasks and ticks.
//
// Invariants: up means that the handshake of this connection is done, and is told before anything
// that comes by it; down is told after everything that came. What was not sent when a connection
// ends is dropped with it. A connection is tried until there is one: by libzmq, or anew when libzmq
// has given up (it does after an answer that is no ZeroMQ) or when what was sent is left unread.
#pragma once

#include "actors/budget.hpp"
#include "actors/membership.hpp"
#include "bridges/peer_intake.hpp"
#include "bridges/socket_monitor.hpp"

#include <optional>

namespace restante {

class peer_link {
public:
  using clock = std::chrono::steady_clock;

  /// `secret_key`: this node's, 32 raw bytes.
  peer_link(socket_loop& loop, member to, std::string secret_key, probe& figures, logger log,
            peer_intake& intake);
  ~peer_link() { close(); }
  peer_link(const peer_link&) = delete;
  peer_link& operator=(const peer_link&) = delete;

  [[nodiscard]] bool leads_to(const member& whom) const {
    return whom.address == to_.address && whom.public_key == to_.public_key;
  }

  /// What cannot be sent is dropped and counted; if the connection was up, it is reported as down
  /// and made anew.
  void send(const peer::message& what);

  /// The peer is no member any more.
  void end();

  /// About every quarter of a second.
  void tick(clock::time_point now);

private:
  void open();
  void close();
  void monitored(int event, int value);
  void drain();
  bool receive_one();
  void down(const char* why);

  socket_loop& loop_;
  member to_;
  std::string secret_key_;
  probe& figures_;
  logger log_;
  peer_intake& intake_;
  std::shared_ptr<zmq::socket_t> socket_; // none: it could not be made
  std::optional<connection_guard> guard_;
  std::optional<socket_monitor> monitor_;
  std::shared_ptr<meter> unsent_;
  bool up_ = false;
  bool ended_ = false;      // and the next attempt has not begun
  clock::time_point heard_; // of the socket's attempts
};

} // namespace restante
