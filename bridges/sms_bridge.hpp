// The SMS bridge: the endpoint on which SMS gateways carry texts in and out, and the actor behind
// it. A gateway says hello with its credit; from then on the notifier hands it texts.
//
// Invariants: every frame of a gateway is answered once; a gateway that is gone loses its credit,
// and its open texts go to another.
#pragma once

#include "actors/interfaces.hpp"
#include "bridges/endpoint_group.hpp"

namespace restante {

/// A gateway's frame on its way in, with what it holds of the bridge's budgets.
struct gateway_frame {
  uint64_t session = 0;
  tenant_ptr gateway;
  sms::from_gateway what;
  std::shared_ptr<const void> held;
};
/// A frame on its way to a gateway; it gives back what the frame held that it answers.
struct gateway_answer {
  uint64_t session = 0;
  sms::to_gateway what;
  std::shared_ptr<const void> held = {};
};
/// A gateway went away.
struct gateway_gone {
  uint64_t session = 0;
};

using sms_gate_actor =
    caf::typed_actor<caf::reacts_to<gateway_frame>, caf::reacts_to<gateway_submit>,
                     caf::reacts_to<gateway_gone>>;

struct sms_gate_options {
  notifier_actor notifier;
  sms_desk_actor desk;
  /// Takes frames over on whatever thread the actor runs.
  std::function<void(gateway_answer)> deliver;
};

sms_gate_actor spawn_sms_gate(caf::actor_system& system, sms_gate_options options);

class sms_bridge {
public:
  /// Binds all endpoints. Throws zmq::error_t when one cannot be bound.
  explicit sms_bridge(bridge_options options);
  ~sms_bridge() { stop(); }

  /// Where answers go in: pass it to the gate.
  [[nodiscard]] std::function<void(gateway_answer)> delivery();

  /// Begins to listen.
  void start(sms_gate_actor gate);
  void stop();

  [[nodiscard]] endpoint_group& endpoints() { return endpoints_; }

private:
  void receive(router& from, received in);
  void deliver(const gateway_answer& out);

  bridge_options options_;
  endpoint_group endpoints_;
  sms_gate_actor gate_;
};

} // namespace restante

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::gateway_frame)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::gateway_gone)
