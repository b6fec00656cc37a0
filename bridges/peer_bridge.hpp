// The peer bridge: the sockets between the nodes of a cluster, on one thread. Each node listens
// (peer_listener.hpp) and makes a connection to every other member (peer_link.hpp).
//
// Promised: both ends of a connection are known by their CURVE keys, and only members' keys are
// heard. On a connection messages keep their order, and each comes once or not at all. Nothing is
// dropped in silence: what cannot be sent takes its connection down.
//
//   - ours (made by this node): `up` when it stands, before anything comes by it; `down` when it
//     ended, after everything that came. Then it is made again, and what was not sent is dropped.
//   - the peer's: `up` at its first message; a newer connection is `up` again, without a `down`.
//     `down` only when something could not be sent: its end is noticed by nothing but silence.
//
// What is sent to a peer before an event was heard may go out by the connection after it: nothing
// counts there before hello.
#pragma once

#include "bridges/peer_link.hpp"
#include "bridges/peer_listener.hpp"

namespace restante {

class peer_bridge {
public:
  struct options {
    std::string listen;     // "tcp://10.0.0.1:5605", port "*": the system chooses
    std::string secret_key; // CURVE, 32 raw bytes
    probe* figures = nullptr;
    logger log = {};
  };

  /// Binds. Throws zmq::error_t when the address cannot be bound.
  explicit peer_bridge(const options& how);
  ~peer_bridge() { stop(); }

  /// Where messages to peers go in, from any thread. It never waits; must not be called once the
  /// bridge is gone.
  [[nodiscard]] std::function<void(peer_outbound)> delivery();

  /// Begins to listen and to connect. `to` is called on the bridge's thread and must not wait.
  void start(std::function<void(peer_event_batch)> to);

  /// From any thread: connects to who is new or has another address or key, disconnects who is
  /// gone, lets in and hears the keys of the others only. Before the first nobody is let in.
  void set_members(std::shared_ptr<const membership> now);

  /// Closes the sockets and joins. Safe to call twice.
  void stop() { loop_.stop(); }

  /// The address it is bound to.
  [[nodiscard]] const std::string& address() const { return listener_.address(); }

private:
  void send(const peer_outbound& out);
  void take(const membership& now);

  options options_;
  socket_loop loop_{"peer-bridge"};
  peer_intake intake_;
  peer_listener listener_;
  std::map<std::string, std::unique_ptr<peer_link>> links_; // by the peer's name
};

} // namespace restante
