// One bound endpoint: its socket, who is connected, and how messages go in and out. Used on the
// loop's thread only.
//
// Invariants: the tenant of a message is the ZAP user id of its connection (or, on a local endpoint
// without CURVE, the one tenant the configuration bound it to) and is looked up for every message,
// so that revoking a key works on live connections; unread replies are counted in bytes and
// bounded, for a client, its tenant and all together.
#pragma once

#include "actors/probe.hpp"
#include "actors/tenant_registry.hpp"
#include "bridges/client_table.hpp"
#include "bridges/connection_guard.hpp"
#include "bridges/socket_monitor.hpp"
#include "schemas/wire_codec.hpp"

#include <functional>
#include <optional>

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

/// What a message holds for as long as anything of it is alive, be it a frame of its media in a
/// commit or the request waiting in a queue: its buffers and its share of the budgets.
struct holding final : request_share {
  std::vector<zmq::message_t> buffers;
  std::shared_ptr<const char> client; // it has a request under way
  lease request, bytes;               // taken when it is admitted
};

/// A message as it came: its frames are views of what `held` keeps.
struct received {
  uint64_t session = 0; // 0: came by a socket that cannot be answered
  tenant_ptr who;
  std::vector<chunk> frames;
  std::shared_ptr<holding> held;
};

class router {
public:
  using receiver = std::function<void(received)>;

  enum class sent { yes, gone, full };

  /// Makes and binds the socket. Throws zmq::error_t when the address cannot be bound.
  router(socket_loop& loop, endpoint_options options,
         std::shared_ptr<const tenant_registry> tenants, probe& figures,
         std::atomic<uint64_t>& next_session, budget& unread, logger log, receiver on_message);

  /// Sends to a client. Media count as unread already, since before they were read
  /// (actors/budget.hpp), so an answer that has them is never dropped. `gone` and `full` are final
  /// for this message; a client that is gone has no session any more.
  sent send(uint64_t session, const frames& what);

  [[nodiscard]] bool has(uint64_t session) const { return clients_.find(session) != nullptr; }

  /// Whether a client, its tenant or all together leave more replies unread than they may.
  [[nodiscard]] bool unread_too_much(uint64_t session) const;

  /// Who speaks in a session, if it may still speak.
  [[nodiscard]] tenant_ptr tenant_of(uint64_t session) const;

  /// About every quarter of a second.
  void tick();

  /// The address it is bound to, with the port the system chose for "*".
  [[nodiscard]] const std::string& address() const { return address_; }

private:
  void set_options();
  void drain();
  bool receive_one();
  [[nodiscard]] tenant_ptr tenant_by_user_id(const std::string& user_id) const;

  endpoint_options options_;
  std::shared_ptr<const tenant_registry> tenants_;
  probe& probe_;
  receiver on_message_;
  std::shared_ptr<zmq::socket_t> socket_;
  std::string address_;
  budget& unread_;
  connection_guard guard_;
  client_table clients_;
  std::optional<socket_monitor> monitor_;
};

} // namespace restante
