#include "bridges/gate.hpp"

#include "actors/directory.hpp"
#include "actors/handlers.hpp"
#include "actors/mailbox.hpp"

#include <unordered_map>

namespace restante {

namespace {

struct tick {};

} // namespace
} // namespace restante
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::tick)
namespace restante {
namespace {

using gate_self = gate_actor::extend<caf::reacts_to<tick>>;
/// How late a deadline may be noticed. One timer for all open requests: CAF's own, one for each
/// request, cost a tenth of a deposit.
constexpr auto deadline_grain = milliseconds{10};

failure overdue() {
  return {errc::outcome_unknown, "deadline_passed",
          "no answer in time: it may or may not have been done; retry with the same request id"};
}

/// What must come back with an answer, and until when.
struct return_address {
  uint64_t session = 0;
  uint64_t correlation = 0;
  tenant_ptr who;
  std::string request_id;
  std::shared_ptr<const void> held;
  caf::actor_clock::time_point deadline = {};
};

struct gate_state {
  static inline constexpr const char* name = "gate";
  explicit gate_state(gate_self::pointer s) : self{s} {}

  gate_self::pointer self;
  gate_options options;
  std::unordered_map<uint64_t, return_address> open;
  uint64_t last_key = 0;
  bool ticking = false; // while requests are open

  void take(std::vector<inbound>& batch) {
    for (auto& entry : batch)
      route(entry);
    batch.clear(); // with what it holds: the message may live as long as its sender likes
  }

  void route(inbound& in) {
    return_address back{in.session, in.what.correlation, in.who, in.what.request_id, in.held};
    auto& what = in.what.what;
    if (in.refused)
      return tell_subscribers(back, *in.refused);
    if (std::holds_alternative<ask::ping>(what))
      return answer(back, answer::pong{});
    if (auto* done = std::get_if<ask::acknowledge>(&what))
      return self->send(options.feed, feed_acknowledge{in.who, *done});
    if (auto* subscribe = std::get_if<ask::subscribe>(&what))
      return begin_subscription(in, back, *subscribe);
    if (auto* of = std::get_if<ask::of_mailbox>(&what))
      return route_to_mailbox(in, back, *of);
    pass(options.directory, in, back);
  }

  void begin_subscription(const inbound& in, const return_address& back,
                          const ask::subscribe& what) {
    if (in.session == 0)
      return answer(back, failure{errc::unsupported, "subscription_unanswerable",
                                  "subscribe on a router endpoint: this one carries no replies"});
    expect(back, in.what.deadline,
           self->request(options.feed, caf::infinite,
                         feed_subscribe{in.who, what, {in.session, in.what.correlation}},
                         event_sink_actor{self}));
  }

  void route_to_mailbox(inbound& in, const return_address& back, ask::of_mailbox& of) {
    if (device_answer(of.op) != nullptr)
      return pass(options.gatekeeper, in, back);
    auto direct = direct_profile(of.subscriber);
    if (!direct)
      return pass(options.directory, in, back);
    if (!*direct)
      return answer(back, direct->error());
    auto what = std::make_shared<const command>(command{in.who, std::move(in.what.request_id),
                                                        (*direct)->mailbox, std::move(of.op),
                                                        in.held, std::move((*direct)->region)});
    expect(back, in.what.deadline, self->request(options.node, caf::infinite, std::move(what)));
  }

  template <class Handle>
  void pass(const Handle& to, inbound& in, const return_address& back) {
    auto deadline = in.what.deadline;
    auto what =
        std::make_shared<const tenant_request>(tenant_request{in.who, std::move(in.what), in.held});
    expect(back, deadline, self->request(to, caf::infinite, std::move(what)));
  }

  template <class Response>
  void expect(return_address back, milliseconds deadline, Response response) {
    auto key = ++last_key;
    back.deadline = self->clock().now() + deadline;
    open.emplace(key, std::move(back));
    if (!std::exchange(ticking, true))
      self->delayed_send(self, deadline_grain, tick{});
    response.then([this, key](answered& done) { close(key, std::move(done.what)); },
                  [this, key](caf::error&) { close(key, overdue()); });
  }

  void close(uint64_t key, outcome what) {
    if (auto back = open.extract(key))
      answer(back.mapped(), std::move(what));
  }

  void end_overdue() {
    auto now = self->clock().now();
    for (auto at = open.begin(); at != open.end();) {
      if (at->second.deadline > now) {
        ++at;
        continue;
      }
      answer(at->second, overdue());
      at = open.erase(at);
    }
    ticking = !open.empty();
    if (ticking)
      self->delayed_send(self, deadline_grain, tick{});
  }

  /// The gate ends with requests open: their outcome is unknown, and they are told so.
  void abandon() {
    for (auto& [key, back] : std::exchange(open, {}))
      answer(back, overdue());
  }

  void answer(const return_address& back, outcome what) {
    if (back.session == 0)
      return answer_by_event(back, what);
    auto* why = std::get_if<failure>(&what);
    auto* refusal = why == nullptr ? nullptr : why->reason;
    options.deliver({back.session, back.correlation,
                     encode_reply({back.correlation, std::move(what)}), true, refusal, back.held});
  }

  /// Acceptance shows in the feed by itself: it is a change.
  void answer_by_event(const return_address& back, const outcome& what) {
    auto* why = std::get_if<failure>(&what);
    if (why == nullptr)
      return;
    tell_subscribers(back, *why);
    options.deliver({0, 0, {}, true, why->reason, back.held});
  }

  void tell_subscribers(const return_address& back, const failure& why) {
    answer::event event;
    event.what = cause::refused;
    event.at = options.environment->clock->now();
    event.request_id = back.request_id;
    event.tenant = back.who->name;
    event.why = why;
    self->send(options.feed, feed_notice{back.who, std::move(event)});
  }

  void push(const feed_events& what) {
    for (const auto& event : what.events)
      options.deliver({what.address.session, what.address.correlation,
                       encode_reply({what.address.correlation, event}), false});
  }
};

gate_self::behavior_type gate(gate_self::stateful_pointer<gate_state> self, gate_options options) {
  self->state.options = std::move(options);
  install_handlers(self, [self] { self->state.abandon(); });
  return {
      [self](const inbound_batch& batch) { self->state.take(*batch); },
      [self](const feed_events& what) { self->state.push(what); },
      [self](const feed_leave& what) { self->send(self->state.options.feed, what); },
      [self](tick) { self->state.end_overdue(); },
  };
}

} // namespace

gate_actor spawn_gate(caf::actor_system& system, gate_options options) {
  return system.spawn(gate, std::move(options));
}

} // namespace restante
