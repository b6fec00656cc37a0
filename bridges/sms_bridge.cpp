#include "bridges/sms_bridge.hpp"

namespace restante {

sms_bridge::sms_bridge(bridge_options options)
    : options_{std::move(options)}
    , endpoints_{"sms-bridge", options_,
                 [this](router& from, received in) { receive(from, std::move(in)); }} {}

std::function<void(gateway_answer)> sms_bridge::delivery() {
  return [this](gateway_answer out) {
    endpoints_.loop().post([this, out = std::move(out)] { deliver(out); });
  };
}

void sms_bridge::start(sms_gate_actor gate) {
  gate_ = std::move(gate);
  endpoints_.start();
}

void sms_bridge::stop() {
  endpoints_.stop();
  gate_ = nullptr;
}

void sms_bridge::receive(router& from, received in) {
  auto refuse = [&](uint64_t correlation, const failure& why) {
    options_.figures->refused(why.reason);
    options_.log.debug("frame_refused",
                       {{"reason", why.reason}, {"session", std::to_string(in.session)}});
    (void)from.send(in.session, {encode(sms::to_gateway{correlation, why}), {}});
  };
  if (in.frames.size() != 1)
    return refuse(0,
                  {errc::invalid_request, in.frames.empty() ? "frames_missing" : "frames_too_many",
                   "one frame is one envelope"});
  auto decoded = sms::decode_from_gateway(in.frames.front().view());
  if (!in.who)
    return refuse(decoded ? decoded->correlation : decoded.error().correlation, tenant_revoked());
  if (!decoded)
    return refuse(decoded.error().correlation, decoded.error().why);
  // What a gateway reports about texts it has is still taken while stopping; nothing new is.
  if (endpoints_.draining() && (std::holds_alternative<sms::mobile_originated>(decoded->what) ||
                                std::holds_alternative<sms::location_update>(decoded->what)))
    return refuse(decoded->correlation, node_stopping());
  if (auto why = endpoints_.admit(from, in))
    return refuse(decoded->correlation, *why);
  if (std::holds_alternative<sms::hello>(decoded->what))
    options_.log.info("gateway_connected", {{"gateway", in.who->name}});
  options_.figures->request();
  caf::anon_send(
      gate_, gateway_frame{in.session, std::move(in.who), std::move(*decoded), std::move(in.held)});
}

void sms_bridge::deliver(const gateway_answer& out) {
  if (auto* why = std::get_if<failure>(&out.what.what))
    options_.figures->refused(why->reason);
  auto* to = endpoints_.of(out.session);
  auto sent = to != nullptr && to->tenant_of(out.session)
                  ? to->send(out.session, {encode(out.what), {}})
                  : router::sent::gone;
  if (sent == router::sent::yes)
    return options_.figures->reply();
  options_.log.warning("gateway_gone", {{"session", std::to_string(out.session)}});
  caf::anon_send(gate_, gateway_gone{out.session});
}

} // namespace restante
