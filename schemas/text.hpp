// Text from outside: is it UTF-8, may it stand in a field, and how does it get into a log line or
// an SMS without breaking either. Pure functions; nothing here throws but for want of memory.
//
// Invariant: whatever clean() and mask_number() return satisfies printable().
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace restante {

/// One step of a UTF-8 decoder. An ill-formed sequence yields U+FFFD and spans its maximal subpart
/// (Unicode 15, section 3.9, table 3-7), so that every decoder counts replacements alike.
struct code_point {
  char32_t value = 0;
  size_t bytes = 0;
  bool valid = false;
};

/// Decodes the first code point of `text`, which must not be empty; `bytes` is at least 1. NUL is
/// decoded as any other character.
[[nodiscard]] code_point first_code_point(std::string_view text);

/// True for well-formed UTF-8 without NUL: no overlong forms, no surrogates, nothing above
/// U+10FFFF. The empty text is valid.
[[nodiscard]] bool valid_utf8(std::string_view text);

/// True for valid UTF-8 that stays on its line and in its reading direction: no C0 and C1 controls
/// (CR, LF, TAB, DEL, NUL), no line and paragraph separators (U+2028, U+2029), no bidirectional
/// embeddings, overrides and isolates (U+202A-202E, U+2066-2069). The marks U+200E and U+200F are
/// allowed: Arabic and Hebrew names need them, and they reorder nothing else.
[[nodiscard]] bool printable(std::string_view text);

/// Makes any bytes printable(), in at most `bytes_max` bytes and cut between code points. An
/// ill-formed sequence becomes U+FFFD; line breaks and tabs between other characters become one
/// space; the other controls disappear.
[[nodiscard]] std::string clean(std::string_view text, size_t bytes_max);

/// A number or address for logs: the first three and the last two characters, '*' for the others
/// ("+15******34"). One of fewer than ten characters is masked whole, so that never more is shown
/// than hidden. Read to limits::caller_bytes_max.
[[nodiscard]] std::string mask_number(std::string_view text);

} // namespace restante
