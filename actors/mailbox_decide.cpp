// What each command comes to. Every function is `decide` of one operation: it reads the model,
// changes nothing, and returns what is to be made durable and what is then answered.
#include "actors/access.hpp"
#include "actors/deposit.hpp"
#include "actors/mailbox_model.hpp"
#include "actors/media.hpp"
#include "actors/merge.hpp"
#include "actors/replica.hpp"
#include "actors/templates.hpp"
#include "actors/time_zone.hpp"
#include "actors/trash.hpp"
#include "schemas/checksum.hpp"

#include <algorithm>

namespace restante {

struct decider {
  const mailbox_model& model;
  const command& what;
  const facts& known;

  const mailbox_state& state() const { return model.state_; }
  const mailbox_environment& env() const { return *model.env_; }

  decision begin(cause why) const {
    decision out;
    out.what = why;
    out.delta.id = state().id;
    out.reply = answer::done{true};
    return out;
  }

  static decision unchanged(outcome reply) {
    decision out;
    out.reply = std::move(reply);
    return out;
  }

  /// Tells the subscriber, when there is a number and they want to hear.
  void notify(decision& out, const mailbox_state& box, notice kind, notice_facts facts,
              std::initializer_list<std::string_view> unique) const {
    if (box.profile.notifications.value == "off")
      return;
    auto told = make_notification(env(), box, kind, std::move(facts), unique);
    if (!told.to.empty())
      out.notifications.push_back(std::move(told));
  }

  /// What is told of a change to `message`, with the counts as they are after it. `stays`: the
  /// change leaves the message among those that are listed.
  notice_facts facts_of(const message_record& message, bool stays) const {
    auto counts = model.counts();
    if (auto before = state().messages.find(message.id); before != state().messages.end())
      counts.remove(before->second);
    if (stays)
      counts.add(message);
    return {.caller = message.caller,
            .number = message.uid,
            .duration = milliseconds{message.duration_ms},
            .profile = to_string(profile_id{state().profile.region, state().id}),
            .unheard = static_cast<uint32_t>(counts.unheard),
            .total = static_cast<uint32_t>(counts.kept),
            .called_at = local_text(message.called_at, state().profile.time_zone.value)};
  }

  digest request_digest() const { return checksum(what.request_id); }

  // --- life of the mailbox --------------------------------------------------------------------

  result<decision> operator()(const op::create& from) const {
    if (state().exists())
      return unchanged(answer::registered{{state().profile.region, state().id}, true});
    auto out = begin(cause::registered);
    auto at = env().clock->next();
    auto& profile = out.delta.profile;
    profile.tenant = from.owner;
    profile.region = from.region;
    profile.born_at = env().clock->now();
    profile.aliases = from.aliases;
    if (!from.pin_hash.empty())
      profile.pin = {at, from.pin_hash};
    if (!from.language.empty())
      profile.language = {at, from.language};
    if (!from.time_zone.empty())
      profile.time_zone = {at, from.time_zone};
    if (from.greeting)
      if (auto ok = put_greeting(out, greeting_kind::normal, *from.greeting, at); !ok)
        return tl::unexpected<failure>{ok.error()};
    out.claims.assign(from.aliases.begin(), from.aliases.end());
    profile_id id{from.region, state().id};
    out.reply = answer::registered{id, false};
    notify(out, out.delta, notice::welcome, {.profile = to_string(id)}, {});
    return out;
  }

  result<decision> operator()(const op::describe&) const { return unchanged(describe(state())); }
  result<decision> operator()(const op::inspect&) const { return unchanged(told_of(state())); }

  result<decision> operator()(const op::set_pin& from) const {
    auto numbers = own_numbers();
    if (auto ok = check_new_pin(env().pins, from.pin, numbers); !ok)
      return tl::unexpected<failure>{ok.error()};
    auto out = begin(cause::pin_set);
    out.delta.profile.pin = {env().clock->next(), known.pin_hash};
    out.shrinks = true;
    return out;
  }

