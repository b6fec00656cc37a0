#include "schemas/text.hpp"

#include "schemas/limits.hpp"

#include <cstdint>

namespace restante {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

/// What a lead byte announces: continuation bytes and the range of the first of them, which is
/// where overlong forms, surrogates and values above U+10FFFF show. Zero bytes: no lead byte.
struct sequence_rule {
  size_t continuations;
  uint8_t low;
  uint8_t high;
};

constexpr sequence_rule rule_of(uint8_t lead) {
  if (lead >= 0xC2 && lead <= 0xDF)
    return {1, 0x80, 0xBF};
  if (lead == 0xE0)
    return {2, 0xA0, 0xBF};
  if (lead == 0xED)
    return {2, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF)
    return {2, 0x80, 0xBF};
  if (lead == 0xF0)
    return {3, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3)
    return {3, 0x80, 0xBF};
  if (lead == 0xF4)
    return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

bool breaks_line(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || breaks_line(c) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

} // namespace

code_point first_code_point(std::string_view text) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  const auto lead = byte(0);
  if (lead < 0x80)
    return {lead, 1, true};
  const auto rule = rule_of(lead);
  if (rule.continuations == 0)
    return {0xFFFD, 1, false};
  char32_t value = lead & (0x3F >> rule.continuations);
  for (size_t i = 1; i <= rule.continuations; ++i) {
    const uint8_t low = i == 1 ? rule.low : 0x80;
    const uint8_t high = i == 1 ? rule.high : 0xBF;
    if (i == text.size() || byte(i) < low || byte(i) > high)
      return {0xFFFD, i, false};
    value = value << 6 | (byte(i) & 0x3F);
  }
  return {value, rule.continuations + 1, true};
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto c = first_code_point(text);
    if (!c.valid || c.value == 0)
      return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

bool printable(std::string_view text) {
  while (!text.empty()) {
    const auto c = first_code_point(text);
    if (!c.valid || control(c.value))
      return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

std::string clean(std::string_view text, size_t bytes_max) {
  std::string out;
  bool space_due = false;
  while (!text.empty()) {
    const auto c = first_code_point(text);
    const auto piece = c.valid ? text.substr(0, c.bytes) : replacement;
    text.remove_prefix(c.bytes);
    if (control(c.value)) {
      space_due = space_due || breaks_line(c.value);
      continue;
    }
    // A break at either end, or beside a space, needs no space of its own.
    const bool space = space_due && !out.empty() && out.back() != ' ' && piece != " ";
    if (out.size() + piece.size() + (space ? 1 : 0) > bytes_max)
      break;
    if (space)
      out += ' ';
    out += piece;
    space_due = false;
  }
  return out;
}

std::string mask_number(std::string_view text) {
  constexpr size_t shown_first = 3;
  constexpr size_t shown_last = 2;
  const auto readable = clean(text, limits::caller_bytes_max);
  size_t count = 0;
  for (std::string_view rest = readable; !rest.empty(); ++count)
    rest.remove_prefix(first_code_point(rest).bytes);
  const bool masked_whole = count < 2 * (shown_first + shown_last);
  std::string out;
  size_t at = 0;
  for (std::string_view rest = readable; !rest.empty(); ++at) {
    const auto bytes = first_code_point(rest).bytes;
    if (!masked_whole && (at < shown_first || at >= count - shown_last))
      out += rest.substr(0, bytes);
    else
      out += '*';
    rest.remove_prefix(bytes);
  }
  return out;
}

} // namespace restante
