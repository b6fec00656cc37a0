// The ZAP handler of a bridge (ZeroMQ RFC 27): without one, CURVE encrypts but lets anybody in. It
// lets in the keys that somebody has a name for, which becomes the user id of every message of the
// connection.
#pragma once

#include "actors/probe.hpp"
#include "actors/tenant_registry.hpp"
#include "bridges/socket_loop.hpp"

namespace restante {

inline constexpr const char* zap_domain_mvno = "restante.mvno";
inline constexpr const char* zap_domain_sms = "restante.sms";

/// The user id for a CURVE key (32 raw bytes) on a socket of this ZAP domain; empty: the key opens
/// nothing there.
using key_naming = std::function<std::string(std::string_view domain, std::string_view key)>;

/// Names tenants that are not revoked and have a role for the domain: "<tenant>/<key's first 16 hex
/// digits>".
[[nodiscard]] key_naming names_of_tenants(std::shared_ptr<const tenant_registry> tenants);

class zap_handler {
public:
  /// Binds the inproc address libzmq asks; must be made before the endpoints of the same context.
  /// `name` is called on the loop's thread.
  zap_handler(socket_loop& loop, key_naming name, probe& figures);

private:
  void answer_one();

  key_naming name_;
  probe& probe_;
  std::shared_ptr<zmq::socket_t> socket_;
};

} // namespace restante