  std::vector<std::string> own_numbers() const {
    std::vector<std::string> out;
    for (const auto& entry : state().profile.aliases)
      if (entry.kind == alias_kind::number)
        out.push_back(entry.value);
    return out;
  }

  result<decision> operator()(const op::set_preferences& from) const {
    if (!from.time_zone.empty() && !known_time_zone(from.time_zone))
      return fail(errc::invalid_request, "time_zone_unknown",
                  "name a time zone as IANA does, such as Europe/Paris");
    if (auto ok = check_language(from.language); !ok)
      return tl::unexpected<failure>{ok.error()};
    auto out = begin(cause::preferences_set);
    auto at = env().clock->next();
    auto& profile = out.delta.profile;
    if (!from.language.empty())
      profile.language = {at, from.language};
    if (!from.time_zone.empty())
      profile.time_zone = {at, from.time_zone};
    if (from.notifications != toggle::unchanged)
      profile.notifications = {at, from.notifications == toggle::on ? "on" : "off"};
    if (profile.empty())
      return unchanged(answer::done{false});
    return out;
  }

  // --- greetings ------------------------------------------------------------------------------

  result<void> put_greeting(decision& out, greeting_kind kind, const media_part& media,
                            stamp at) const {
    auto info = probe_media(media.type, media.bytes.view());
    if (!info)
      return tl::unexpected<failure>{info.error()};
    if (!info->duration)
      return fail(errc::invalid_request, "greeting_not_audio",
                  "a greeting is played to callers: send audio");
    out.delta.profile.greetings[static_cast<size_t>(kind)] = {
        at, {media.type, media.bytes.size(), checksum(media.bytes.view())}};
    out.media.push_back({std::nullopt, kind, 0, media.bytes, false});
    return {};
  }

  result<decision> operator()(const op::set_greeting& from) const {
    auto out = begin(cause::greeting_set);
    auto at = env().clock->next();
    if (from.media) {
      if (auto ok = put_greeting(out, from.kind, *from.media, at); !ok)
        return tl::unexpected<failure>{ok.error()};
      return out;
    }
    auto& there = state().profile.greetings[static_cast<size_t>(from.kind)];
    if (there.value.type == media_type::unknown)
      return unchanged(answer::done{false});
    out.delta.profile.greetings[static_cast<size_t>(from.kind)] = {at, {}};
    out.media.push_back({std::nullopt, from.kind, 0, {}, true});
    out.shrinks = true;
    return out;
  }

  result<decision> operator()(const op::get_greeting& from) const {
    const auto& there = state().profile.greetings[static_cast<size_t>(from.kind)].value;
    if (there.type == media_type::unknown)
      return fail(errc::not_found, "greeting_not_found",
                  "the subscriber has not recorded that greeting: play your own");
    if (known.media.size() != 1 || checksum(known.media[0].view()) != there.content)
      return unchanged(damaged());
    return unchanged(answer::greeting{from.kind, {there.type, known.media[0]}});
  }

  static failure damaged() {
    return {errc::storage_failure, "media_damaged",
            "the stored media is missing or not what was deposited: the operator has been told"};
  }

  // --- messages -------------------------------------------------------------------------------

  result<decision> operator()(const op::deposit& from) const {
    if (from.until == op::durability::replicated && env().regions->empty())
      return fail(errc::unsupported, "replicas_none",
                  "this node is alone, so nothing can be on a second disk: ask for local");
    auto examined = examine_deposit(from, env().clock->now());
    if (!examined)
      return tl::unexpected<failure>{examined.error()};
    auto& message = *examined;
    message.id = model.id_of_deposit(what);
    if (auto at = state().messages.find(message.id); at != state().messages.end())
      return repeated(at->second, message.content, from);
    if (model.counts().kept >= limits::messages_max)
      return full();
    message.uid = model.next_uid();
    message.deposited_by = what.who->name;
    if (from.urgent)
      message.flags[2] = {env().clock->next(), true};
    return store(from, std::move(message));
  }

