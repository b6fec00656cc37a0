#include "cluster/new_tenant.hpp"

#include "cluster/cli_session.hpp"
#include "cluster/config_address.hpp"

#include <algorithm>

namespace restante {

namespace {

std::string z85_of(const secret_key& key) {
  return to_z85({reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()});
}

/// What to connect to when the node binds every interface.
std::string reachable(const std::string& address) {
  constexpr std::string_view tcp = "tcp://";
  if (!address.starts_with(tcp))
    return address;
  const auto parsed = parse_bind_address(std::string_view{address}.substr(tcp.size()));
  if (!parsed || !parsed->any)
    return address;
  return "tcp://127.0.0.1:" + std::to_string(parsed->port);
}

} // namespace

result<identity> fresh_identity(const node_config& config, const std::string& name, role what) {
  const auto kind =
      what == role::sms_gateway ? endpoint_config::kind::sms : endpoint_config::kind::mvno;
  const auto at =
      std::find_if(config.endpoints.begin(), config.endpoints.end(), [&](const auto& e) {
        return e.is == kind && e.how == endpoint_config::pattern::router &&
               e.by == endpoint_config::security::curve;
      });
  if (at == config.endpoints.end())
    return usage("the configuration has no endpoint of kind \"" +
                 std::string{config_words::kinds[static_cast<size_t>(kind)]} +
                 "\", pattern \"router\" and security \"curve\" for this tenant to connect to");
  auto server = read_key_file(config.keys / "curve.key");
  if (!server)
    return tl::unexpected{server.error()};
  const auto secret = random_key();
  return identity{name, reachable(at->address), to_z85(curve_public(*server)),
                  to_z85(curve_public(secret)), z85_of(secret)};
}

} // namespace restante
