#include "actors/merge.hpp"

#include "schemas/crypto.hpp"

#include <algorithm>

namespace restante {

namespace {

template <class T>
void join(last_write<T>& into, const last_write<T>& from) {
  if (into < from)
    into = from;
}

/// The empty text and zero are "not known here".
template <class T>
void join_constant(T& into, const T& from) {
  if (into == T{} || (from != T{} && from < into))
    into = from;
}

void join(pin_share& into, const pin_share& from) {
  if (into < from)
    into = from;
}

void join(profile_state& into, const profile_state& from) {
  join_constant(into.tenant, from.tenant);
  join_constant(into.region, from.region);
  join_constant(into.born_at, from.born_at);
  into.aliases.insert(from.aliases.begin(), from.aliases.end());
  join(into.pin, from.pin);
  join(into.language, from.language);
  join(into.time_zone, from.time_zone);
  join(into.notifications, from.notifications);
  for (size_t kind = 0; kind < greeting_kinds; ++kind)
    join(into.greetings[kind], from.greetings[kind]);
  for (const auto& [incarnation, share] : from.pin_shares)
    join(into.pin_shares[incarnation], share);
  into.uid_floor = std::max(into.uid_floor, from.uid_floor);
  join(into.location, from.location);
}

/// Two records of one id and one content.
void join(message_record& into, const message_record& from) {
  auto uid = into.uid == 0 ? from.uid : from.uid == 0 ? into.uid : std::min(into.uid, from.uid);
  if (into.purged || from.purged) {
    message_record tombstone;
    tombstone.id = into.id;
    tombstone.purged = true;
    tombstone.content = into.content;
    tombstone.uid = uid;
    into = std::move(tombstone);
    return;
  }
  into.uid = uid;
  join_constant(into.format, from.format);
  join_constant(into.caller, from.caller);
  join_constant(into.called_at, from.called_at);
  join_constant(into.stored_at, from.stored_at);
  join_constant(into.duration_ms, from.duration_ms);
  join_constant(into.deposited_by, from.deposited_by);
  join_constant(into.parts, from.parts);
  for (size_t i = 0; i < flag_count; ++i)
    join(into.flags[i], from.flags[i]);
  into.awaited &= from.awaited;
  join(into.to_device, from.to_device);
  join(into.elsewhere, from.elsewhere);
}

size_t insert(mailbox_state& into, message_record record) {
  auto [at, fresh] = into.messages.try_emplace(record.id, record);
  if (fresh)
    return 0;
  auto& there = at->second;
  if (there.content == record.content) {
    // One deposit that two nodes took got two numbers; the one it loses is never given out again.
    if (there.uid != record.uid && there.uid != 0 && record.uid != 0)
      into.profile.uid_floor = std::max({into.profile.uid_floor, there.uid, record.uid});
    join(there, record);
    return 0;
  }
  // Both are kept. Which one stays under the id must not depend on who merges first: the smaller
  // content does. (Arrival times differ between replicas, contents do not.)
  if (record.content < there.content)
    std::swap(there, record);
  record.id = diverged_id(record.id, record.content);
  return 1 + insert(into, std::move(record));
}

} // namespace

message_id diverged_id(const message_id& id, const digest& content) {
  std::string_view parts[] = {"diverged", id.view(), content.view()};
  message_id out;
  out.bytes = plain_digest(parts).bytes;
  return out;
}

size_t merge(mailbox_state& into, const mailbox_state& from) {
  if (into.id.zero())
    into.id = from.id;
  join(into.profile, from.profile);
  size_t diverged = 0;
  for (const auto& [id, record] : from.messages)
    diverged += insert(into, record);
  return diverged;
}

const message_record* with_content(const mailbox_state& in, const message_record& found,
                                   const digest& content) {
  const auto* there = &found;
  while (there->content != content) {
    const auto aside = in.messages.find(diverged_id(there->id, content));
    if (aside == in.messages.end())
      return nullptr;
    there = &aside->second;
  }
  return there;
}

} // namespace restante
