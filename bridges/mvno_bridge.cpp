#include "bridges/mvno_bridge.hpp"

#include "actors/access.hpp"
#include "schemas/limits.hpp"

namespace restante {

namespace {

failure unread(errc code) {
  return {code, "replies_unread",
          "read the answers you have; then ask again, with the same request id"};
}

} // namespace

mvno_bridge::mvno_bridge(mvno_bridge_options options) : options_{std::move(options)} {
  zap_ = std::make_unique<zap_handler>(loop_, options_.tenants, *options_.figures);
  for (const auto& endpoint : options_.endpoints) {
    // The receiver needs the router it belongs to, which exists only after the constructor.
    auto slot = routers_.size();
    routers_.push_back(std::make_unique<router>(
        loop_, endpoint, options_.tenants, *options_.figures, next_session_,
        [this, slot](received in) { receive(*routers_[slot], std::move(in)); }));
  }
}

mvno_bridge::~mvno_bridge() { stop(); }

std::function<void(outbound)> mvno_bridge::delivery() {
  return [this](outbound out) {
    loop_.post([this, out = std::move(out)]() mutable { deliver(std::move(out)); });
  };
}

void mvno_bridge::start(gate_actor gate) {
  gate_ = std::move(gate);
  loop_.every(std::chrono::milliseconds{1000},
              [this] { options_.figures->in_flight(static_cast<double>(in_flight_.load())); });
  loop_.start();
}

void mvno_bridge::drain() {
  heard_ = std::chrono::steady_clock::now().time_since_epoch().count();
  draining_ = true;
}

bool mvno_bridge::quiet() const {
  using clock = std::chrono::steady_clock;
  auto silence = clock::now().time_since_epoch() - clock::duration{heard_.load()};
  return in_flight_ == 0 && silence >= limits::drain_quiet;
}

void mvno_bridge::stop() {
  loop_.stop();
  gate_ = nullptr;
}

std::vector<std::string> mvno_bridge::addresses() const {
  std::vector<std::string> out;
  for (const auto& entry : routers_)
    out.push_back(entry->address());
  return out;
}

std::optional<failure> mvno_bridge::admit(const router& from, const received& in,
                                          size_t bytes) const {
  if (draining_)
    return failure{errc::shutting_down, "node_stopping", "the node is stopping: reconnect"};
  auto tenant = tenant_in_flight_.find(in.who->name);
  if (in_flight_ >= limits::requests_in_flight_max ||
      (tenant != tenant_in_flight_.end() && tenant->second >= limits::tenant_in_flight_max))
    return failure{errc::busy, "requests_in_flight",
                   "too many requests are open: wait for answers before sending more"};
  if (bytes_in_flight_ + bytes > limits::bytes_in_flight_max)
    return failure{errc::busy, "bytes_in_flight",
                   "too much media is being stored: retry after a pause"};
  if (from.unread_too_much(in.session))
    return unread(errc::busy);
  return std::nullopt;
}

void mvno_bridge::receive(router& from, received in) {
  heard_ = std::chrono::steady_clock::now().time_since_epoch().count();
  if (!in.who)
    return refuse(
        from, in,
        {0, {}, {errc::denied, "tenant_revoked", "this connection's key is no longer accepted"}});
  if (in.frames.empty() || in.frames.size() > limits::frames_max)
    return refuse(from, in,
                  {0,
                   {},
                   {errc::invalid_request, in.frames.empty() ? "frames_missing" : "frames_too_many",
                    "a request is one envelope and at most 8 media frames"}});
  size_t bytes = 0;
  for (const auto& frame : in.frames)
    bytes += frame.size();
  auto envelope = std::move(in.frames.front());
  in.frames.erase(in.frames.begin());
  auto decoded = decode_request(envelope.view(), std::move(in.frames));
  if (!decoded)
    return refuse(from, in, std::move(decoded.error()));
  if (auto why = admit(from, in, bytes))
    return refuse(from, in,
                  {decoded->correlation, std::move(decoded->request_id), std::move(*why)});
  options_.figures->request();
  pass_on({in.session, std::move(in.who), std::move(*decoded), bytes});
}

void mvno_bridge::pass_on(inbound what) {
  ++in_flight_;
  ++tenant_in_flight_[what.who->name];
  bytes_in_flight_ += what.bytes;
  if (!batch_) {
    batch_ = std::make_shared<std::vector<inbound>>();
    loop_.post([this] { flush(); }); // after the sockets' burst: one message for all of it
  }
  batch_->push_back(std::move(what));
}

void mvno_bridge::flush() {
  if (auto batch = std::exchange(batch_, nullptr))
    caf::anon_send(gate_, std::move(batch));
}

void mvno_bridge::refuse(router& from, const received& in, refused_request what) {
  options_.figures->refused(what.why.reason);
  if (in.session != 0) {
    (void)from.send(in.session, encode_reply({what.correlation, std::move(what.why)}));
    return;
  }
  // Nobody to answer: the tenant's subscribers hear of it, as long as these news are few.
  if (!in.who || in_flight_ >= 2 * limits::requests_in_flight_max)
    return;
  request named;
  named.request_id = std::move(what.request_id);
  pass_on({0, in.who, std::move(named), 0, std::move(what.why)});
}

void mvno_bridge::deliver(outbound out) {
  if (out.refusal != nullptr)
    options_.figures->refused(out.refusal);
  if (out.last) {
    --in_flight_;
    bytes_in_flight_ -= out.bytes;
    auto tenant = tenant_in_flight_.find(out.tenant);
    if (tenant != tenant_in_flight_.end() && --tenant->second == 0)
      tenant_in_flight_.erase(tenant);
  }
  if (out.session == 0)
    return;
  for (auto& entry : routers_) {
    if (!entry->has(out.session))
      continue;
    // Media are what unread answers cost: they are not kept for a client that does not read.
    if (out.last && !out.what.media.empty() && entry->unread_too_much(out.session)) {
      auto why = unread(errc::outcome_unknown);
      options_.figures->refused(why.reason);
      out.what = encode_reply({out.correlation, std::move(why)});
    }
    // A key revoked meanwhile gets nothing more, not even what it asked for before.
    auto who = entry->tenant_of(out.session);
    auto sent = who ? entry->send(out.session, out.what) : router::sent::gone;
    if (sent == router::sent::yes)
      options_.figures->reply();
    if (sent == router::sent::gone && !out.last)
      caf::anon_send(gate_, feed_leave{out.session});
    return;
  }
  if (!out.last)
    caf::anon_send(gate_, feed_leave{out.session});
}

} // namespace restante
