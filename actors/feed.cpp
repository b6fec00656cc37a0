#include "actors/feed.hpp"

#include "actors/access.hpp"
#include "actors/handlers.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <set>

namespace restante {

namespace {

struct repeat_due {};

} // namespace
} // namespace restante
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::repeat_due)
namespace restante {
namespace {

using feed_self = feed_actor::extend<caf::reacts_to<repeat_due>>;
constexpr size_t page_changes = 256;

answer::event event_of(uint64_t sequence, change what) {
  answer::event out;
  out.sequence = sequence;
  out.what = what.what;
  out.profile = to_string(profile_id{what.region, what.mailbox});
  out.message = what.message;
  out.uid = what.uid;
  out.at = what.at.milliseconds();
  out.request_id = std::move(what.request_id);
  out.tenant = std::move(what.tenant);
  return out;
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{out}
                                                                  : std::nullopt;
}

struct subscription {
  tenant_ptr who;
  std::string key;       // of the meta row that keeps the position
  std::string forgotten; // the row of a name that makes room for this one; goes with the first save
  subscriber_address address;
  event_sink_actor sink;
  uint32_t credit = 1;
  uint64_t acknowledged = 0;
  uint64_t sent = 0;         // everything up to here was sent or is not for this one
  std::deque<uint64_t> open; // sent and unacknowledged
  caf::actor_clock::time_point moved;
  bool reading = false;
  bool saving = false;
};
using subscription_ptr = std::shared_ptr<subscription>;

struct feed_state {
  static inline constexpr const char* name = "feed";
  explicit feed_state(feed_self::pointer s) : self{s} {}

  feed_self::pointer self;
  feed_options options;
  std::map<std::string, subscription_ptr> by_key;
  std::set<subscription_ptr> placing; // their positions are being read

  static std::string key_of(const tenant_record& who, const std::string& name) {
    return meta_key("cursor/" + who.name + "/" + name);
  }

  caf::result<answered> subscribe(feed_subscribe& what, event_sink_actor& sink) {
    if (what.what.name.empty() || what.what.credit == 0 ||
        what.what.credit > limits::event_credit_max)
      return answered{failure{errc::invalid_request, "subscription_malformed",
                              "a subscription has a name, and a credit of 1 to 1,000"}};
    auto key = key_of(*what.who, what.what.name);
    if (!by_key.contains(key) && !room_for(what.who->name))
      return answered{failure{errc::busy, "subscriptions_many",
                              "a tenant may have 64 subscriptions, all together 1,024: end one, or "
                              "retry later"}};
    auto fresh = std::make_shared<subscription>();
    fresh->who = what.who;
    fresh->key = key;
    fresh->address = what.address;
    fresh->sink = std::move(sink);
    fresh->credit = what.what.credit;
    fresh->moved = self->clock().now();
    placing.insert(fresh);
    auto reply = self->make_response_promise<answered>();
    page_request positions{
        family::meta, key_of(*what.who, {}), {}, 2 * limits::tenant_positions_max};
    self->request(options.reader, limits::load_timeout, std::move(positions))
        .then([this, fresh, from = what.what.from,
               reply](const page_reply& got) { place(fresh, from, got, reply); },
              [this, fresh, reply](caf::error&) {
                placing.erase(fresh);
                answer_with(reply, unread());
              });
    return reply;
  }

  bool room_for(const std::string& tenant) const {
    size_t own = 0;
    for (const auto& [key, sub] : by_key)
      own += sub->who->name == tenant;
    for (const auto& sub : placing)
      own += sub->who->name == tenant;
    return own < limits::tenant_subscriptions_max &&
           by_key.size() + placing.size() < limits::subscriptions_max;
  }

  static failure unread() {
    return {errc::busy, "position_unread", "the position could not be read: subscribe again"};
  }

  /// Where a subscription begins: where it asked, where its name left off, or at the end.
  void place(const subscription_ptr& fresh, uint64_t from, const page_reply& got,
             const caf::typed_response_promise<answered>& reply) {
    if (placing.erase(fresh) == 0)
      return answer_with(reply, unread()); // the client left meanwhile
    if (!got.page)
      return answer_with(reply, got.page.error());
    std::optional<uint64_t> kept;
    for (const auto& row : *got.page)
      if (row.key == fresh->key)
        kept = number(row.value);
    if (!kept && got.page->size() >= limits::tenant_positions_max)
      fresh->forgotten = furthest_behind(*got.page);
    fresh->acknowledged = from != 0 ? from - 1 : kept ? *kept : options.newest;
    fresh->acknowledged = std::min(fresh->acknowledged, options.newest);
    fresh->sent = fresh->acknowledged;
    by_key[fresh->key] = fresh; // one client, one name: a newer session takes over
    answer_with(reply, answer::subscribed{fresh->acknowledged + 1});
    if (kept != fresh->acknowledged)
      save(fresh);
    pump(fresh);
  }

  /// The name whose position is the oldest, of those that nobody is subscribed under.
  std::string furthest_behind(const std::vector<key_value>& positions) const {
    std::string found;
    uint64_t oldest = UINT64_MAX;
    for (const auto& row : positions)
      if (auto at = number(row.value).value_or(0); at < oldest && !by_key.contains(row.key)) {
        oldest = at;
        found = row.key;
      }
    return found;
  }

