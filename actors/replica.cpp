#include "actors/replica.hpp"

#include "actors/merge.hpp"
#include "schemas/checksum.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"

#include <algorithm>

namespace restante {

namespace {

void latest(stamp& so_far, const stamp& other) {
  // By time: the clock judges times, and a tie of incarnations is nothing to it.
  if (so_far.hlc < other.hlc)
    so_far = other;
}

stamp latest_stamp(const mailbox_state& of) {
  stamp out;
  const auto& profile = of.profile;
  for (const auto* text : {&profile.pin, &profile.language, &profile.time_zone,
                           &profile.notifications, &profile.location})
    latest(out, text->at);
  for (const auto& greeting : profile.greetings)
    latest(out, greeting.at);
  for (const auto& [incarnation, share] : profile.pin_shares)
    latest(out, share.pin_at);
  for (const auto& [id, message] : of.messages) {
    for (const auto& flag : message.flags)
      latest(out, flag.at);
    latest(out, message.to_device.at);
    latest(out, message.elsewhere.at);
  }
  return out;
}

/// The part of `here` that joining `delta` can touch.
mailbox_state concerned(const mailbox_state& here, const mailbox_state& delta) {
  mailbox_state out;
  out.id = here.id;
  out.profile = here.profile;
  auto take = [&](const message_id& id) {
    if (auto at = here.messages.find(id); at != here.messages.end())
      out.messages.insert(*at);
  };
  for (const auto& [id, message] : delta.messages) {
    take(id);
    take(diverged_id(id, message.content));
    if (auto at = here.messages.find(id); at != here.messages.end())
      take(diverged_id(id, at->second.content));
  }
  return out;
}

failure mismatch() {
  return {errc::invalid_request, "media_mismatch",
          "media that came with a change are not those it describes: the peer must send it again"};
}

struct absorber {
  const mailbox_state& here;
  const op::absorb& from;
  const facts& known;
  mailbox_state joined;
  decision out;
  std::vector<std::pair<const op::absorb::media*, message_id>> came; // and their record's id

  const message_record* before(const message_id& id) const {
    auto at = here.messages.find(id);
    return at == here.messages.end() ? nullptr : &at->second;
  }

  /// Finds the records that the media belong to.
  result<void> match_media() {
    for (const auto& row : from.rows) {
      if (!row.message)
        continue;
      const auto* record = described(row, checksum(row.bytes.view()));
      if (record != nullptr)
        came.emplace_back(&row, record->id);
      else if (!ended(*row.message)) // else its deposit and its end came together
        return tl::unexpected<failure>{mismatch()};
    }
    return {};
  }

  void take_state() {
    auto arriving = from.delta;
    for (auto& [id, message] : arriving.messages)
      message.await_all();
    for (const auto& [row, id] : came)
      arriving.messages.at(id).awaited &= static_cast<uint8_t>(~(1u << row->part));
    joined = concerned(here, arriving);
    merge(joined, arriving);
    if (joined.profile != here.profile)
      out.delta.profile = joined.profile;
    for (const auto& [id, message] : joined.messages)
      if (auto* old = before(id); old == nullptr || *old != message)
        out.delta.messages.emplace(id, message);
  }

  void erase_media(const message_record& of) {
    for (size_t part = 0; part < of.parts.size(); ++part)
      out.media.push_back({of.id, {}, static_cast<uint8_t>(part), {}, true});
  }

  /// Another content has taken the id of `moved`. Media that have not come yet will find it.
  void move_media() {
    size_t next = 0;
    for (const auto* moved : displaced_by(here, from)) {
      erase_media(*moved);
      auto to = diverged_id(moved->id, moved->content);
      bool lives = !joined.messages.at(to).purged;
      for (size_t part = 0; part < moved->parts.size(); ++part, ++next)
        if (lives && next < known.displaced.size() && known.displaced[next])
          out.media.push_back({to, {}, static_cast<uint8_t>(part), *known.displaced[next], false});
    }
  }

