// How the command line shows things: tables for people, JSON for programs. Texts that came from
// outside are cleaned before a terminal sees them, for they may hold its control sequences.
#pragma once

#include "schemas/messages.hpp"

#include <nlohmann/json.hpp>

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

using json_value = nlohmann::ordered_json;

/// Rows under headings, columns as wide as their widest cell. The headings are bold on a terminal.
class text_table {
public:
  explicit text_table(std::vector<std::string> headings) : rows_{std::move(headings)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print(std::ostream& to) const;

private:
  std::vector<std::vector<std::string>> rows_;
};

/// "name  value" lines.
void print_facts(std::ostream& to, const std::vector<std::pair<std::string, std::string>>& facts);

/// One document, indented; or one line, for streams of them.
void print_json(std::ostream& to, const json_value& what);
void print_json_line(std::ostream& to, const json_value& what);

/// A text from outside, fit for a terminal: one line, at most 256 bytes.
[[nodiscard]] std::string shown(std::string_view untrusted);

/// "2026-11-20 17:05:09Z"; JSON: "2026-11-20T17:05:09.123Z"; a day: "2026-11-20".
[[nodiscard]] std::string time_text(wall_ms at);
[[nodiscard]] std::string time_json(wall_ms at);
[[nodiscard]] std::string day_text(uint32_t days);

/// Reads milliseconds since 1970, or an ISO 8601 time ("2026-11-20T17:05:09Z", with an offset such
/// as "+01:00", or without one: UTC; seconds may be missing). Nothing for anything else.
[[nodiscard]] std::optional<wall_ms> parse_time(std::string_view text);

/// Days since 1970 of "2026-11-20".
[[nodiscard]] std::optional<uint32_t> parse_day(std::string_view text);

/// "0:26" for a playing time; "1.5 s" for a patience; "0.84 ms" for a measured latency.
[[nodiscard]] std::string length_text(uint32_t milliseconds_played);
[[nodiscard]] std::string seconds_text(milliseconds span);
[[nodiscard]] std::string latency_text(std::chrono::nanoseconds span);

[[nodiscard]] json_value to_json(const message_record& what);
[[nodiscard]] json_value to_json(const answer::profile& what);
[[nodiscard]] json_value to_json(const answer::event& what);
[[nodiscard]] json_value to_json(const answer::stored_record& what);
[[nodiscard]] json_value to_json(const tenant_record& what);

/// "refused: no such subscriber [not_found subscriber_not_found]", as standard error shows it.
[[nodiscard]] std::string failure_text(const failure& why);

/// The exit code a failure ends the program with.
[[nodiscard]] int exit_code_of(const failure& why);

} // namespace restante
