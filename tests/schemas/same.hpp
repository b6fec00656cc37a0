// Comparing requests and replies field by field: the production types need no operator== of their
// own. A field that is added there has to be added here, or it is not tested to travel.
#pragma once

#include "schemas/messages.hpp"

#include <algorithm>
#include <tuple>

namespace restante::codec_tests {

inline auto fields(const subscriber_ref& v) { return std::tie(v.what, v.text); }
inline auto fields(const message_ref& v) { return std::tie(v.id, v.uid); }
inline auto fields(const challenge_answer& v) { return std::tie(v.challenge, v.pin); }
inline auto fields(const media_part& v) { return std::tie(v.type, v.bytes); }

template <class T>
bool same(const T& a, const T& b);

template <class T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same(x, y); });
}
template <class... T>
bool same(const std::variant<T...>& a, const std::variant<T...>& b) {
  return a.index() == b.index() &&
         std::visit([&](const auto& x) { return same(x, std::get<std::decay_t<decltype(x)>>(b)); },
                    a);
}

inline auto fields(const op::create&) { return std::tuple{}; }
inline auto fields(const op::describe&) { return std::tuple{}; }
inline auto fields(const op::deposit& v) {
  return std::tie(v.format, v.caller, v.called_at, v.claimed_duration_ms, v.urgent, v.parts,
                  v.until);
}
inline auto fields(const op::list& v) { return std::tie(v.after_uid, v.limit, v.include_deleted); }
inline auto fields(const op::retrieve& v) {
  return std::tie(v.message, v.via, v.answer, v.delivered_to);
}
inline auto fields(const op::remove& v) { return std::tie(v.message, v.via, v.answer, v.purge); }
inline auto fields(const op::set_flags& v) { return std::tie(v.message, v.set, v.clear); }
inline auto fields(const op::get_greeting& v) { return std::tie(v.kind); }
inline auto fields(const op::set_greeting& v) { return std::tie(v.kind, v.media); }
inline auto fields(const op::set_pin& v) { return std::tie(v.pin); }
inline auto fields(const op::set_preferences& v) {
  return std::tie(v.language, v.time_zone, v.notifications);
}
inline auto fields(const op::locate& v) { return std::tie(v.region); }
inline auto fields(const op::inspect&) { return std::tuple{}; }
inline auto fields(const op::absorb&) { return std::tuple{}; }
inline auto fields(const op::seal&) { return std::tuple{}; }
inline auto fields(const op::drop&) { return std::tuple{}; }
inline auto fields(const ask::ping&) { return std::tuple{}; }
inline auto fields(const ask::register_device& v) {
  return std::tie(v.imei, v.number, v.pin, v.language, v.time_zone, v.greeting, v.owner);
}
inline auto fields(const ask::of_mailbox& v) { return std::tie(v.subscriber, v.op); }
inline auto fields(const ask::subscribe& v) { return std::tie(v.name, v.credit, v.from); }
inline auto fields(const ask::acknowledge& v) { return std::tie(v.name, v.sequence); }
inline auto fields(const ask::tenant_add& v) { return std::tie(v.tenant); }
inline auto fields(const ask::tenant_list&) { return std::tuple{}; }
inline auto fields(const ask::tenant_revoke& v) { return std::tie(v.name); }
inline auto fields(const ask::subscriber_list& v) { return std::tie(v.tenant, v.after, v.limit); }
inline auto fields(const ask::records& v) {
  return std::tie(v.after_day, v.after_sequence, v.limit, v.newest);
}
inline auto fields(const ask::status&) { return std::tuple{}; }
inline auto fields(const ask::drain& v) { return std::tie(v.node, v.on); }
inline auto fields(const request& v) {
  return std::tie(v.correlation, v.deadline, v.request_id, v.what);
}

inline auto fields(const answer::pong&) { return std::tuple{}; }
inline auto fields(const answer::registered& v) {
  return std::tie(v.profile, v.already_had_access);
}
inline auto fields(const answer::profile& v) {
  return std::tie(v.id, v.imei, v.number, v.language, v.time_zone, v.notifications, v.has_pin,
                  v.greetings, v.messages, v.unheard, v.tenant);
}
inline auto fields(const answer::deposited& v) {
  return std::tie(v.message, v.uid, v.duration_ms, v.duplicate, v.sequence);
}
inline auto fields(const answer::listing& v) { return std::tie(v.headers, v.more); }
inline auto fields(const answer::message& v) { return std::tie(v.header, v.parts); }
inline auto fields(const answer::challenge& v) { return std::tie(v.challenge, v.expires_at); }
inline auto fields(const answer::done& v) { return std::tie(v.changed); }
inline auto fields(const answer::greeting& v) { return std::tie(v.kind, v.media); }
inline auto fields(const answer::subscribed& v) { return std::tie(v.from); }
inline auto fields(const answer::event& v) {
  return std::tie(v.sequence, v.what, v.profile, v.message, v.uid, v.at, v.request_id, v.tenant,
                  v.why);
}
inline auto fields(const answer::tenants& v) { return std::tie(v.all); }
inline auto fields(const answer::subscribers& v) { return std::tie(v.page); }
inline auto fields(const answer::stored_record& v) { return std::tie(v.day, v.sequence, v.what); }
inline auto fields(const answer::records& v) { return std::tie(v.page); }
inline auto fields(const answer::status& v) { return std::tie(v.figures); }
inline auto fields(const answer::copy_of_mailbox& v) {
  return std::tie(v.node, v.region, v.role, v.there, v.leaving, v.state, v.messages, v.location,
                  v.problem);
}
inline auto fields(const answer::copies& v) { return std::tie(v.all); }
inline auto fields(const reply& v) { return std::tie(v.correlation, v.what); }

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (requires { fields(a); })
    return [&]<size_t... i>(std::index_sequence<i...>) {
      [[maybe_unused]] auto x = fields(a), y = fields(b);
      return (same(std::get<i>(x), std::get<i>(y)) && ...);
    }
  (std::make_index_sequence<std::tuple_size_v<decltype(fields(a))>>{});
  else return a == b;
}

} // namespace restante::codec_tests