  static result<decision> full() {
    return fail(errc::mailbox_full, "mailbox_full",
                "the mailbox holds 1,000 messages: the subscriber must delete some");
  }

  result<decision> repeated(const message_record& found, const digest& content,
                            const op::deposit& from) const {
    const auto* there = with_content(state(), found, content);
    if (there == nullptr)
      return fail(errc::conflict, "deposit_id_reused",
                  "this deposit id stands for a different message: choose a new id");
    auto out = there->awaited == 0 ? decision{} : complete(*there, from);
    out.delta.id = state().id;
    out.reply = deposited(*there, true);
    return out;
  }

  answer::deposited deposited(const message_record& what, bool again) const {
    return {what.id, what.uid, what.duration_ms, again, 0, state().profile.location.value};
  }

  decision store(const op::deposit& from, message_record message) const {
    auto out = begin(cause::deposited);
    out.message = message.id;
    out.uid = message.uid;
    for (size_t i = 0; i < from.parts.size(); ++i)
      out.media.push_back({message.id, {}, static_cast<uint8_t>(i), from.parts[i].bytes, false});
    out.detail = std::to_string(message.duration_ms) + " ms";
    out.reply = deposited(message, false);
    notify(out, state(), notice::deposited, facts_of(message, true), {message.id.view()});
    out.delta.messages.emplace(message.id, std::move(message));
    if (model.counts().deleted != 0)
      empty_trash(out, state(), env().clock->now());
    return out;
  }

  result<decision> operator()(const op::list& from) const {
    std::vector<const message_record*> found;
    for (const auto& [id, message] : state().messages)
      if (!message.purged && message.uid > from.after_uid &&
          (from.include_deleted || !message.has(trashed)))
        found.push_back(&message);
    std::sort(found.begin(), found.end(), [](auto* a, auto* b) { return a->uid < b->uid; });
    size_t limit = from.limit == 0 ? 100 : std::min<size_t>(from.limit, limits::list_page_max);
    answer::listing out;
    out.more = found.size() > limit;
    for (size_t i = 0; i < std::min(limit, found.size()); ++i)
      out.headers.push_back(*found[i]);
    return unchanged(std::move(out));
  }

  /// Ends the count of failed attempts: the PIN was right and what it protects is handed out.
  void clear_attempts(decision& out) const {
    auto mine = env().clock->incarnation();
    auto at = state().profile.pin_shares.find(mine);
    if (known.pin_verified && at != state().profile.pin_shares.end())
      out.delta.profile.pin_shares[mine] = {at->second.version + 1, state().profile.pin.at, 0, 0};
  }

  /// The answer to a request that finds its work done; a right PIN counts all the same.
  decision nothing_new(outcome reply) const {
    auto out = known.pin_verified ? begin(cause::pin_accepted) : decision{};
    clear_attempts(out);
    out.shrinks = true;
    out.reply = std::move(reply);
    return out;
  }

  result<decision> operator()(const op::retrieve& from) const {
    auto found = model.find(from.message, false);
    if (!found)
      return tl::unexpected<failure>{found.error()};
    const auto& there = **found;
    if (there.awaited != 0)
      return nothing_new(
          failure{errc::busy, "media_coming",
                  "another node still has the media of this message: retry shortly"});
    if (known.media.size() != there.parts.size())
      return nothing_new(damaged());
    answer::message reply{there, {}};
    for (size_t i = 0; i < there.parts.size(); ++i) {
      if (checksum(known.media[i].view()) != there.parts[i].content)
        return nothing_new(damaged());
      reply.parts.push_back({there.parts[i].type, known.media[i]});
    }
    bool device = from.via == channel::device;
    auto asked = std::string{request_digest().view()};
    const auto& last = device ? there.to_device : there.elsewhere;
    // A retry of the same request hands out the same bytes and tells nobody again.
    if (last.value == asked)
      return nothing_new(std::move(reply));
    auto out = begin(device ? cause::retrieved_by_device : cause::retrieved_elsewhere);
    auto stamp = env().clock->next();
    auto message = there;
    (device ? message.to_device : message.elsewhere) = {stamp, asked};
    if (!message.has(played))
      message.flags[0] = {stamp, true};
    clear_attempts(out);
    out.message = message.id;
    out.uid = message.uid;
    out.shrinks = true;
    out.reads = true;
    auto told = facts_of(message, true);
    told.place = from.delivered_to;
    notify(out, state(), device ? notice::delivered_to_device : notice::delivered_elsewhere,
           std::move(told), {message.id.view(), what.request_id});
    out.delta.messages.emplace(message.id, std::move(message));
    out.reply = std::move(reply);
    return out;
  }