  void erase_purged() {
    for (const auto& [id, message] : out.delta.messages)
      if (auto* old = before(id);
          message.purged && old != nullptr && old->content == message.content)
        erase_media(*old);
  }

  /// The record in the delta that `row` belongs to. Joining several changes may have moved it to
  /// the id of its content.
  const message_record* described(const op::absorb::media& row, const digest& sum) const {
    auto has = [&](const message_record& record) {
      return row.part < record.parts.size() && record.parts[row.part].content == sum;
    };
    const auto& all = from.delta.messages;
    if (auto at = all.find(*row.message); at == all.end() || has(at->second))
      return at == all.end() ? nullptr : &at->second;
    for (const auto& [id, record] : all)
      if (has(record) && id == diverged_id(*row.message, record.content))
        return &record;
    return nullptr;
  }

  /// Whether a tombstone, which does not say what media there were, is what came of the message.
  bool ended(const message_id& id) const {
    const auto& all = from.delta.messages;
    return std::any_of(all.begin(), all.end(), [&](const auto& entry) {
      const auto& record = entry.second;
      return record.purged && (entry.first == id || entry.first == diverged_id(id, record.content));
    });
  }

  void take_message_media() {
    for (auto [row, id] : came) {
      const auto& content = from.delta.messages.at(id).content;
      if (joined.messages.at(id).content != content)
        id = diverged_id(id, content);
      if (!joined.messages.at(id).purged)
        out.media.push_back({id, {}, row->part, row->bytes, false});
    }
  }

  result<void> take_greeting(const op::absorb::media& row) {
    if (row.part >= greeting_kinds)
      return tl::unexpected<failure>{mismatch()};
    const auto& described = from.delta.profile.greetings[row.part];
    if (checksum(row.bytes.view()) != described.value.content)
      return tl::unexpected<failure>{mismatch()};
    if (joined.profile.greetings[row.part] == described)
      out.media.push_back({{}, static_cast<greeting_kind>(row.part), 0, row.bytes, false});
    return {};
  }

