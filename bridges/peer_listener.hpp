// Where the other nodes of the cluster connect to: a ROUTER that lets in the keys of members, and
// the connection of each. Owner: the peer bridge. Used on the loop's thread only.
//
// Invariants: who speaks is the member whose key the connection has, looked up for every message,
// so that a member who is removed is not heard any more, connected or not; of two connections with
// one key only the newer one is heard. The end of a connection is not noticed, only silence, or
// that an answer cannot be sent.
#pragma once

#include "actors/budget.hpp"
#include "actors/membership.hpp"
#include "bridges/peer_intake.hpp"
#include "bridges/socket_monitor.hpp"
#include "bridges/zap.hpp"

#include <optional>

namespace restante {

class peer_listener {
public:
  /// Binds. Throws zmq::error_t when the address cannot be bound. `secret_key`: 32 raw bytes.
  peer_listener(socket_loop& loop, const std::string& address, const std::string& secret_key,
                probe& figures, const logger& log, peer_intake& intake);

  /// Only these are let in, and heard.
  void set_members(const membership& now);

  /// Sends on the connection that the peer made. What cannot be sent is dropped and counted, and
  /// the connection reported as down; it is up again with the next message that comes by it.
  void send(const std::string& peer, const peer::message& what);

  /// About every quarter of a second.
  void tick();

  /// The address it is bound to, with the port the system chose for "*".
  [[nodiscard]] const std::string& address() const { return address_; }

private:
  struct connection {
    std::string peer;
    std::string routing_id = {}; // of the newest; empty: none yet
    bool up = false;
    std::shared_ptr<meter> unsent = {};
  };

  [[nodiscard]] std::string user_id(std::string_view key);
  void drain();
  void hear(peer_arrival in);
  void down(connection& which, const char* why);

  probe& figures_;
  peer_intake& intake_;
  std::string own_key_;
  zap_handler zap_;
  std::shared_ptr<zmq::socket_t> socket_;
  connection_guard guard_;
  std::string address_;
  std::map<std::string, connection> members_; // by user id, which is the key in hex
  std::optional<socket_monitor> monitor_;
};

} // namespace restante
