#include "benchmarks/bench_node.hpp"

#include "benchmarks/pump.hpp"

#include <stdexcept>
#include <unordered_map>

namespace restante::bench {

namespace {

constexpr const char* tenant_name = "bench";
constexpr size_t registrations_open = 256;

void add_tenant(const std::string& admin, const std::string& key) {
  client asks{identity{"operator", admin, {}, {}, {}}};
  tenant_record tenant;
  tenant.name = tenant_name;
  tenant.public_key = key;
  tenant.region = "US";
  if (auto done = asks.ask(ask::tenant_add{tenant}, {}, patience); !done)
    throw std::runtime_error(done.error().text);
}

ask::register_device device(size_t number) {
  ask::register_device out;
  out.imei = std::to_string(10'000'000'000'000 + number); // the node adds the check digit
  auto digits = std::to_string(number);
  out.number = "+1505" + std::string(7 - digits.size(), '2').append(digits);
  return out;
}

} // namespace

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

std::vector<std::string> make_mailboxes(client& to, size_t count) {
  std::vector<std::string> profiles(count);
  std::unordered_map<uint64_t, size_t> asked;
  pump(
      to, count, registrations_open, "mailboxes",
      [&](size_t number) { asked[to.post(device(number))] = number; },
      [&](const reply& got) {
        auto* done = std::get_if<answer::registered>(&got.what);
        if (done == nullptr)
          throw std::runtime_error("a mailbox can't be made: " + std::get<failure>(got.what).text);
        profiles[asked[got.correlation]] = to_string(done->profile);
      });
  return profiles;
}

} // namespace restante::bench
