#include "storage/row_judge.hpp"

#include "schemas/stored_codec.hpp"
#include "storage/log_judge.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace restante {

namespace {

constexpr std::string_view format_value = "1";
constexpr const char* in_the_log = "its row is missing or damaged; the change log has it";
constexpr const char* is_outdated = "its row is older than the change log: it has the newer";

/// The rows that refer to each other: changes, profiles, aliases, messages, media.
class mailbox_judge {
public:
  mailbox_judge(judge_desk& desk, const judging& how) : desk_{desk}, view_{desk.view}, how_{how} {}

  /// The newest stamp of the change log.
  uint64_t run() {
    profile_gaps_ = desk_.gaps_of(family::profiles);
    message_gaps_ = desk_.gaps_of(family::messages);
    log_ = read_change_log(desk_, how_, profile_gaps_, message_gaps_);
    profiles();
    aliases();
    messages();
    desk_.ask_for("changes", desk_.done.last_change, desk_.known.change,
                  "none are there: followers do not hear of what was done");
    raise_floors();
    return log_.newest_hlc;
  }

private:
  void found(fate becomes, const message_place& place, uint32_t uid, std::string what) {
    const auto* box = profile(place.mailbox);
    how_.found({becomes, "messages", std::move(what),
                profile_text(box ? box->region : "", place.mailbox), to_string(place.message),
                uid});
  }

  // --- mailboxes ---------------------------------------------------------------------------------

  /// The profile as it will be; null: no such mailbox.
  const profile_state* profile(const mailbox_id& id) {
    if (const auto at = changed_.find(id); at != changed_.end())
      return &at->second;
    if (!cached_ || cached_->first != id)
      cached_.emplace(id, read_profile(view_, id));
    return cached_->second ? &*cached_->second : nullptr;
  }

  void profiles() {
    row_cursor rows{view_, family::profiles};
    for (; rows.valid(); rows.next()) {
      desk_.count(family::profiles);
      const auto id = parse_profile_key(rows.key());
      if (id && log_.profiles.contains(*id))
        continue; // below
      if (auto state = id ? profile_of(rows.value()) : std::nullopt) {
        if (within(profile_gaps_, rows.key())) // of another table: a look by its key fails
          changed_[*id] = *state;
        settle(*id, std::move(*state));
      } else
        desk_.found(fate::lost, "profiles " + to_hex(rows.key()),
                    "does not decode: the mailbox and its messages are lost");
    }
    desk_.tell_gaps(family::profiles, profile_gaps_, log_.whole ? fate::rebuilt : fate::lost,
                    "can't be read; mailboxes in the change log are known from there");
    for (const auto& [id, box] : log_.profiles) {
      const auto row = read_profile(view_, id);
      mailbox_state both{id, row.value_or(profile_state{}), {}};
      how_.merge(both, box);
      if (!row || both.profile != *row)
        desk_.found(fate::rebuilt, "profiles", row ? is_outdated : in_the_log,
                    profile_text(both.profile.region, id));
      changed_[id] = both.profile;
      settle(id, std::move(both.profile));
    }
  }

  void settle(const mailbox_id& id, profile_state state) {
    if (!state.tenant.empty()) { // otherwise a part of a seed, or what stays of a dropped copy
      ++desk_.done.mailboxes;
      desk_.tenants.insert(state.tenant);
    }
    const auto whose = profile_text(state.region, id);
    bool changed = false;
    for (size_t kind = 0; kind < greeting_kinds; ++kind) {
      auto& greeting = state.greetings[kind];
      if (greeting.value.type == media_type::unknown)
        continue;
      const auto key = greeting_key(id, static_cast<uint8_t>(kind));
      if (auto bytes = view_.media(key, greeting.value.content)) {
        if (bytes->elsewhere)
          desk_.found(fate::rebuilt, "media", "a greeting is not where it should be", whose);
        desk_.keep(family::media, key, std::move(bytes->bytes));
        continue;
      }
      desk_.found(fate::lost, "media", "a greeting can't be read: record it again", whose);
      told_media_.insert(key);
      greeting = {};
      changed = true;
    }
    for (const auto& name : state.aliases) {
      const auto row = view_.get(family::aliases, alias_key(name));
      if (row && *row && decode_alias_target(**row))
        continue;
      desk_.found(fate::rebuilt, "aliases",
                  "a name of this subscriber is missing or damaged; the mailbox has it", whose);
      desk_.keep(family::aliases, alias_key(name),
                 encode(alias_target{id, state.tenant, state.region}));
    }
    gave_out(id, state.uid_floor);
    desk_.keep(family::profiles, profile_key(id), encode(state));
    if (changed)
      changed_[id] = std::move(state);
  }

