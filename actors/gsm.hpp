// How long a text is as an SMS, and how to make it shorter. Pure functions over UTF-8.
//
// The rules are 3GPP TS 23.038 section 6.2.1 (the GSM 7-bit default alphabet and its extension
// table) and TS 23.040 section 9.2.3.24.1 (concatenated messages with an 8-bit reference). National
// language tables are not used: few gateways carry them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace restante {

enum class sms_encoding : uint8_t { gsm7, ucs2 };

struct sms_shape {
  sms_encoding encoding = sms_encoding::gsm7;
  /// Short messages the network carries; an empty text is still one.
  size_t segments = 1;
  /// Septets (a character of the extension table is two) or UTF-16 units (one above U+FFFF is two).
  size_t units = 0;
  friend bool operator==(const sms_shape&, const sms_shape&) = default;
};

/// Measures a text: GSM 7-bit when every character is in the alphabet, 160 septets alone or 153 a
/// segment; else UTF-16, 70 units alone or 67 a segment. No segment ends inside an escape pair or a
/// surrogate pair. An ill-formed UTF-8 sequence counts as U+FFFD, which is not in the alphabet.
[[nodiscard]] sms_shape measure_sms(std::string_view utf8);

/// The text itself when it fits `segments_max`; else its longest beginning that does together with
/// "...", cut between code points. Nothing for zero segments.
[[nodiscard]] std::string fit_sms(std::string_view utf8, size_t segments_max);

} // namespace restante
