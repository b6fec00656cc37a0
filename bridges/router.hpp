// One bound endpoint: its socket, who is connected, and how messages go in and out. Used on the
// loop's thread only.
//
// Invariants: the tenant of a message is the ZAP user id of its connection (or, on a local endpoint
// without CURVE, the one tenant the configuration bound it to) and is looked up for every message,
// so that revoking a key works on live connections; a client's unread replies are counted in bytes
// and bounded; a session number is never used for two clients.
#pragma once

#include "actors/probe.hpp"
#include "actors/tenant_registry.hpp"
#include "bridges/socket_loop.hpp"
#include "schemas/wire_codec.hpp"

#include <atomic>
#include <functional>
#include <unordered_map>

namespace restante {

struct endpoint_options {
  enum class pattern { router, pull, sub };
  pattern how = pattern::router;
  std::string address;
  /// The node's CURVE secret; empty: no CURVE, and `local_tenant` says who speaks.
  std::string curve_secret; // 32 raw bytes
  std::string zap_domain;
  std::string local_tenant;
};

/// A message as it came: its frames share the buffers ZeroMQ received them in.
struct received {
  uint64_t session = 0; // 0: came by a socket that cannot be answered
  tenant_ptr who;
  std::vector<chunk> frames;
};

class router {
public:
  using receiver = std::function<void(received)>;

  enum class sent { yes, gone, full };

  /// Makes and binds the socket. Throws zmq::error_t when the address cannot be bound.
  router(socket_loop& loop, endpoint_options options,
         std::shared_ptr<const tenant_registry> tenants, probe& figures,
         std::atomic<uint64_t>& next_session, receiver on_message);

  /// Sends to a client. `gone` and `full` are final for this message; a client that is gone has no
  /// session any more.
  sent send(uint64_t session, const frames& what);

  [[nodiscard]] bool has(uint64_t session) const { return by_session_.contains(session); }

  /// Whether a client leaves more replies unread than it may.
  [[nodiscard]] bool unread_too_much(uint64_t session) const;

  /// Who speaks in a session, if it may still speak.
  [[nodiscard]] tenant_ptr tenant_of(uint64_t session) const;

  /// The address it is bound to, with the port the system chose for "*".
  [[nodiscard]] const std::string& address() const { return address_; }

private:
  struct client {
    uint64_t session = 0;
    std::string routing_id;
    std::string user_id;
    std::shared_ptr<std::atomic<size_t>> unread; // bytes; outlives the session in sent frames
  };

  void set_options();
  void monitor(socket_loop& loop);
  void drain();
  bool receive_one();
  client& client_of(const std::string& routing_id, const std::string& user_id);
  [[nodiscard]] tenant_ptr tenant_by_user_id(const std::string& user_id) const;
  void forget(uint64_t session);

  endpoint_options options_;
  std::shared_ptr<const tenant_registry> tenants_;
  probe& probe_;
  std::atomic<uint64_t>& next_session_;
  receiver on_message_;
  std::shared_ptr<zmq::socket_t> socket_;
  std::string address_;
  std::unordered_map<std::string, uint64_t> by_routing_id_;
  std::unordered_map<uint64_t, client> by_session_;
};

} // namespace restante
