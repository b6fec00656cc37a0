// The SMS bridge: the endpoint on which SMS gateways carry texts in and out, and the actor behind
// it. A gateway says hello with its credit; from then on the notifier hands it texts.
//
// Invariants: one thread owns the socket; every frame of a gateway is answered once; a gateway that
// is gone loses its credit, and its open texts go to another.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log.hpp"
#include "bridges/router.hpp"
#include "bridges/zap.hpp"

namespace restante {

/// A gateway's frame on its way in.
struct gateway_frame {
  uint64_t session = 0;
  tenant_ptr gateway;
  sms::from_gateway what;
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
  /// Takes frames over on whatever thread the actor runs; `answers` when they end a request.
  std::function<void(uint64_t session, sms::to_gateway what, bool answers)> deliver;
};

sms_gate_actor spawn_sms_gate(caf::actor_system& system, sms_gate_options options);

struct sms_bridge_options {
  std::vector<endpoint_options> endpoints;
  std::shared_ptr<const tenant_registry> tenants;
  probe* figures = nullptr;
  logger log;
};

class sms_bridge {
public:
  /// Binds all endpoints. Throws zmq::error_t when one cannot be bound.
  explicit sms_bridge(sms_bridge_options options);
  ~sms_bridge();

  [[nodiscard]] std::function<void(uint64_t, sms::to_gateway, bool)> delivery();
  void start(sms_gate_actor gate);
  void drain();
  [[nodiscard]] size_t in_flight() const { return in_flight_.load(); }
  /// Whether everything is answered and nothing has come in for a while.
  [[nodiscard]] bool quiet() const;
  void stop();
  [[nodiscard]] std::vector<std::string> addresses() const;

private:
  void receive(router& from, const received& in);
  void deliver(uint64_t session, const sms::to_gateway& what, bool answers);

  sms_bridge_options options_;
  socket_loop loop_{"sms-bridge"};
  std::unique_ptr<zap_handler> zap_;
  std::atomic<uint64_t> next_session_{1};
  std::vector<std::unique_ptr<router>> routers_;
  sms_gate_actor gate_;
  std::atomic<size_t> in_flight_{0};
  std::atomic<bool> draining_{false};
  std::atomic<std::chrono::steady_clock::rep> heard_{0}; // when a message came in last
};

} // namespace restante

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::gateway_frame)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::gateway_gone)
