// The MVNO bridge: the sockets on which MVNOs, applications and the operator ask. It decodes what
// comes in, admits what there is budget for, passes it to the GATE, and sends the answers.
//
// Invariants: one thread owns all sockets; a request is either admitted (and its answer awaited) or
// refused at once with a typed error; what is admitted and unanswered is bounded in number, per
// tenant, and in bytes; while draining nothing new is admitted.
#pragma once

#include "actors/log.hpp"
#include "bridges/gate.hpp"
#include "bridges/router.hpp"
#include "bridges/zap.hpp"

namespace restante {

struct mvno_bridge_options {
  std::vector<endpoint_options> endpoints;
  std::shared_ptr<const tenant_registry> tenants;
  probe* figures = nullptr;
  logger log;
};

class mvno_bridge {
public:
  /// Binds all endpoints. Throws zmq::error_t when one cannot be bound.
  explicit mvno_bridge(mvno_bridge_options options);
  ~mvno_bridge();

  /// Where answers go in: pass it to the gate.
  [[nodiscard]] std::function<void(outbound)> delivery();

  /// Begins to listen.
  void start(gate_actor gate);

  /// Refuses new requests from now on.
  void drain();

  /// Requests admitted and unanswered.
  [[nodiscard]] size_t in_flight() const { return in_flight_.load(); }

  /// Whether everything is answered and nothing has come in for a while.
  [[nodiscard]] bool quiet() const;
  void stop();

  /// The addresses bound, in the order of the options.
  [[nodiscard]] std::vector<std::string> addresses() const;

private:
  void receive(router& from, received in);
  void refuse(router& from, const received& in, refused_request what);
  void pass_on(inbound what);
  [[nodiscard]] std::optional<failure> admit(const router& from, const received& in,
                                             size_t bytes) const;
  void deliver(outbound out);
  void flush();

  mvno_bridge_options options_;
  socket_loop loop_{"mvno-bridge"};
  std::unique_ptr<zap_handler> zap_;
  std::atomic<uint64_t> next_session_{1};
  std::vector<std::unique_ptr<router>> routers_;
  gate_actor gate_;
  inbound_batch batch_;
  std::unordered_map<std::string, size_t> tenant_in_flight_;
  size_t bytes_in_flight_ = 0;
  std::atomic<size_t> in_flight_{0};
  std::atomic<bool> draining_{false};
  std::atomic<std::chrono::steady_clock::rep> heard_{0}; // when a message came in last
};

} // namespace restante