  bool current(const subscription_ptr& sub) const {
    auto at = by_key.find(sub->key);
    return at != by_key.end() && at->second == sub;
  }

  void pump(const subscription_ptr& sub) {
    if (sub->reading || sub->open.size() >= sub->credit || sub->sent >= options.newest)
      return;
    sub->reading = true;
    auto after = sub->sent;
    page_request page{family::changes, {}, change_key(after + 1), page_changes};
    self->request(options.reader, limits::load_timeout, std::move(page))
        .then(
            [this, sub, after](const page_reply& got) {
              sub->reading = false;
              if (!got.page || !current(sub))
                return;
              if (sub->sent == after)
                push(sub, *got.page);
              else
                pump(sub); // a repeat was asked for meanwhile: this page is not what comes next
            },
            [sub](caf::error&) { sub->reading = false; }); // the next tick tries again
  }

  void push(const subscription_ptr& sub, const std::vector<key_value>& page) {
    feed_events out{sub->address, sub->who, {}};
    const auto who = options.tenants->as_now(*sub->who); // whom it serves may have changed
    for (const auto& entry : page) {
      auto sequence = parse_change_key(entry.key);
      if (!sequence || *sequence > options.newest)
        continue; // not announced yet
      if (sub->open.size() >= sub->credit)
        break;
      auto what = decode_change(entry.value);
      sub->sent = *sequence;
      if (!what || !who || !acts_for(*who, what->owner))
        continue;
      if (sub->open.empty())
        sub->moved = self->clock().now(); // the oldest open event is not older than this
      sub->open.push_back(*sequence);
      out.events.push_back(event_of(*sequence, std::move(*what)));
    }
    if (!out.events.empty())
      self->send(sub->sink, std::move(out));
    if (!page.empty())
      pump(sub);
  }

  void acknowledge(const feed_acknowledge& what) {
    auto at = by_key.find(key_of(*what.who, what.what.name));
    if (at == by_key.end())
      return;
    auto& sub = at->second;
    auto upto = std::min(what.what.sequence, sub->sent);
    if (upto <= sub->acknowledged)
      return;
    sub->acknowledged = upto;
    sub->moved = self->clock().now();
    while (!sub->open.empty() && sub->open.front() <= upto)
      sub->open.pop_front();
    save(sub);
    pump(sub);
  }

  /// Keeps the position; one write at a time, the latest position wins.
  void save(const subscription_ptr& sub) {
    if (sub->saving)
      return;
    sub->saving = true;
    auto position = sub->acknowledged;
    auto commit = std::make_shared<commit_request>();
    commit->rows.push_back(row::put(family::meta, sub->key, std::to_string(position)));
    if (auto gone = std::exchange(sub->forgotten, {}); !gone.empty() && !by_key.contains(gone))
      commit->rows.push_back(row::remove(family::meta, std::move(gone)));
    auto saved = [this, sub, position](bool done) {
      sub->saving = false;
      if (done && sub->acknowledged != position && current(sub))
        save(sub);
    };
    self->request(options.writer, limits::commit_timeout, std::move(commit))
        .then([saved](const commit_reply& done) { saved(done.sequence.has_value()); },
              [saved](caf::error&) { saved(false); });
  }

  void grew(const log_grew& what) {
    options.newest = std::max(options.newest, what.sequence);
    for (auto& [key, sub] : by_key)
      pump(sub);
  }

  void leave(uint64_t session) {
    std::erase_if(
        by_key, [session](const auto& entry) { return entry.second->address.session == session; });
    std::erase_if(placing, [session](const auto& sub) { return sub->address.session == session; });
  }

  void notice(const feed_notice& what) {
    for (auto& [key, sub] : by_key)
      if (sub->who->name == what.who->name)
        self->send(sub->sink, feed_events{sub->address, sub->who, {what.what}});
  }

  void repeat() {
    auto now = self->clock().now();
    for (auto& [key, sub] : by_key) {
      if (!sub->open.empty() && now - sub->moved >= options.repeat_after) {
        sub->open.clear();
        sub->sent = sub->acknowledged;
        sub->moved = now;
      }
      pump(sub);
    }
    self->delayed_send(self, options.repeat_after / 4, repeat_due{});
  }
};

feed_self::behavior_type feed(feed_self::stateful_pointer<feed_state> self, feed_options options) {
  self->state.options = std::move(options);
  install_handlers(self, [] {});
  self->delayed_send(self, self->state.options.repeat_after / 4, repeat_due{});
  return {
      [self](const log_grew& what) { self->state.grew(what); },
      [self](feed_subscribe& what, event_sink_actor& sink) {
        return self->state.subscribe(what, sink);
      },
      [self](const feed_acknowledge& what) { self->state.acknowledge(what); },
      [self](const feed_leave& what) { self->state.leave(what.session); },
      [self](const feed_notice& what) { self->state.notice(what); },
      [self](repeat_due) { self->state.repeat(); },
  };
}

} // namespace

feed_actor spawn_feed(caf::actor_system& system, feed_options options) {
  return system.spawn(feed, std::move(options));
}

} // namespace restante
