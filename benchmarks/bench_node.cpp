#include "benchmarks/bench_node.hpp"

#include "benchmarks/mailboxes.hpp"

#include <stdexcept>

namespace restante::bench {

bench_node::bench_node(const site& where) : home_{where.directory} {
  using security = endpoint_config::security;
  node_keys keys{random_key(), random_key(), random_key()};
  node_config config;
  config.data = home_.path() / "data";
  config.region = "bench";
  config.metrics_address = "";
  auto admin_address = "ipc://" + (home_.path() / "admin.sock").string();
  endpoint_config admin{
      endpoint_config::kind::admin, {}, security::none, admin_address, "operator"};
  endpoint_config load;
  load.address = bind_address(where, home_.path());
  load.by = where.curve ? security::curve : security::none;
  load.tenant = where.curve ? "" : tenant_name;
  config.endpoints = {admin, load};
  auto started = engine::start({config, keys, {}, {}, {}});
  if (!started)
    throw std::runtime_error(started.error().text);
  running_ = std::move(*started);
  auto addresses = running_->addresses();
  auto secret = random_key();
  add_tenant(addresses[0], curve_public(secret));
  depositor_ = client_identity(where, addresses[1], keys.curve, secret);
}

} // namespace restante::bench
