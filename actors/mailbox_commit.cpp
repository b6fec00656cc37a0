#include "actors/mailbox_commit.hpp"

#include "actors/merge.hpp"
#include "actors/replica.hpp"
#include "schemas/big_endian.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"
#include "storage/mailbox_rows.hpp"

namespace restante {

namespace {

row media_row(const mailbox_id& id, const media_write& what) {
  auto key = what.message ? media_key(id, *what.message, what.part)
                          : greeting_key(id, static_cast<uint8_t>(what.greeting));
  return what.erase ? row::remove(family::media, std::move(key))
                    : row::put(family::media, std::move(key), what.bytes);
}

/// The settings as they will be; copied only when they change.
const profile_state& profile_after(const mailbox_state& before, const decision& what,
                                   mailbox_state& copy) {
  if (what.delta.profile.empty() && !what.seals)
    return before.profile;
  copy = {what.delta.id, before.profile, {}};
  merge(copy, {what.delta.id, what.delta.profile, {}});
  copy.profile.sealed = what.seals.value_or(before.profile.sealed);
  return copy.profile;
}

} // namespace

std::shared_ptr<commit_request> commit_of(const mailbox_state& before, const command& asked,
                                          const mailbox_environment& env, decision& what) {
  auto out = std::make_shared<commit_request>();
  auto& rows = out->rows;
  mailbox_state copy;
  const auto& after = profile_after(before, what, copy);
  append_state_rows(rows, what.delta, after);
  // The first that comes of a mailbox leaves a row to find it by, though it is not complete.
  if (what.seals || (what.what == cause::absorbed && after.empty()))
    append_profile_row(rows, asked.mailbox, after);
  if (what.what == cause::dropped) {
    append_removal_rows(rows, before);
    append_profile_row(rows, asked.mailbox, left_behind(before));
    rows.push_back(
        row::put(family::meta, copy_left_key(asked.mailbox), big_endian(env.clock->next().hlc)));
  }
  for (const auto& media : what.media)
    rows.push_back(media_row(asked.mailbox, media));
  for (const auto& claim : what.claims)
    rows.push_back(row::put(family::aliases, alias_key(claim),
                            encode(alias_target{asked.mailbox, after.tenant, after.region})));
  for (const auto& told : what.notifications)
    append_outbox_row(rows, told);
  auto at = env.clock->next();
  out->hlc = at.hlc;
  out->at = env.clock->now();
  out->urgency = what.shrinks ? commit_class::essential : commit_class::normal;
  if (what.silent())
    return out;
  change step{asked.mailbox,        at,           what.what,
              asked.who->name,      after.tenant, after.region,
              asked.request_id,     what.message, what.uid,
              after.location.value, what.left,    std::move(what.delta)};
  out->change = encode(step);
  what.delta = std::move(step.delta);
  out->record = encode(record{out->at, std::string{to_string(what.what)}, asked.who->name,
                              to_string(profile_id{after.region, asked.mailbox}), what.detail});
  return out;
}

} // namespace restante
