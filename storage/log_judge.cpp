#include "storage/log_judge.hpp"

#include "schemas/big_endian.hpp"
#include "schemas/stored_codec.hpp"

#include <algorithm>

namespace restante {

namespace {

class log_judge {
public:
  log_judge(judge_desk& desk, const judging& how, const std::vector<key_gap>& profile_gaps,
            const std::vector<key_gap>& message_gaps)
      : desk_{desk}
      , view_{desk.view}
      , how_{how}
      , profile_gaps_{profile_gaps}
      , message_gaps_{message_gaps} {
    out_.whole = desk_.known.change == 0;
    look_for_peers();
  }

  logged read() {
    uint64_t due = 1;
    std::optional<std::string> last;
    row_cursor rows{view_, family::changes};
    for (; rows.valid(); rows.next()) {
      desk_.count(family::changes);
      const auto sequence = parse_change_key(rows.key());
      const auto step = decode_change(rows.value());
      if (!sequence || !step) {
        desk_.found(fate::lost, "changes " + to_hex(rows.key()), "does not decode");
        continue;
      }
      missing(due, *sequence - 1);
      due = *sequence + 1;
      last = std::string{rows.key()};
      desk_.done.last_change = *sequence;
      out_.newest_hlc = std::max(out_.newest_hlc, step->at.hlc);
      if (*sequence > desk_.known.change)
        remember(*step);
      desk_.keep(family::changes, rows.key(), std::string{rows.value()});
    }
    const bool cut = !rows.gaps().empty() && !rows.gaps().back().before;
    if (cut)
      desk_.found(fate::lost, "changes from " + std::to_string(due), "can't be read");
    desk_.changes_behind = desk_.may_follow(family::changes, last, cut);
    out_.whole &= !cut && (!how_.tables_missing || desk_.changes_behind == 0);
    out_.lost += desk_.changes_behind;
    return std::move(out_);
  }

private:
  void missing(uint64_t first, uint64_t last) {
    if (first > last || last <= desk_.known.change)
      return;
    out_.whole = false;
    out_.lost += last - std::max(first - 1, desk_.known.change);
    desk_.missing("changes", first, last, desk_.known.change,
                  "are missing: what they did may be undone, and followers do not hear of it");
  }

  /// Takes from a change what rows do not show, or not to who goes over them.
  void remember(const change& step) {
    const auto left = copies_left_.find(step.mailbox);
    if (left != copies_left_.end() && step.at.hlc <= left->second)
      return; // of a copy that went home
    const auto row = within(profile_gaps_, profile_key(step.mailbox))
                         ? std::nullopt
                         : read_profile(view_, step.mailbox);
    if (!row || out_.profiles.contains(step.mailbox)) {
      auto& box = out_.profiles[step.mailbox];
      how_.merge(box, {step.mailbox, step.delta.profile, {}});
      if (box.profile.tenant.empty())
        box.profile.tenant = step.owner;
      if (box.profile.region.empty())
        box.profile.region = step.region;
    } else if (!step.delta.profile.empty()) {
      // A row is the join of all changes: one that has less is of a table from before.
      mailbox_state box{step.mailbox, *row, {}};
      how_.merge(box, {step.mailbox, step.delta.profile, {}});
      if (box.profile != *row)
        out_.profiles.emplace(step.mailbox, std::move(box));
    }
    for (const auto& [id, message] : step.delta.messages) {
      const message_place place{step.mailbox, id};
      const auto row = within(message_gaps_, message_key(step.mailbox, id))
                           ? std::nullopt
                           : read_message(view_, place);
      if (row)
        hold_against(place, *row, message);
      else
        out_.messages.insert_or_assign(place, message);
    }
  }

  void hold_against(const message_place& place, const message_record& row,
                    const message_record& message) {
    const auto known = out_.messages.find(place);
    if (known != out_.messages.end() && known->second.purged && !message.purged) {
      out_.messages.erase(known); // deposited again
      out_.outdated.erase(place);
    } else if (known != out_.messages.end()) {
      known->second = joined(place, known->second, message);
    } else if (auto both = joined(place, row, message); both != row) {
      out_.messages.emplace(place, std::move(both));
      out_.outdated.insert(place);
    }
  }

  message_record joined(const message_place& place, const message_record& row,
                        const message_record& change) const {
    if (row.purged || row.content != change.content)
      return row;
    mailbox_state out{place.mailbox, {}, {{place.message, row}}};
    how_.merge(out, {place.mailbox, {}, {{place.message, change}}});
    return out.messages.at(place.message);
  }

  /// What `meta` says of other nodes.
  void look_for_peers() {
    row_cursor rows{view_, family::meta};
    for (; rows.valid(); rows.next()) {
      out_.has_peers |= rows.key().starts_with("peer/");
      if (const auto id = parse_copy_left_key(rows.key()))
        copies_left_[*id] = from_big_endian(rows.value());
    }
  }

  judge_desk& desk_;
  store_view& view_;
  const judging& how_;
  const std::vector<key_gap>& profile_gaps_;
  const std::vector<key_gap>& message_gaps_;
  std::map<mailbox_id, uint64_t> copies_left_; // by the stamps of their ends
  logged out_;
};

} // namespace

logged read_change_log(judge_desk& desk, const judging& how,
                       const std::vector<key_gap>& profile_gaps,
                       const std::vector<key_gap>& message_gaps) {
  return log_judge{desk, how, profile_gaps, message_gaps}.read();
}

std::optional<profile_state> profile_of(std::string_view value) {
  auto state = decode_profile(value); // without a tenant: a copy that was still coming from a peer
  return state ? std::optional{std::move(*state)} : std::nullopt;
}

std::optional<profile_state> read_profile(const store_view& view, const mailbox_id& id) {
  const auto row = view.get(family::profiles, profile_key(id));
  return row && *row ? profile_of(**row) : std::nullopt;
}

std::optional<message_record> message_of(const message_place& place, std::string_view value) {
  auto message = decode_message(value);
  return message && message->id == place.message ? std::optional{std::move(*message)}
                                                 : std::nullopt;
}

std::optional<message_record> read_message(const store_view& view, const message_place& place) {
  const auto row = view.get(family::messages, message_key(place.mailbox, place.message));
  return row && *row ? message_of(place, **row) : std::nullopt;
}

bool within(const std::vector<key_gap>& gaps, std::string_view key) {
  return std::any_of(gaps.begin(), gaps.end(), [&](const auto& gap) { return gap.covers(key); });
}

} // namespace restante
