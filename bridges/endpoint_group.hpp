// The endpoints of one bridge: their sockets on one thread, who may use them, and what the requests
// under way hold.
//
// Invariants: one thread owns all sockets; requests under way are bounded in number and bytes, over
// all tenants and for each; what a request holds is given back when nothing of it is alive any
// more, not merely when its client stopped waiting. Owner: a bridge. `receive` is called on the
// loop's thread only.
#pragma once

#include "actors/log.hpp"
#include "bridges/router.hpp"
#include "bridges/zap.hpp"

namespace restante {

struct bridge_options {
  std::vector<endpoint_options> endpoints;
  std::shared_ptr<const tenant_registry> tenants;
  probe* figures = nullptr;
  logger log;
};

class endpoint_group {
public:
  using receiver = std::function<void(router&, received)>;

  /// Binds all endpoints. Throws zmq::error_t when one cannot be bound.
  endpoint_group(const char* name, const bridge_options& options, const receiver& receive);
  ~endpoint_group() { stop(); }

  /// Begins to listen.
  void start();

  /// From now on the bridge refuses new requests.
  void drain();
  [[nodiscard]] bool draining() const { return draining_; }

  /// Requests admitted of which something is still alive.
  [[nodiscard]] size_t in_flight() const { return requests_.held(); }

  /// Whether nothing is in flight and nothing has come in for a while.
  [[nodiscard]] bool quiet() const;

  /// Runs what was posted, closes the sockets and joins. Safe to call twice.
  void stop() { loop_.stop(); }

  /// The addresses bound, in the order of the options.
  [[nodiscard]] std::vector<std::string> addresses() const;

  [[nodiscard]] socket_loop& loop() { return loop_; }

  /// The endpoint where a session is; null when its client is gone.
  [[nodiscard]] router* of(uint64_t session);

  /// Gives a request its share of the budgets, or says why there is none.
  [[nodiscard]] std::optional<failure> admit(const router& from, const received& in);

private:
  socket_loop loop_;
  probe& figures_;
  budget requests_, bytes_, unread_;
  zap_handler zap_;
  std::atomic<uint64_t> next_session_{1};
  std::vector<std::unique_ptr<router>> routers_;
  std::atomic<bool> draining_{false};
  std::atomic<std::chrono::steady_clock::rep> heard_{0}; // when a message came in last
};

[[nodiscard]] failure node_stopping();
[[nodiscard]] failure tenant_revoked();

/// Why a client that leaves its replies unread gets no more.
[[nodiscard]] failure replies_unread();

} // namespace restante
