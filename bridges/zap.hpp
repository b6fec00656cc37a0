// The ZAP handler of a bridge (ZeroMQ RFC 27): without one, CURVE encrypts but lets anybody in. It
// lets in the keys of tenants that are not revoked and have a role for the domain, and names them:
// the user id of every message of a connection is "<tenant>/<key's first 16 hex digits>".
#pragma once

#include "actors/probe.hpp"
#include "actors/tenant_registry.hpp"
#include "bridges/socket_loop.hpp"

namespace restante {

inline constexpr const char* zap_domain_mvno = "restante.mvno";
inline constexpr const char* zap_domain_sms = "restante.sms";

class zap_handler {
public:
  /// Binds the inproc address libzmq asks; must be made before the endpoints of the same context.
  zap_handler(socket_loop& loop, std::shared_ptr<const tenant_registry> tenants, probe& figures);

private:
  void answer_one();

  std::shared_ptr<const tenant_registry> tenants_;
  probe& probe_;
  std::shared_ptr<zmq::socket_t> socket_;
};

} // namespace restante
