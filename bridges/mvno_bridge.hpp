// The MVNO bridge: the sockets on which MVNOs, applications and the operator ask. It decodes what
// comes in, admits what there is budget for, passes it to the GATE, and sends the answers.
//
// Invariants: a request is either admitted (and its answer awaited) or refused at once with a typed
// error; while draining nothing new is admitted.
#pragma once

#include "bridges/endpoint_group.hpp"
#include "bridges/gate.hpp"

namespace restante {

class mvno_bridge {
public:
  /// Binds all endpoints. Throws zmq::error_t when one cannot be bound.
  explicit mvno_bridge(bridge_options options);
  ~mvno_bridge() { stop(); }

  /// Where answers go in: pass it to the gate.
  [[nodiscard]] std::function<void(outbound)> delivery();

  /// Begins to listen.
  void start(gate_actor gate);
  void stop();

  [[nodiscard]] endpoint_group& endpoints() { return endpoints_; }

private:
  void receive(router& from, received in);
  void refuse(router& from, const received& in, refused_request what);
  void pass_on(inbound what);
  void deliver(outbound out);
  void flush();

  bridge_options options_;
  endpoint_group endpoints_;
  gate_actor gate_;
  inbound_batch batch_;
  budget news_; // refusals on their way to subscribers
};

} // namespace restante