  void aliases() {
    row_cursor rows{view_, family::aliases};
    for (; rows.valid(); rows.next()) {
      desk_.count(family::aliases);
      const auto target = decode_alias_target(rows.value());
      if (!parse_alias_key(rows.key()) || !target)
        desk_.found(fate::rebuilt, "aliases", "does not decode; a mailbox has the name too");
      else if (profile(target->mailbox) == nullptr && !log_.has_peers)
        desk_.found(fate::lost, "aliases", "names a mailbox that is not there",
                    profile_text("", target->mailbox));
      else
        desk_.keep(family::aliases, rows.key(), std::string{rows.value()});
    }
    desk_.tell_gaps(family::aliases, rows.gaps(), fate::rebuilt,
                    "can't be read; mailboxes have their names too");
  }

  // --- messages and their media, side by side ----------------------------------------------------

  void messages() {
    row_cursor headers{view_, family::messages};
    row_cursor media{view_, family::media};
    auto hidden = log_.messages.begin();
    while (headers.valid() || hidden != log_.messages.end()) {
      const auto place = headers.valid() ? parse_message_key(headers.key()) : std::nullopt;
      if (headers.valid() && !place) {
        desk_.found(fate::lost, "messages " + to_hex(headers.key()), "a key of no known form");
        headers.next();
      } else if (hidden != log_.messages.end() && (!place || hidden->first <= *place)) {
        if (place && hidden->first == *place) // there, and does not decode
          headers.next();
        hidden_message(hidden->first, hidden->second, media);
        ++hidden;
      } else {
        desk_.count(family::messages);
        if (const auto message = message_of(*place, headers.value()))
          settle(*place, *message, media);
        else
          found(fate::lost, *place, 0, "does not decode");
        headers.next();
      }
    }
    for (; media.valid(); media.next())
      stray(media.key());
    desk_.tell_gaps(family::messages, message_gaps_, log_.whole ? fate::rebuilt : fate::lost,
                    "can't be read; messages in the change log are known from there");
  }

  void hidden_message(const message_place& place, const message_record& logged, row_cursor& media) {
    if (log_.outdated.contains(place)) {
      if (settle(place, logged, media))
        found(fate::rebuilt, place, logged.uid, is_outdated);
      return;
    }
    const auto there = read_message(view_, place);
    if (settle(place, there ? *there : logged, media) && !there && !logged.purged)
      found(fate::rebuilt, place, logged.uid, in_the_log);
  }

  /// Whether it is kept.
  bool settle(const message_place& place, message_record message, row_cursor& media) {
    if (profile(place.mailbox) == nullptr)
      return drop(place, message, "its mailbox is not there", media);
    const auto key_of = [&](size_t part) {
      return media_key(place.mailbox, place.message, static_cast<uint8_t>(part));
    };
    std::vector<std::string> parts;
    bool elsewhere = false;
    for (size_t i = 0; i < message.parts.size(); ++i) {
      auto part = take(media, key_of(i), message.parts[i], !message.awaits(i));
      if (!part && message.awaits(i)) {
        parts.emplace_back(); // another node has it
        continue;
      }
      if (part && message.awaits(i)) // it came since the record was of
        message.awaited &= static_cast<uint8_t>(~(1u << i));
      if (!part)
        return drop(place, message, "its media can't be read", media);
      elsewhere |= part->elsewhere;
      parts.push_back(std::move(part->bytes));
    }
    if (elsewhere)
      found(fate::rebuilt, place, message.uid, "its media is not where it should be");
    gave_out(place.mailbox, message.uid);
    desk_.done.messages += message.purged ? 0 : 1;
    desk_.keep(family::messages, message_key(place.mailbox, place.message), encode(message));
    for (size_t i = 0; i < parts.size(); ++i)
      if (!parts[i].empty())
        desk_.keep(family::media, key_of(i), std::move(parts[i]));
    return true;
  }

