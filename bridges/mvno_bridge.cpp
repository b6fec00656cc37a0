#include "bridges/mvno_bridge.hpp"

#include "schemas/limits.hpp"

namespace restante {

namespace {

/// A refusal on its way to the tenant's subscribers.
struct piece_of_news final : request_share {
  lease one;
};

failure not_a_request(const char* reason) {
  return {errc::invalid_request, reason, "a request is one envelope and at most 8 media frames"};
}

} // namespace

mvno_bridge::mvno_bridge(bridge_options options)
    : options_{std::move(options)}
    , endpoints_{"mvno-bridge", options_,
                 [this](router& from, received in) { receive(from, std::move(in)); }}
    , news_{limits::requests_in_flight_max, limits::tenant_in_flight_max} {}

std::function<void(outbound)> mvno_bridge::delivery() {
  return [this](outbound out) {
    endpoints_.loop().post([this, out = std::move(out)]() mutable { deliver(std::move(out)); });
  };
}

void mvno_bridge::start(gate_actor gate) {
  gate_ = std::move(gate);
  endpoints_.start();
}

void mvno_bridge::stop() {
  endpoints_.stop();
  gate_ = nullptr;
}

void mvno_bridge::receive(router& from, received in) {
  if (in.frames.empty())
    return refuse(from, in, {0, {}, not_a_request("frames_missing")});
  bool too_many = in.frames.size() > limits::frames_max;
  auto envelope = std::move(in.frames.front());
  in.frames.erase(in.frames.begin());
  auto decoded = decode_request(envelope.view(), std::move(in.frames));
  auto correlation = decoded ? decoded->correlation : decoded.error().correlation;
  if (!in.who)
    return refuse(from, in, {correlation, {}, tenant_revoked()});
  if (too_many)
    return refuse(from, in, {correlation, {}, not_a_request("frames_too_many")});
  if (!decoded)
    return refuse(from, in, std::move(decoded.error()));
  auto why = endpoints_.draining() ? std::optional{node_stopping()} : endpoints_.admit(from, in);
  if (why)
    return refuse(from, in,
                  {decoded->correlation, std::move(decoded->request_id), std::move(*why)});
  options_.figures->request();
  pass_on({in.session, std::move(in.who), std::move(*decoded), std::move(in.held)});
}

void mvno_bridge::pass_on(inbound what) {
  if (!batch_) {
    batch_ = std::make_shared<std::vector<inbound>>();
    endpoints_.loop().post(
        [this] { flush(); }); // after the sockets' burst: one message for all of it
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
  if (!in.who || !news_.of(in.who->name)->fits(1))
    return;
  request named;
  named.request_id = std::move(what.request_id);
  auto held = std::make_shared<piece_of_news>();
  held->one = {news_.of(in.who->name), 1};
  pass_on({0, in.who, std::move(named), std::move(held), std::move(what.why)});
}

void mvno_bridge::deliver(outbound out) {
  if (out.refusal != nullptr)
    options_.figures->refused(out.refusal);
  if (out.session == 0)
    return;
  auto sent = router::sent::gone;
  if (auto* to = endpoints_.of(out.session)) {
    // A key revoked meanwhile gets nothing more, not even what it asked for before.
    if (to->tenant_of(out.session))
      sent = to->send(out.session, out.what);
  }
  if (sent == router::sent::yes)
    options_.figures->reply();
  if (sent == router::sent::gone && !out.last)
    caf::anon_send(gate_, feed_leave{out.session});
}

} // namespace restante