  bool is_purged(const message_ref& ref) const {
    return std::any_of(state().messages.begin(), state().messages.end(), [&](const auto& entry) {
      return entry.second.purged && (ref.id ? entry.first == *ref.id : entry.second.uid == ref.uid);
    });
  }

  result<decision> operator()(const op::remove& from) const {
    if (is_purged(from.message))
      return nothing_new(answer::done{false});
    auto found = model.find(from.message, true);
    if (!found)
      return tl::unexpected<failure>{found.error()};
    const auto& there = **found;
    if (there.has(trashed) && !from.purge)
      return nothing_new(answer::done{false});
    auto out = begin(from.purge ? cause::purged : cause::deleted);
    auto message = there;
    out.message = message.id;
    out.uid = message.uid;
    out.shrinks = true;
    if (!there.has(trashed))
      notify(out, state(), notice::removed, facts_of(message, false),
             {message.id.view(), what.request_id});
    clear_attempts(out);
    if (from.purge) {
      bury(out, there);
      return out;
    }
    message.flags[3] = {env().clock->next(), true};
    out.delta.messages.emplace(message.id, std::move(message));
    empty_trash(out, state(), env().clock->now());
    return out;
  }

  result<decision> operator()(const op::set_flags& from) const {
    if ((from.set & from.clear) != 0)
      return fail(errc::invalid_request, "flags_contradict",
                  "a flag can't be set and cleared at once");
    auto found = model.find(from.message, true);
    if (!found)
      return tl::unexpected<failure>{found.error()};
    auto message = **found;
    auto before = message.flag_bits();
    auto after = static_cast<uint8_t>((before | from.set) & ~from.clear);
    if (before == after)
      return unchanged(answer::done{false});
    auto why = (before & trashed) == (after & trashed) ? cause::flagged
               : (after & trashed) != 0                ? cause::deleted
                                                       : cause::undeleted;
    if (why == cause::undeleted && model.counts().kept >= limits::messages_max)
      return full();
    auto out = begin(why);
    auto stamp = env().clock->next();
    for (size_t i = 0; i < flag_count; ++i)
      if (((before ^ after) >> i & 1) != 0)
        message.flags[i] = {stamp, (after >> i & 1) != 0};
    if (why == cause::deleted)
      notify(out, state(), notice::removed, facts_of(message, false),
             {message.id.view(), what.request_id});
    out.message = message.id;
    out.uid = message.uid;
    out.shrinks = true;
    out.delta.messages.emplace(message.id, std::move(message));
    return out;
  }

  // --- copies (actors/replica.hpp) ------------------------------------------------------------

  result<decision> operator()(const op::locate& from) const { return locate(state(), env(), from); }
  result<decision> operator()(const op::absorb& from) const {
    return absorb(state(), env(), from, known);
  }
  result<decision> operator()(const op::seal& from) const { return seal(state(), from); }
  result<decision> operator()(const op::drop& from) const { return drop(state(), from); }
};

result<decision> mailbox_model::decide(const command& what, const facts& known) const {
  return std::visit(decider{*this, what, known}, what.op);
}

} // namespace restante
