#include "actors/gsm.hpp"

#include "schemas/text.hpp"

#include <array>

namespace restante {

namespace {

// TS 23.038 section 6.2.1 in code order, without the escape at 0x1B.
constexpr std::u32string_view alphabet =
    U"@\u00A3$\u00A5\u00E8\u00E9\u00F9\u00EC\u00F2\u00C7\n\u00D8\u00F8\r\u00C5\u00E5"
    U"\u0394_\u03A6\u0393\u039B\u03A9\u03A0\u03A8\u03A3\u0398\u039E\u00C6\u00E6\u00DF\u00C9"
    U" !\"#\u00A4%&'()*+,-./0123456789:;<=>?"
    U"\u00A1ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00C4\u00D6\u00D1\u00DC\u00A7"
    U"\u00BFabcdefghijklmnopqrstuvwxyz\u00E4\u00F6\u00F1\u00FC\u00E0";
static_assert(alphabet.size() == 127);

// TS 23.038 section 6.2.1.1: each is sent as an escape and one more septet.
constexpr std::u32string_view extension = U"\f^{}\\[~]|\u20AC";

constexpr std::string_view ellipsis = "...";

/// Septets of each character up to the last that has any, U+20AC.
constexpr auto septets_of = [] {
  std::array<uint8_t, 0x20AC + 1> out{};
  for (const char32_t c : alphabet)
    out[c] = 1;
  for (const char32_t c : extension)
    out[c] = 2;
  return out;
}();

/// Septets of a character; zero when the alphabet does not have it.
size_t septets(char32_t c) { return c < septets_of.size() ? septets_of[c] : 0; }

/// Fills segments in order. `alone` units fit a message of one segment, `part` each segment of a
/// longer one: the rest of it is the concatenation header.
struct segmenter {
  size_t alone;
  size_t part;
  size_t units = 0;
  size_t parts = 1;
  size_t filled = 0; // of the last part

  void add(size_t character_units) {
    units += character_units;
    if (filled + character_units > part) { // the whole character moves on: pairs stay together
      ++parts;
      filled = 0;
    }
    filled += character_units;
  }

  [[nodiscard]] size_t segments() const { return units <= alone ? 1 : parts; }
};

/// Both encodings are filled side by side, since the last character may still rule out GSM 7-bit.
struct measure {
  bool in_alphabet = true;
  segmenter gsm7{160, 153};
  segmenter ucs2{70, 67};

  void add(char32_t c) {
    const auto count = septets(c);
    in_alphabet = in_alphabet && count != 0;
    gsm7.add(count);
    ucs2.add(c > 0xFFFF ? 2 : 1);
  }

  [[nodiscard]] const segmenter& chosen() const { return in_alphabet ? gsm7 : ucs2; }
};

} // namespace

sms_shape measure_sms(std::string_view utf8) {
  measure text;
  while (!utf8.empty()) {
    const auto c = first_code_point(utf8);
    text.add(c.value);
    utf8.remove_prefix(c.bytes);
  }
  const auto encoding = text.in_alphabet ? sms_encoding::gsm7 : sms_encoding::ucs2;
  return {encoding, text.chosen().segments(), text.chosen().units};
}

std::string fit_sms(std::string_view utf8, size_t segments_max) {
  if (segments_max == 0)
    return {};
  measure text;
  size_t cut = 0; // the longest beginning that leaves room for the ellipsis
  for (size_t at = 0; at < utf8.size();) {
    auto with_ellipsis = text;
    for (const char dot : ellipsis)
      with_ellipsis.add(static_cast<char32_t>(dot));
    if (with_ellipsis.chosen().segments() <= segments_max)
      cut = at;
    const auto c = first_code_point(utf8.substr(at));
    text.add(c.value);
    at += c.bytes;
    // Units only grow, and UTF-16 never needs fewer segments: what is too long stays too long.
    if (text.chosen().segments() > segments_max)
      return std::string{utf8.substr(0, cut)}.append(ellipsis);
  }
  return std::string{utf8};
}

} // namespace restante
