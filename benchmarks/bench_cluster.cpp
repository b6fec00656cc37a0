#include "benchmarks/bench_cluster.hpp"

#include "benchmarks/mailboxes.hpp"
#include "benchmarks/pump.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace restante::bench {

namespace {

/// Members name each other's ports before any of them is bound.
uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const bool bound = ::bind(probe, reinterpret_cast<sockaddr*>(&at), size) == 0 &&
                     ::getsockname(probe, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  ::close(probe);
  if (!bound)
    throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(at.sin_port);
}

/// Every node sees all others, and has what they had for it.
bool stands(const identity& admin, size_t nodes) {
  client asks{admin};
  auto got = asks.ask(ask::status{}, {}, patience);
  auto* status = got ? std::get_if<answer::status>(&*got) : nullptr;
  size_t whole = 0, ready = 0;
  if (status != nullptr)
    for (const auto& [name, value] : status->figures) {
      ready += name == "cluster.ready" && value == "yes";
      whole += name.starts_with("peer.") && name.ends_with(".complete") && value == "yes";
    }
  return ready == 1 && whole == nodes - 1;
}

} // namespace

bench_cluster::bench_cluster(const std::filesystem::path& under,
                             const std::vector<std::string>& regions, size_t replicas) {
  using security = endpoint_config::security;
  const auto identity_key = random_key(), pepper = random_key();
  std::vector<secret_key> curves;
  std::vector<member> members;
  for (size_t i = 0; i < regions.size(); ++i) {
    curves.push_back(random_key());
    member each;
    each.name = name_of(i);
    each.region = regions[i];
    each.address = "tcp://127.0.0.1:" + std::to_string(free_port());
    each.public_key = curve_public(curves.back());
    each.lane = static_cast<uint32_t>(i);
    members.push_back(std::move(each));
  }
  for (size_t i = 0; i < regions.size(); ++i) {
    auto& node = nodes_.emplace_back();
    node.home = std::make_unique<scratch>(under);
    node.admin = "ipc://" + (node.home->path() / "admin.sock").string();
    node_config config;
    config.data = node.home->path() / "data";
    config.region = regions[i];
    config.metrics_address = "";
    endpoint_config admin{endpoint_config::kind::admin, {}, security::none, node.admin, "operator"};
    endpoint_config load;
    load.address = bind_address({}, node.home->path());
    load.by = security::none;
    load.tenant = tenant_name;
    config.endpoints = {admin, load};
    config.cluster.emplace();
    config.cluster->node = members[i].name;
    config.cluster->listen = members[i].address;
    config.cluster->replicas = replicas;
    config.cluster->members = members;
    auto started = engine::start({config, {identity_key, pepper, curves[i]}, {}, {}, {}});
    if (!started)
      throw std::runtime_error(started.error().text);
    node.running = std::move(*started);
    node.depositor = client_identity({}, node.running->addresses()[1], curves[i], curves[i]);
  }
  add_tenant(nodes_.front().admin, curve_public(random_key()));
  const auto end = std::chrono::steady_clock::now() + patience;
  for (size_t i = 0; i < regions.size(); ++i)
    while (!stands(admin(i), regions.size())) {
      if (std::chrono::steady_clock::now() > end)
        throw std::runtime_error("the nodes of the cluster do not find each other");
      std::this_thread::sleep_for(milliseconds{50});
    }
}

} // namespace restante::bench
