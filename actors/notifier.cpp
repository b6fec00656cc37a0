#include "actors/notifier.hpp"

#include "actors/access.hpp"
#include "actors/gsm.hpp"
#include "actors/handlers.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"
#include "schemas/text.hpp"
#include "storage/keys.hpp"
#include "storage/mailbox_rows.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace restante {

namespace {

struct look_again {};

} // namespace
} // namespace restante
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::look_again)
namespace restante {
namespace {

using notifier_self = notifier_actor::extend<caf::reacts_to<look_again>>;
constexpr size_t page_rows = 2 * limits::notifications_in_flight_max;
constexpr auto look_interval = std::chrono::seconds{1};
/// Of all open texts, one gateway session holds at most a quarter: a stuck one leaves room.
constexpr uint32_t session_open_max = limits::notifications_in_flight_max / 4;
constexpr size_t sms_segments_max = 4;
/// Pages looked at in one go; the next look goes on behind them, so that any number of texts whose
/// gateway is away neither hides the others nor is read every second.
constexpr size_t pages_at_once = 16;

struct gateway {
  tenant_ptr who;
  gateway_sink_actor sink;
  uint32_t credit = 0;
  uint32_t open = 0;
};

struct open_text {
  notification what;
  uint64_t session = 0;
  wall_ms since = 0;
  bool settling = false; // its end is being written
};

struct notifier_state {
  static inline constexpr const char* name = "notifier";
  explicit notifier_state(notifier_self::pointer s) : self{s} {}

  notifier_self::pointer self;
  notifier_options options;
  std::map<uint64_t, gateway> gateways; // by session
  std::unordered_map<notification_id, open_text> open;
  bool looking = false;
  /// Rows that ended since the page under way was asked for: it may still have them.
  std::unordered_set<std::string> ended;
  bool look_wanted = false;
  std::string resume;    // where the next look begins; empty: at the oldest
  size_t pages_left = 0; // of this look

  wall_ms now() const { return options.environment->clock->now(); }

  // --- gateways --------------------------------------------------------------------------------

  void credit(const gateway_credit& what, gateway_sink_actor& sink) {
    if (what.credit == 0) {
      gateways.erase(what.session);
      std::erase_if(open, [&](const auto& entry) {
        return entry.second.session == what.session && !entry.second.settling;
      });
    } else {
      auto& there = gateways[what.session];
      there.who = what.gateway;
      there.sink = std::move(sink);
      there.credit = what.credit;
    }
    look();
  }

  gateway* gateway_for(const notification& what, uint64_t& session) {
    for (auto& [id, there] : gateways)
      if (auto who = options.environment->tenants->as_now(*there.who);
          who && there.open < std::min(there.credit, session_open_max) &&
          acts_for(*who, what.tenant)) {
        session = id;
        return &there;
      }
    return nullptr;
  }

  // --- the outbox ------------------------------------------------------------------------------

  /// Looks at the texts that are due, the oldest first.
  void look() {
    look_wanted = true;
    if (looking)
      return;
    looking = true;
    look_wanted = false;
    pages_left = pages_at_once;
    look_from(std::exchange(resume, {}));
  }

  /// Page by page: texts of a tenant whose gateway is stuck must not hide the others behind them.
  void look_from(std::string from) {
    ended.clear();
    self->request(options.reader, limits::load_timeout,
                  page_request{family::outbox, {}, std::move(from), page_rows})
        .then([this](const page_reply& got) { looked(got); },
              [this](caf::error&) { looking = false; });
  }

  void looked(const page_reply& got) {
    bool more = got.page && got.page->size() == page_rows;
    if (got.page)
      for (const auto& entry : *got.page)
        if (!consider(entry)) {
          more = false;
          break;
        }
    if (more && --pages_left > 0)
      return look_from(key_after(got.page->back().key));
    if (more)
      resume = key_after(got.page->back().key);
    looking = false;
    if (look_wanted)
      look();
  }

  /// False: nothing later in the outbox can be handed over now.
  bool consider(const key_value& entry) {
    auto place = parse_outbox_key(entry.key);
    if (!place || static_cast<wall_ms>(place->due_ms) > now())
      return false;
    if (open.contains(place->notification) || ended.contains(entry.key))
      return true;
    auto what = decode_notification(entry.value);
    if (!what)
      return true;
    what->id = place->notification;
    what->due_at = static_cast<wall_ms>(place->due_ms);
    if (now() - what->created_at > options.give_up.count()) {
      auto id = what->id;
      open[id] = {std::move(*what), 0, now(), true};
      settle(id, "notification_given_up", "too old", std::nullopt);
      return true;
    }
    if (gateways.empty() || open.size() >= limits::notifications_in_flight_max)
      return !gateways.empty() ? false : true; // the aged ones behind it must still be seen
    hand_over(std::move(*what));
    return true;
  }

  void hand_over(notification what) {
    uint64_t session = 0;
    auto* to = gateway_for(what, session);
    if (to == nullptr)
      return; // its gateway's credit, or its arrival, will wake us
    auto owner = options.environment->tenants->find(what.tenant);
    auto text = fit_sms(what.text, sms_segments_max);
    auto shape = measure_sms(text);
    sms::submit submit{what.id,
                       what.to,
                       owner ? owner->short_code : std::string{},
                       std::move(text),
                       shape.encoding == sms_encoding::ucs2,
                       static_cast<uint8_t>(shape.segments),
                       what.created_at + options.give_up.count()};
    ++to->open;
    self->send(to->sink, gateway_submit{session, std::move(submit)});
    auto id = what.id;
    open[id] = {std::move(what), session, now(), false};
  }

