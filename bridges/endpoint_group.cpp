#include "bridges/endpoint_group.hpp"

#include "schemas/limits.hpp"

namespace restante {

namespace {

std::chrono::steady_clock::rep now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

} // namespace

failure node_stopping() {
  return {errc::shutting_down, "node_stopping", "the node is stopping: reconnect"};
}

failure tenant_revoked() {
  return {errc::denied, "tenant_revoked", "this connection's key is no longer accepted"};
}

failure replies_unread() {
  return {errc::busy, "replies_unread",
          "read the answers you have; then ask again, with the same request id"};
}

endpoint_group::endpoint_group(const char* name, const bridge_options& options,
                               const receiver& receive)
    : loop_{name}
    , figures_{*options.figures}
    , requests_{limits::requests_in_flight_max, limits::tenant_in_flight_max}
    , bytes_{limits::bytes_in_flight_max, limits::tenant_bytes_in_flight_max}
    , unread_{limits::unread_bytes_max, limits::tenant_unread_bytes_max}
    , zap_{loop_, names_of_tenants(options.tenants), figures_} {
  for (const auto& endpoint : options.endpoints) {
    // The receiver needs the router it belongs to, which exists only after the constructor.
    auto slot = routers_.size();
    routers_.push_back(std::make_unique<router>(loop_, endpoint, options.tenants, figures_,
                                                next_session_, unread_, options.log,
                                                [this, slot, receive](received in) {
                                                  heard_ = now();
                                                  receive(*routers_[slot], std::move(in));
                                                }));
  }
}

void endpoint_group::start() {
  loop_.every(std::chrono::milliseconds{250}, [this] {
    figures_.in_flight(static_cast<double>(in_flight()));
    for (const auto& entry : routers_)
      entry->tick();
  });
  loop_.start();
}

void endpoint_group::drain() {
  heard_ = now();
  draining_ = true;
}

bool endpoint_group::quiet() const {
  using clock = std::chrono::steady_clock;
  return in_flight() == 0 && clock::duration{now() - heard_.load()} >= limits::drain_quiet;
}

std::vector<std::string> endpoint_group::addresses() const {
  std::vector<std::string> out;
  for (const auto& entry : routers_)
    out.push_back(entry->address());
  return out;
}

router* endpoint_group::of(uint64_t session) {
  for (const auto& entry : routers_)
    if (entry->has(session))
      return entry.get();
  return nullptr;
}

std::optional<failure> endpoint_group::admit(const router& from, const received& in) {
  size_t size = 0;
  for (const auto& buffer : in.held->buffers)
    size += buffer.size();
  const auto& requests = requests_.of(in.who->name);
  const auto& bytes = bytes_.of(in.who->name);
  if (!requests->fits(1))
    return failure{errc::busy, "requests_in_flight",
                   "too many requests are open: wait for answers before sending more"};
  if (!bytes->fits(size))
    return failure{errc::busy, "bytes_in_flight",
                   "too much media is being stored: retry after a pause"};
  if (from.unread_too_much(in.session))
    return replies_unread();
  in.held->request = {requests, 1};
  in.held->bytes = {bytes, size};
  return std::nullopt;
}

} // namespace restante
