#include "cluster/cli_output.hpp"

#include "bridges/curve_keys.hpp"
#include "cluster/cli_words.hpp"
#include "schemas/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace restante {

namespace {

/// Code points: what a terminal gives one column each, but for wide and combining characters.
size_t width(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(first_code_point(text).bytes);
  return count;
}

bool coloured(const std::ostream& to) {
  return &to == &std::cout && ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

json_value type_names(const std::vector<part_record>& parts) {
  auto out = json_value::array();
  for (const auto& part : parts)
    out.push_back({{"type", to_string(part.type)}, {"bytes", part.size}});
  return out;
}

} // namespace

void text_table::print(std::ostream& to) const {
  std::vector<size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));
  const bool bold = coloured(to);
  for (const auto& row : rows_) {
    const bool heading = &row == &rows_.front();
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size())
        line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    to << (heading && bold ? "\x1b[1m" + line + "\x1b[0m" : line) << '\n';
  }
}

void print_facts(std::ostream& to, const std::vector<std::pair<std::string, std::string>>& facts) {
  size_t widest = 0;
  for (const auto& [name, value] : facts)
    widest = std::max(widest, width(name));
  for (const auto& [name, value] : facts)
    to << name << std::string(widest - width(name) + 2, ' ') << value << '\n';
}

void print_json(std::ostream& to, const json_value& what) {
  to << what.dump(2, ' ', false, json_value::error_handler_t::replace) << '\n';
}

void print_json_line(std::ostream& to, const json_value& what) {
  to << what.dump(-1, ' ', false, json_value::error_handler_t::replace) << std::endl;
}

std::string shown(std::string_view untrusted) { return clean(untrusted, 256); }

json_value to_json(const message_record& what) {
  return {{"message_id", to_string(what.id)},       {"number", what.uid},
          {"format", name_of(what.format)},         {"caller", what.caller},
          {"called_at", time_json(what.called_at)}, {"stored_at", time_json(what.stored_at)},
          {"duration_ms", what.duration_ms},        {"flags", flag_names(what.flag_bits())},
          {"parts", type_names(what.parts)},        {"deposited_by", what.deposited_by}};
}

json_value to_json(const answer::profile& what) {
  auto greetings = json_value::array();
  for (const auto kind : what.greetings)
    greetings.push_back(name_of(kind));
  return {{"profile_id", to_string(what.id)},
          {"tenant", what.tenant},
          {"imei", what.imei},
          {"number", what.number},
          {"language", what.language},
          {"time_zone", what.time_zone},
          {"notifications", what.notifications},
          {"has_pin", what.has_pin},
          {"greetings", greetings},
          {"messages", what.messages},
          {"unheard", what.unheard}};
}

json_value to_json(const answer::event& what) {
  json_value out{{"sequence", what.sequence},
                 {"cause", to_string(what.what)},
                 {"profile_id", what.profile},
                 {"at", time_json(what.at)},
                 {"request_id", to_hex(what.request_id)},
                 {"tenant", what.tenant}};
  if (what.message)
    out["message_id"] = to_string(*what.message);
  if (what.uid != 0)
    out["number"] = what.uid;
  if (what.why)
    out["failure"] = {{"code", to_string(what.why->code)}, {"text", what.why->text}};
  return out;
}

json_value to_json(const answer::stored_record& what) {
  return {{"day", day_text(what.day)},     {"sequence", what.sequence},
          {"at", time_json(what.what.at)}, {"kind", what.what.kind},
          {"tenant", what.what.tenant},    {"profile_id", what.what.profile},
          {"detail", what.what.detail}};
}

json_value to_json(const tenant_record& what) {
  return {{"name", what.name},
          {"role", to_string(what.is)},
          {"public_key", to_z85(what.public_key)},
          {"region", what.region},
          {"language", what.language},
          {"serves", what.serves},
          {"short_code", what.short_code},
          {"revoked", what.revoked}};
}

int exit_code_of(const failure& why) {
  const std::string_view reason{why.reason};
  if (reason == "usage" || reason == "identity_exposed" || reason == "identity_malformed" ||
      reason.starts_with("config_") || reason.starts_with("key_file_"))
    return exit_code::usage;
  if (reason == "no_answer")
    return exit_code::unreachable;
  // Whatever failed, was damaged, or is lost.
  if (reason == "walk_failed" || reason == "damage_found" || reason == "rows_lost")
    return exit_code::failed;
  // Of this machine's disk: a node's refusal has a reason of its own.
  const bool no_room = reason == "disk_full" || reason == "disk_reserve";
  return no_room || why.code == errc::storage_failure ? exit_code::storage : exit_code::failed;
}

std::string failure_text(const failure& why) {
  static constexpr std::string_view words[] = {"", "refused", "usage", "storage", "unreachable"};
  auto text = clean(why.text, 4096);
  std::string reason = why.reason;
  // What a node refuses comes with its reason at the end of the text (schemas/reply_decode.cpp).
  if (const auto at = text.rfind(" ["); reason == "refused_by_node" && text.ends_with(']')) {
    reason = text.substr(at + 2, text.size() - at - 3);
    text.resize(at);
  }
  return std::string{words[static_cast<size_t>(exit_code_of(why))]} + ": " + text + " [" +
         std::string{to_string(why.code)} + " " + reason + "]";
}

} // namespace restante