  /// Ends a hand-over on disk: `again` moves the row to a later time, otherwise it goes and a
  /// record of `kind` comes. `reply` hears when that is durable.
  void settle(const notification_id& id, std::string_view kind, const std::string& detail,
              std::optional<milliseconds> again,
              const std::optional<caf::typed_response_promise<answered>>& reply = {}) {
    auto& entry = open[id];
    entry.settling = true;
    const auto& what = entry.what;
    auto commit = std::make_shared<commit_request>();
    commit->rows.push_back(
        row::remove(family::outbox, outbox_key(static_cast<uint64_t>(what.due_at), id)));
    if (again) {
      auto later = what;
      later.due_at = now() + again->count();
      if (!kind.empty())
        ++later.attempts;
      append_outbox_row(commit->rows, later);
    } else {
      options.log.debug(kind, {{"id", to_string(id)}, {"to", mask_number(what.to)}});
      commit->record = encode(record{
          now(), std::string{kind}, what.tenant,
          what.mailbox.zero() ? "" : to_string(profile_id{what.region, what.mailbox}),
          to_string(id) + " to " + mask_number(what.to) + (detail.empty() ? "" : ": " + detail)});
      commit->at = now();
    }
    commit->urgency = commit_class::essential;
    self->request(options.writer, limits::commit_timeout, std::move(commit))
        .then([this, id, reply](const commit_reply& done) { settled(id, done.sequence, reply); },
              [this, id, reply](caf::error&) {
                settled(id, fail(errc::outcome_unknown, "notifier_interrupted", "say it again"),
                        reply);
              });
  }

  /// What could not be written stays open for answer_within, so that a full disk neither repeats a
  /// text to the subscriber nor is asked without a pause; its gateway is told to say it again.
  void settled(const notification_id& id, const result<uint64_t>& done,
               const std::optional<caf::typed_response_promise<answered>>& reply) {
    if (done) {
      ended.insert(outbox_key(static_cast<uint64_t>(open[id].what.due_at), id));
      open.erase(id);
    } else {
      auto& entry = open[id];
      entry.settling = false;
      entry.since = now();
      if (auto at = gateways.find(entry.session); at != gateways.end())
        ++at->second.open;
    }
    if (reply)
      answer_with(*reply, done ? outcome{answer::done{true}} : outcome{done.error()});
    if (done)
      look();
  }

  // --- what gateways say -----------------------------------------------------------------------

  caf::result<answered> submitted(const submit_result& result) {
    auto at = open.find(result.what.id);
    // Known and settled already, or from an earlier session: the gateway may forget it.
    if (at == open.end() || at->second.settling || at->second.session != result.session)
      return answered{answer::done{false}};
    release(result.session);
    auto reply = self->make_response_promise<answered>();
    auto detail = result.gateway->name + " " + result.what.detail;
    switch (result.what.status) {
    case sms::submit_status::accepted:
      settle(at->first, "notification_handed_over", detail, std::nullopt, reply);
      break;
    case sms::submit_status::permanent_failure:
      settle(at->first, "notification_refused", detail, std::nullopt, reply);
      break;
    case sms::submit_status::temporary_failure:
      settle(at->first, "retry", {},
             retry_pause(options.retry_base, options.retry_max, at->second.what.attempts), reply);
    }
    return reply;
  }

  void release(uint64_t session) {
    if (auto at = gateways.find(session); at != gateways.end() && at->second.open > 0)
      --at->second.open;
  }

  caf::result<answered> receipt(const receipt_result& result) {
    static constexpr const char* kinds[] = {"sms_delivered", "sms_undeliverable", "sms_expired",
                                            "sms_unknown"};
    auto commit = std::make_shared<commit_request>();
    commit->at = now();
    commit->record = encode(record{commit->at,
                                   kinds[static_cast<size_t>(result.what.status)],
                                   result.gateway->name,
                                   {},
                                   to_string(result.what.id) + " " + result.what.detail});
    auto reply = self->make_response_promise<answered>();
    self->request(options.writer, limits::commit_timeout, std::move(commit))
        .then(
            [reply](const commit_reply& done) {
              answer_with(reply, done.sequence ? outcome{answer::done{true}}
                                               : outcome{done.sequence.error()});
            },
            [reply](caf::error&) {
              answer_with(reply,
                          failure{errc::outcome_unknown, "notifier_interrupted", "repeat it"});
            });
    return reply;
  }

  /// Texts a gateway took and never answered are handed over again, with their old id.
  void tick() {
    auto late = now() - options.answer_within.count();
    std::erase_if(open, [&](const auto& entry) {
      if (entry.second.settling || entry.second.since > late)
        return false;
      release(entry.second.session);
      return true;
    });
    look();
    self->delayed_send(self, look_interval, look_again{});
  }
};

notifier_self::behavior_type notifier(notifier_self::stateful_pointer<notifier_state> self,
                                      notifier_options options) {
  self->state.options = std::move(options);
  install_handlers(self, [] {});
  self->delayed_send(self, look_interval, look_again{});
  return {
      [self](const log_grew& what) {
        if (what.outbox && !self->state.gateways.empty())
          self->state.look();
      },
      [self](const gateway_credit& what, gateway_sink_actor& sink) {
        self->state.credit(what, sink);
      },
      [self](const submit_result& what) { return self->state.submitted(what); },
      [self](const receipt_result& what) { return self->state.receipt(what); },
      [self](look_again) { self->state.tick(); },
  };
}

} // namespace

milliseconds retry_pause(milliseconds base, milliseconds most, uint32_t attempts) {
  auto doubled = base * (int64_t{1} << std::min(attempts, 20U));
  return std::min(doubled, most);
}

notifier_actor spawn_notifier(caf::actor_system& system, notifier_options options) {
  return system.spawn(notifier, std::move(options));
}

} // namespace restante