  void erase_removed_greetings() {
    for (size_t kind = 0; kind < greeting_kinds; ++kind)
      if (here.profile.greetings[kind].value.type != media_type::unknown &&
          joined.profile.greetings[kind].value.type == media_type::unknown)
        out.media.push_back({{}, static_cast<greeting_kind>(kind), 0, {}, true});
  }
};

} // namespace

bool of_replication(const mailbox_op& what) {
  return std::holds_alternative<op::absorb>(what) || std::holds_alternative<op::seal>(what) ||
         std::holds_alternative<op::drop>(what);
}

std::vector<const message_record*> displaced_by(const mailbox_state& here, const op::absorb& from) {
  std::vector<const message_record*> out;
  for (const auto& [id, message] : from.delta.messages)
    if (auto at = here.messages.find(id);
        at != here.messages.end() && message.content < at->second.content && !at->second.purged)
      out.push_back(&at->second);
  return out;
}

result<decision> absorb(const mailbox_state& here, const mailbox_environment& env,
                        const op::absorb& from, const facts& known) {
  if (auto ok = env.clock->observe(latest_stamp(from.delta)); !ok)
    return tl::unexpected<failure>{ok.error()};
  if (from.delta.profile.pin_shares.size() > limits::pin_shares_max)
    return fail(errc::invalid_request, "pin_shares_too_many",
                "more stores have counted wrong PINs than a cluster has");
  absorber job{here, from, known, {}, {}, {}};
  job.out.what = cause::absorbed;
  job.out.delta.id = here.id;
  job.out.reply = answer::done{true};
  if (auto ok = job.match_media(); !ok)
    return tl::unexpected<failure>{ok.error()};
  job.take_state();
  job.move_media();
  job.erase_purged();
  job.erase_removed_greetings();
  job.take_message_media();
  for (const auto& row : from.rows)
    if (auto ok = row.message ? result<void>{} : job.take_greeting(row); !ok)
      return tl::unexpected<failure>{ok.error()};
  if (job.out.delta.profile.empty() && job.out.delta.messages.empty() && job.out.media.empty()) {
    decision nothing;
    nothing.reply = answer::done{false};
    return nothing;
  }
  return std::move(job.out);
}

decision complete(const message_record& awaiting, const op::deposit& from) {
  decision out;
  out.what = cause::absorbed;
  auto whole = awaiting;
  whole.awaited = 0;
  for (size_t i = 0; i < from.parts.size(); ++i)
    out.media.push_back({whole.id, {}, static_cast<uint8_t>(i), from.parts[i].bytes, false});
  out.delta.messages.emplace(whole.id, std::move(whole));
  return out;
}

result<decision> locate(const mailbox_state& here, const mailbox_environment& env,
                        const op::locate& from) {
  const auto& profile = here.profile;
  auto now_in = from.region == profile.region ? std::string{} : from.region;
  if (!now_in.empty() && now_in != env.region && !env.regions->has(now_in))
    return fail(errc::invalid_request, "region_unknown",
                "no node of this cluster is in that region: name one of its regions");
  decision out;
  out.reply = answer::done{now_in != profile.location.value};
  if (now_in == profile.location.value)
    return out;
  out.what = cause::located;
  out.delta.id = here.id;
  out.left = profile.location.value;
  out.delta.profile.location = {env.clock->next(), now_in};
  out.shrinks = true;
  out.detail = from.region;
  return out;
}

decision seal(const mailbox_state& here, const op::seal& from) {
  decision out;
  out.reply = answer::done{here.profile.sealed != from.on};
  if (here.profile.sealed == from.on)
    return out;
  out.what = cause::sealed;
  out.delta.id = here.id;
  out.seals = from.on;
  out.shrinks = true;
  return out;
}

result<decision> drop(const mailbox_state& here, const op::drop& from) {
  if (!here.profile.sealed)
    return fail(errc::conflict, "copy_in_use", "only a sealed copy may be dropped");
  if (state_digest(here) != from.state)
    return fail(errc::conflict, "copy_changed",
                "the copy has taken something in since it was compared: compare it again");
  decision out;
  out.what = cause::dropped;
  out.delta.id = here.id;
  out.shrinks = true;
  out.reply = answer::done{true};
  for (const auto& [id, message] : here.messages)
    for (size_t part = 0; part < message.parts.size(); ++part)
      out.media.push_back({id, {}, static_cast<uint8_t>(part), {}, true});
  for (size_t kind = 0; kind < greeting_kinds; ++kind)
    out.media.push_back({{}, static_cast<greeting_kind>(kind), 0, {}, true});
  return out;
}

profile_state left_behind(const mailbox_state& dropped) {
  profile_state out;
  out.uid_floor = dropped.profile.uid_floor;
  for (const auto& [id, message] : dropped.messages)
    out.uid_floor = std::max(out.uid_floor, message.uid);
  out.pin_shares = dropped.profile.pin_shares;
  return out;
}

answer::copies told_of(const mailbox_state& here) {
  answer::copy_of_mailbox out;
  out.there = true;
  out.leaving = here.profile.sealed;
  out.state = state_digest(here);
  for (const auto& [id, message] : here.messages)
    out.messages += !message.purged;
  out.location = here.profile.location.value;
  return {{std::move(out)}};
}

digest state_digest(const mailbox_state& of) {
  auto profile = of.profile;
  profile.sealed = false;
  for (const auto& [id, message] : of.messages) // what is known from these too
    profile.uid_floor = std::max(profile.uid_floor, message.uid);
  auto bytes = encode(profile);
  for (const auto& [id, message] : of.messages)
    bytes += encode(message);
  return checksum(bytes);
}

} // namespace restante
