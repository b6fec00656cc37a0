// What peers send, on its way to the engine: taken from a socket, decoded, counted, and handed on
// in batches. Owner: the peer bridge. Used on the loop's thread only.
//
// Invariants: events of one connection keep their order; frames that cannot be decoded, or that the
// other side of the connection should have sent, are handed on as such, counted, and told in the
// log once a minute for each peer and reason.
#pragma once

#include "actors/log.hpp"
#include "actors/peer_interfaces.hpp"
#include "actors/probe.hpp"
#include "bridges/connection_guard.hpp"
#include "bridges/socket_loop.hpp"

#include <map>

namespace restante {

/// A message as it came. Media stay where ZeroMQ put them, as long as one of `behind` is alive.
struct peer_arrival {
  std::string routing_id; // empty: no ROUTER
  std::string user_id;
  zmq::message_t envelope;
  std::vector<chunk> behind;
  size_t bytes = 0;
  bool too_many = false; // frames: some were dropped
};

/// The longest frame as libzmq counts it: CURVE adds 33 bytes to what is in it.
inline constexpr int64_t peer_frame_bytes_max = limits::media_bytes_max + 64;

/// The next message of a socket, if there is one.
[[nodiscard]] std::optional<peer_arrival> receive_from_peer(zmq::socket_t& from, bool is_router,
                                                            connection_guard& guard);

class peer_intake {
public:
  peer_intake(socket_loop& loop, probe& figures, logger log);

  /// Where everything goes from now on.
  void start(std::function<void(peer_event_batch)> to) { to_ = std::move(to); }

  /// A peer said something.
  void came(const std::string& peer, bool ours, peer_arrival in);

  /// A connection came up or, for some reason, went down.
  void connected(const std::string& peer, bool ours);
  void disconnected(const std::string& peer, bool ours, std::string why);

  /// Counts what was refused of a peer, or not sent to it, and tells.
  void refused(const std::string& peer, const char* reason, const std::string& detail = {});

  /// Only tells.
  void tell(const std::string& peer, const char* reason, const std::string& detail = {});

  /// Something was sent.
  void went(const peer::message& what, const frames& as);

private:
  void hand_on(peer_event what);

  socket_loop& loop_;
  probe& figures_;
  logger log_;
  std::function<void(peer_event_batch)> to_;
  peer_event_batch batch_;
  std::map<std::string, std::chrono::steady_clock::time_point> told_; // by peer and reason
};

} // namespace restante
