#include "bridges/sms_bridge.hpp"

#include "schemas/limits.hpp"

namespace restante {

sms_bridge::sms_bridge(sms_bridge_options options) : options_{std::move(options)} {
  zap_ = std::make_unique<zap_handler>(loop_, options_.tenants, *options_.figures);
  for (const auto& endpoint : options_.endpoints) {
    auto slot = routers_.size();
    routers_.push_back(std::make_unique<router>(
        loop_, endpoint, options_.tenants, *options_.figures, next_session_,
        [this, slot](const received& in) { receive(*routers_[slot], in); }));
  }
}

sms_bridge::~sms_bridge() { stop(); }

std::function<void(uint64_t, sms::to_gateway, bool)> sms_bridge::delivery() {
  return [this](uint64_t session, sms::to_gateway what, bool answers) {
    loop_.post(
        [this, session, what = std::move(what), answers] { deliver(session, what, answers); });
  };
}

void sms_bridge::start(sms_gate_actor gate) {
  gate_ = std::move(gate);
  loop_.start();
}

void sms_bridge::drain() {
  heard_ = std::chrono::steady_clock::now().time_since_epoch().count();
  draining_ = true;
}

bool sms_bridge::quiet() const {
  using clock = std::chrono::steady_clock;
  auto silence = clock::now().time_since_epoch() - clock::duration{heard_.load()};
  return in_flight_ == 0 && silence >= limits::drain_quiet;
}

void sms_bridge::stop() {
  loop_.stop();
  gate_ = nullptr;
}

std::vector<std::string> sms_bridge::addresses() const {
  std::vector<std::string> out;
  for (const auto& entry : routers_)
    out.push_back(entry->address());
  return out;
}

void sms_bridge::receive(router& from, const received& in) {
  heard_ = std::chrono::steady_clock::now().time_since_epoch().count();
  auto refuse = [&](uint64_t correlation, const failure& why) {
    options_.figures->refused(why.reason);
    options_.log.debug("frame_refused",
                       {{"reason", why.reason}, {"session", std::to_string(in.session)}});
    (void)from.send(in.session, {encode(sms::to_gateway{correlation, why}), {}});
  };
  if (!in.who)
    return refuse(0,
                  {errc::denied, "tenant_revoked", "this connection's key is no longer accepted"});
  if (in.frames.size() != 1)
    return refuse(0, {errc::invalid_request, "frames_too_many", "one frame is one envelope"});
  auto decoded = sms::decode_from_gateway(in.frames.front().view());
  if (!decoded)
    return refuse(decoded.error().correlation, decoded.error().why);
  // What a gateway reports about texts it has is still taken while stopping; new texts are not.
  if (draining_ && std::holds_alternative<sms::mobile_originated>(decoded->what))
    return refuse(decoded->correlation,
                  {errc::shutting_down, "node_stopping", "the node is stopping: reconnect"});
  if (in_flight_ >= limits::requests_in_flight_max)
    return refuse(decoded->correlation,
                  {errc::busy, "requests_in_flight", "too many frames are open: wait"});
  if (std::holds_alternative<sms::hello>(decoded->what))
    options_.log.info("gateway_connected", {{"gateway", in.who->name}});
  options_.figures->request();
  ++in_flight_;
  caf::anon_send(gate_, gateway_frame{in.session, in.who, std::move(*decoded)});
}

void sms_bridge::deliver(uint64_t session, const sms::to_gateway& what, bool answers) {
  if (answers)
    --in_flight_;
  if (auto* why = std::get_if<failure>(&what.what))
    options_.figures->refused(why->reason);
  for (auto& entry : routers_) {
    if (!entry->has(session))
      continue;
    auto who = entry->tenant_of(session);
    auto sent = who ? entry->send(session, {encode(what), {}}) : router::sent::gone;
    if (sent == router::sent::yes)
      return options_.figures->reply();
    break;
  }
  options_.log.warning("gateway_gone", {{"session", std::to_string(session)}});
  caf::anon_send(gate_, gateway_gone{session});
}

} // namespace restante