  /// Never half a message. Its number is not given out again, its id is: a repeated deposit brings
  /// it back.
  bool drop(const message_place& place, const message_record& message, std::string why,
            row_cursor& media) {
    auto& floor = uid_floors_[place.mailbox];
    floor = std::max(floor, message.uid);
    found(fate::lost, place, message.uid, std::move(why));
    const auto prefix = message_key(place.mailbox, place.message);
    pass_to(media, prefix);
    while (media.valid() && media.key().starts_with(prefix))
      media.next();
    return false;
  }

  void pass_to(row_cursor& media, std::string_view key) {
    for (; media.valid() && media.key() < key; media.next())
      stray(media.key());
  }

  /// By its row; `anywhere`: or wherever else its bytes are.
  std::optional<found_media> take(row_cursor& media, const std::string& key,
                                  const part_record& part, bool anywhere) {
    pass_to(media, key);
    if (media.valid() && media.key() == key) {
      desk_.count(family::media);
      std::string bytes{media.value()};
      media.next();
      if (bytes.size() == part.size && checksum(bytes) == part.content)
        return found_media{std::move(bytes), false};
    }
    return anywhere ? view_.media(key, part.content) : std::nullopt;
  }

  /// Media no message claimed: a greeting, or left over.
  void stray(std::string_view key) {
    desk_.count(family::media);
    if (told_media_.contains(key))
      return;
    const auto place = parse_media_key(key);
    const auto kind = place ? greeting_kind_of(*place) : std::nullopt;
    const auto* box = place ? profile(place->mailbox) : nullptr;
    if (kind && *kind < greeting_kinds && box != nullptr &&
        box->greetings[*kind].value.type != media_type::unknown)
      return;
    if (place && within(message_gaps_, message_key(place->mailbox, place->message)))
      return found(fate::lost, {place->mailbox, place->message}, 0, "its row can't be read");
    desk_.found(fate::unused, "media " + to_hex(key),
                place ? "belongs to no message or greeting" : "a key of no known form",
                box != nullptr ? profile_text(box->region, place->mailbox) : "");
  }

  void gave_out(const mailbox_id& id, uint32_t uid) {
    if (log_.lost == 0)
      return; // mailboxes know it by their messages
    auto& floor = uid_floors_[id];
    floor = std::max(floor, uid);
  }

  void raise_floors() {
    constexpr uint64_t most = UINT32_MAX / 2; // a wrong mark must not use all numbers up
    for (const auto& [id, floor] : uid_floors_)
      if (const auto* there = profile(id)) {
        auto raised = *there;
        raised.uid_floor =
            std::max({raised.uid_floor, floor,
                      static_cast<uint32_t>(std::min(most, floor + std::min(most, log_.lost)))});
        desk_.keep(family::profiles, profile_key(id), encode(raised));
      }
  }

  judge_desk& desk_;
  store_view& view_;
  const judging& how_;
  std::vector<key_gap> profile_gaps_;
  std::vector<key_gap> message_gaps_;
  logged log_;
  std::map<mailbox_id, profile_state> changed_; // as they will be, not as they are
  std::map<mailbox_id, uint32_t> uid_floors_;
  std::set<std::string, std::less<>> told_media_; // greetings that are lost
  std::optional<std::pair<mailbox_id, std::optional<profile_state>>> cached_;
};

} // namespace

result<judged> judge_rows(store_view& view, const judging& how) {
  const auto format = view.get(family::meta, meta_key("format"));
  if (format && *format && **format != format_value)
    return fail(errc::storage_failure, "format_unknown",
                "The store has the format '" + (*format)->substr(0, 16) +
                    "', this version reads '" + std::string{format_value} +
                    "': use the version that wrote it.");
  judge_desk desk{view, how};
  const auto newest_hlc = mailbox_judge{desk, how}.run();
  desk.records();
  desk.outbox();
  desk.archive();
  desk.accounts();
  desk.meta(newest_hlc);
  return desk.done;
}

} // namespace restante
