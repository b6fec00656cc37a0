#include "storage/judge_desk.hpp"

#include "schemas/big_endian.hpp"
#include "schemas/stored_codec.hpp"

#include <algorithm>
#include <charconv>

namespace restante {

namespace {

std::string range(uint64_t first, uint64_t last) {
  return first == last ? std::to_string(first)
                       : std::to_string(first) + " to " + std::to_string(last);
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return std::nullopt;
  return out;
}

numbering_floor known_floor(const store_view& view) {
  const auto row = view.get(family::meta, meta_key(numbering_floor::name));
  return row && *row ? decode_numbering_floor(**row) : numbering_floor{};
}

/// "keys behind 0a to 0b", each as far as a line has room.
std::string gap_text(const key_gap& gap) {
  const auto shown = [](const std::string& key) {
    constexpr size_t digits = 16;
    const auto hex = to_hex(key);
    return hex.size() <= digits ? hex : hex.substr(0, digits) + "...";
  };
  return "keys " + (gap.after.empty() ? "from the first" : "behind " + shown(gap.after)) +
         (gap.before ? " to " + shown(*gap.before) : " to the last");
}

} // namespace

std::string profile_text(const std::string& region, const mailbox_id& id) {
  return region.empty() ? to_string(id) : to_string(profile_id{region, id});
}

judge_desk::judge_desk(store_view& from, const judging& how)
    : view{from}
    , known{known_floor(from)}
    , how_{how} {}

void judge_desk::found(fate becomes, std::string where, std::string what, std::string whose) {
  how_.found({becomes, std::move(where), std::move(what), std::move(whose), {}, 0});
}

void judge_desk::keep(family in, std::string_view key, std::string value) {
  if (how_.keep)
    how_.keep(row::put(in, std::string{key}, std::move(value)));
}

void judge_desk::count(family in) {
  ++done.rows;
  if (how_.tell)
    how_.tell(to_string(in), done.rows);
}

std::vector<key_gap> judge_desk::gaps_of(family in) {
  row_cursor rows{view, in};
  while (rows.valid())
    rows.next();
  return rows.gaps();
}

void judge_desk::tell_gaps(family in, const std::vector<key_gap>& gaps, fate becomes,
                           const std::string& what) {
  for (const auto& gap : gaps)
    found(becomes, std::string{to_string(in)} + ", " + gap_text(gap), what);
}

void judge_desk::missing(const char* family, uint64_t first, uint64_t last, uint64_t known_up_to,
                         const char* meaning) {
  first = std::max(first, known_up_to + 1);
  if (first <= last)
    how_.found({fate::lost,
                std::string{family} + " " + range(first, last),
                meaning,
                {},
                {},
                0,
                last - first + 1});
}

void judge_desk::ask_for(const char* family, uint64_t last, uint64_t known_up_to,
                         const char* meaning) {
  if (how_.tables_missing && last == 0 && known_up_to == 0 && done.mailboxes != 0)
    found(fate::lost, family, meaning);
}

uint64_t judge_desk::may_follow(family in, const std::optional<std::string>& last, bool cut) const {
  if (!how_.tables_missing && !cut)
    return how_.missing_rows;
  // Rows are numbered through all families: those that are there were not lost.
  const auto number = last ? view.row_number(in, *last) : 0;
  const auto behind = how_.all_rows - std::min(how_.all_rows, number);
  return behind - std::min(behind, view.rows_behind(number));
}

/// Without a MANIFEST: a table with the newest rows of a family leaves no gap in its numbers.
void judge_desk::tell_behind(const char* family, uint64_t last, uint64_t behind, bool sure) {
  if (how_.tables_unknown && last != 0 && behind != 0)
    found(sure ? fate::lost : fate::seen, std::string{family} + " from " + std::to_string(last + 1),
          sure ? "are missing: the newest settings and messages are later than the last one"
               : "there may have been more, at most " + std::to_string(behind) +
                     ": without a MANIFEST nobody can say");
}

// --- families whose rows nothing refers to -------------------------------------------------------

template <class Right>
void judge_desk::plain(family in, const std::string& what, Right right) {
  row_cursor rows{view, in};
  for (; rows.valid(); rows.next()) {
    count(in);
    if (right(rows.key(), rows.value()))
      keep(in, rows.key(), std::string{rows.value()});
    else
      found(fate::lost, std::string{to_string(in)} + " " + to_hex(rows.key()),
            "does not decode (" + what + ")");
  }
  tell_gaps(in, rows.gaps(), fate::lost, "can't be read (" + what + ")");
}

void judge_desk::outbox() {
  plain(family::outbox, "a text that was not handed over yet",
        [](auto key, auto value) { return parse_outbox_key(key) && decode_notification(value); });
}

void judge_desk::archive() {
  plain(family::archive, "archived media",
        [](auto key, auto) { return parse_media_key(key).has_value(); });
}

void judge_desk::accounts() {
  plain(family::accounts, "a joint account",
        [](auto key, auto) { return parse_account_key(key).has_value(); });
}

void judge_desk::records() {
  std::optional<std::string> last;
  row_cursor rows{view, family::records};
  for (; rows.valid(); rows.next()) {
    count(family::records);
    const auto place = parse_record_key(rows.key());
    if (!place || !decode_record(rows.value())) {
      found(fate::lost, "records " + to_hex(rows.key()), "does not decode");
      continue;
    }
    missing("records", done.last_record + 1, place->sequence - 1, known.record,
            "charging records are missing");
    done.last_record = place->sequence;
    last = std::string{rows.key()};
    keep(family::records, rows.key(), std::string{rows.value()});
  }
  const bool cut = !rows.gaps().empty() && !rows.gaps().back().before;
  records_behind_ = may_follow(family::records, last, cut);
  if (cut)
    found(fate::lost, "records from " + std::to_string(done.last_record + 1),
          "charging records can't be read");
  else
    ask_for("records", done.last_record, known.record, "none are there: nothing can be charged");
}

// --- meta ----------------------------------------------------------------------------------------

void judge_desk::meta(uint64_t newest_hlc) {
  hlc_ = newest_hlc;
  done.floor = {std::max(done.last_change, known.change) + changes_behind,
                std::max(done.last_record, known.record) + records_behind_};
  row_cursor rows{view, family::meta};
  for (; rows.valid(); rows.next()) {
    count(family::meta);
    meta_row(rows.key(), rows.value());
  }
  tell_gaps(family::meta, rows.gaps(), fate::lost,
            "can't be read: tenants, and how far followers of events had heard");
  tell_behind("changes", done.last_change, changes_behind, hlc_ > newest_hlc);
  tell_behind("records", done.last_record, records_behind_, false);
  if (how_.keep) // a check after a repair has it no more on its list
    for (const auto& each : tenants)
      found(fate::lost, "meta tenant/" + each, "is not there, its mailboxes are: add it again");
  // Not below any stamp in the store, or later settings would lose against earlier ones.
  if (hlc_ != 0)
    keep(family::meta, meta_key("hlc"), big_endian(hlc_));
}

void judge_desk::meta_row(std::string_view name, std::string_view value) {
  if (name == "format" || name == numbering_floor::name)
    return;
  if (name == "incarnation" || name == "hlc") {
    if (value.size() != sizeof(uint64_t))
      found(fate::rebuilt, "meta " + std::string{name}, "is not eight bytes long");
    else if (name == "hlc")
      hlc_ = std::max(hlc_, from_big_endian(value));
    return;
  }
  if (name.starts_with("tenant/"))
    return tenant_row(name, value);
  if (name.starts_with("cursor/"))
    return cursor_row(name, value);
  keep(family::meta, name, std::string{value});
}

void judge_desk::tenant_row(std::string_view name, std::string_view value) {
  tenants.erase(std::string{name.substr(name.find('/') + 1)}); // not missing, whatever it holds
  const auto tenant = decode_tenant(value);
  if (!tenant || "tenant/" + tenant->name != name)
    return found(fate::lost, "meta " + std::string{name}, "does not decode: add the tenant again");
  keep(family::meta, name, std::string{value});
}

/// Numbers of changes behind the floor are given out again: no follower may be beyond.
void judge_desk::cursor_row(std::string_view name, std::string_view value) {
  const auto position = number(value);
  if (!position)
    return found(fate::lost, "meta " + std::string{name}, "a follower's position is no number");
  if (*position <= done.floor.change)
    return keep(family::meta, name, std::string{value});
  found(fate::lost, "meta " + std::string{name},
        "this follower had heard of change " + std::string{value} + ", the log ends at " +
            std::to_string(done.floor.change));
  keep(family::meta, name, std::to_string(done.floor.change));
}

} // namespace restante
