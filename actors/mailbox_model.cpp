#include "actors/mailbox_model.hpp"

#include "actors/access.hpp"
#include "actors/merge.hpp"
#include "actors/replica.hpp"

#include <algorithm>

namespace restante {

namespace {

template <class Id>
Id keyed_id(const secret_key& key, std::initializer_list<std::string_view> parts) {
  Id out;
  out.bytes = keyed_digest(key, std::span{parts.begin(), parts.size()}).bytes;
  return out;
}

std::string value_of(const profile_state& profile, alias_kind kind) {
  for (const auto& entry : profile.aliases)
    if (entry.kind == kind)
      return entry.value;
  return {};
}

} // namespace

mailbox_id id_of_mailbox(const secret_key& identity, std::string_view tenant, const alias& first) {
  char kind = static_cast<char>(first.kind);
  return keyed_id<mailbox_id>(identity, {"mailbox", tenant, {&kind, 1}, first.value});
}

void message_counts::add(const message_record& message) {
  if (message.purged)
    return;
  deleted += message.has(trashed);
  kept += !message.has(trashed);
  unheard += !message.has(trashed) && !message.has(played);
}

void message_counts::remove(const message_record& message) {
  message_counts one;
  one.add(message);
  kept -= one.kept;
  unheard -= one.unheard;
  deleted -= one.deleted;
}

message_counts count(const mailbox_state& box) {
  message_counts out;
  for (const auto& [id, message] : box.messages)
    out.add(message);
  return out;
}

mailbox_model::mailbox_model(mailbox_state start, environment_ptr environment)
    : state_{std::move(start)}
    , counts_{count(state_)}
    , env_{std::move(environment)} {
  uid_max_ = state_.profile.uid_floor;
  for (const auto& [id, message] : state_.messages)
    uid_max_ = std::max(uid_max_, message.uid);
}

message_id mailbox_model::id_of_deposit(const command& what) const {
  return keyed_id<message_id>(env_->identity,
                              {"message", what.who->name, what.mailbox.view(), what.request_id});
}

result<void> mailbox_model::admit(const command& what) const {
  if (std::holds_alternative<op::create>(what.op) || of_replication(what.op))
    return {};
  if (!state_.exists() || !may(*what.who, state_.profile.tenant, what.op))
    return tl::unexpected<failure>{unknown_mailbox()};
  const auto& profile = state_.profile;
  if (std::holds_alternative<op::inspect>(what.op))
    return {};
  bool elsewhere = !env_->regions->empty() && profile.region != env_->region &&
                   profile.location.value != env_->region;
  if (profile.sealed || elsewhere)
    return fail(errc::busy, "mailbox_leaving", "the mailbox is moving home: retry shortly");
  return {};
}

uint32_t mailbox_model::next_uid() const {
  auto next = uid_max_ + 1;
  // Numbers count from 1: those of lane 0 are 1, 1 + lanes, ...
  return next + (env_->uid_lane + env_->uid_lanes - (next - 1) % env_->uid_lanes) % env_->uid_lanes;
}

result<const message_record*> mailbox_model::find(const message_ref& ref, bool even_deleted) const {
  const message_record* found = nullptr;
  if (ref.id) {
    if (auto at = state_.messages.find(*ref.id); at != state_.messages.end())
      found = &at->second;
  } else {
    for (const auto& [id, message] : state_.messages)
      if (message.uid == ref.uid)
        found = &message;
  }
  if (found == nullptr || found->purged || (!even_deleted && found->has(trashed)))
    return fail(errc::not_found, "message_not_found",
                "the mailbox has no such message: list it for the present ones");
  return found;
}

void mailbox_model::apply(const mailbox_state& delta) {
  for (const auto& [id, message] : delta.messages)
    if (auto before = state_.messages.find(id); before != state_.messages.end())
      counts_.remove(before->second);
  if (merge(state_, delta) != 0) // a content went to an id that is not in the delta
    counts_ = count(state_);
  else
    for (const auto& [id, message] : delta.messages)
      counts_.add(state_.messages.at(id));
  uid_max_ = std::max(uid_max_, delta.profile.uid_floor);
  for (const auto& [id, message] : delta.messages)
    uid_max_ = std::max(uid_max_, message.uid);
}

void mailbox_model::apply(const decision& what) {
  if (what.what == cause::dropped)
    *this = mailbox_model{mailbox_state{what.delta.id, left_behind(state_), {}}, env_};
  else
    apply(what.delta);
  if (what.seals)
    state_.profile.sealed = *what.seals;
}

// A share counts only for the PIN it was made under: setting a PIN voids all of them.
bool mailbox_model::pin_open() const {
  pin_attempts total;
  for (const auto& [incarnation, share] : state_.profile.pin_shares) {
    if (share.pin_at != state_.profile.pin.at)
      continue;
    total.failures += share.failures;
    total.closed_until_ms = std::max(total.closed_until_ms, share.closed_until);
    if (incarnation == env_->clock->incarnation() &&
        share.failures >= limits::pin_failures_lock / env_->pin_copies)
      return false;
  }
  return restante::pin_open(total, env_->clock->now());
}

decision mailbox_model::pin_attempt(const command& what) const {
  const auto& profile = state_.profile;
  auto at = profile.pin_shares.find(env_->clock->incarnation());
  auto share = at == profile.pin_shares.end() ? pin_share{} : at->second;
  if (share.pin_at != profile.pin.at)
    share = {share.version, profile.pin.at, 0, 0};
  auto next = after_failure({share.failures, share.closed_until}, env_->clock->now());
  decision out;
  out.delta.id = state_.id;
  out.delta.profile.pin_shares[env_->clock->incarnation()] = {share.version + 1, share.pin_at,
                                                              next.failures, next.closed_until_ms};
  out.what = cause::pin_tried;
  out.shrinks = true;
  out.detail = what.request_id.empty() ? "" : to_hex(what.request_id);
  out.reply = pin_denied();
  return out;
}

answer::profile describe(const mailbox_state& state) {
  const auto& from = state.profile;
  answer::profile out;
  out.id = {from.region, state.id};
  out.imei = value_of(from, alias_kind::imei);
  out.number = value_of(from, alias_kind::number);
  out.language = from.language.value;
  out.time_zone = from.time_zone.value;
  out.notifications = from.notifications.value != "off";
  out.has_pin = !from.pin.value.empty();
  for (size_t kind = 0; kind < greeting_kinds; ++kind)
    if (from.greetings[kind].value.type != media_type::unknown)
      out.greetings.push_back(static_cast<greeting_kind>(kind));
  auto counts = count(state);
  out.messages = static_cast<uint32_t>(counts.kept);
  out.unheard = static_cast<uint32_t>(counts.unheard);
  out.tenant = from.tenant;
  return out;
}

notification make_notification(const mailbox_environment& env, const mailbox_state& box,
                               notice kind, notice_facts facts,
                               std::initializer_list<std::string_view> unique) {
  notification out;
  std::vector<std::string_view> parts{"notification", box.id.view()};
  char number = static_cast<char>(kind);
  parts.emplace_back(&number, 1);
  parts.insert(parts.end(), unique);
  out.id.bytes = keyed_digest(env.identity, parts).bytes;
  out.mailbox = box.id;
  out.region = box.profile.region;
  out.tenant = box.profile.tenant;
  out.to = value_of(box.profile, alias_kind::number);
  out.kind = static_cast<uint8_t>(kind);
  out.created_at = out.due_at = env.clock->now();
  auto owner = env.tenants->find(box.profile.tenant);
  if (owner) {
    facts.tenant_name = owner->name;
    facts.short_code = owner->short_code;
  }
  auto language = box.profile.language.value;
  if (language.empty() && owner)
    language = owner->language;
  out.text = render(kind, language.empty() ? env.language : language, facts);
  return out;
}

} // namespace restante
