// Numbers of telephones and devices in the one form this engine compares and stores. Telephone
// numbers are E.164 ("+15055551212"), devices are IMEIs of 15 digits. Aliases are keys: two
// notations of one number must never become two mailboxes, nor two numbers one.
#pragma once

#include "schemas/error.hpp"

#include <string>
#include <string_view>

namespace restante {

/// Longest telephone number that is looked at, with all its punctuation.
inline constexpr size_t number_text_bytes_max = 64;

/// True for the two capital letters of a region whose numbering plan is known, such as "US".
[[nodiscard]] bool valid_region(std::string_view region);

/// A telephone number as E.164. Reads ASCII digits, a leading +, spaces and - ( ) . /; with a
/// `region` (see valid_region; may be empty) also that region's national notation and its prefix
/// for calls abroad, such as 00. Refuses letters, extensions and numbers without an area code where
/// the plan has them. Only the length is checked against the numbering plan, not whether the range
/// is assigned: plans change faster than programs, and the numbers reserved for tests and fiction
/// (+1 505 555 0100) must work. Fails with invalid_request and number_empty, number_too_long or
/// number_malformed.
[[nodiscard]] result<std::string> normalise_number(std::string_view text, std::string_view region);

/// A device's IMEI with its Luhn check digit (3GPP TS 23.003, annex B). Reads 15 digits; 14 without
/// the check digit; or 16 (an IMEISV), whose last two are a software version that changes while the
/// device stays the same. Spaces and - / . ; are ignored. Fails with invalid_request and
/// imei_not_digits, imei_length or imei_check_digit (which is also the reason for all zeros, what
/// devices without an IMEI report).
[[nodiscard]] result<std::string> normalise_imei(std::string_view text);

} // namespace restante
