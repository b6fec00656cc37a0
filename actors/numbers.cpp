#include "actors/numbers.hpp"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <iterator>

namespace restante {

namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr size_t e164_digits_max = 15; // ITU-T E.164, 6.1
constexpr size_t imei_body_size = 14;
constexpr size_t imei_text_bytes_max = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool among(char c, std::string_view characters) {
  return characters.find(c) != std::string_view::npos;
}

/// The parser also reads letters, extensions and second numbers, so it only gets what has none.
bool plain_notation(std::string_view text) {
  bool begun = false;
  for (char c : text) {
    if (!is_digit(c) && !among(c, " -()./") && (c != '+' || begun))
      return false;
    begun = begun || c != ' ';
  }
  return true;
}

/// Luhn: from the right every second digit is doubled and its digits are added up.
char check_digit(std::string_view body) {
  int sum = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    int digit = body[body.size() - 1 - i] - '0';
    if (i % 2 == 0)
      digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

} // namespace

bool valid_region(std::string_view region) {
  return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(std::string{region}) != 0;
}

result<std::string> normalise_number(std::string_view text, std::string_view region) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == ' '; }))
    return fail(errc::invalid_request, "number_empty",
                "expected a telephone number, such as +15055550100; got nothing");
  if (text.size() > number_text_bytes_max)
    return fail(errc::invalid_request, "number_too_long",
                "a telephone number has at most " + std::to_string(number_text_bytes_max) +
                    " characters");
  auto malformed = [] {
    return fail(errc::invalid_request, "number_malformed",
                "expected a complete telephone number with + and country code, or as dialled in "
                "the configured region, without letters and extension");
  };
  if (!plain_notation(text))
    return malformed();
  const auto& numbers = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  // "ZZ" is the library's name for no region: only numbers with + are read then.
  if (numbers.Parse(std::string{text}, region.empty() ? "ZZ" : std::string{region}, &number) !=
      PhoneNumberUtil::NO_PARSING_ERROR)
    return malformed();
  // Not IsPossibleNumber: that also lets numbers without an area code pass, which belong to
  // somebody else in every area.
  if (numbers.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE)
    return malformed();
  std::string e164;
  numbers.Format(number, PhoneNumberUtil::E164, &e164);
  if (e164.size() > 1 + e164_digits_max)
    return malformed();
  // A key has to be what it reads as: of "+49 000 712..." the parser strips a zero every time.
  PhoneNumber again;
  std::string same;
  if (numbers.Parse(e164, "ZZ", &again) != PhoneNumberUtil::NO_PARSING_ERROR)
    return malformed();
  numbers.Format(again, PhoneNumberUtil::E164, &same);
  if (same != e164)
    return malformed();
  return e164;
}

result<std::string> normalise_imei(std::string_view text) {
  auto wrong_length = [] {
    return fail(errc::invalid_request, "imei_length",
                "an IMEI has 15 digits, 14 without its check digit or 16 with a version");
  };
  if (text.size() > imei_text_bytes_max)
    return wrong_length();
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
               [](char c) { return !among(c, " -/.;"); });
  if (!std::all_of(digits.begin(), digits.end(), is_digit))
    return fail(errc::invalid_request, "imei_not_digits",
                "an IMEI consists of digits, with spaces and - / . ; between them at most");
  if (digits.size() < imei_body_size || digits.size() > imei_body_size + 2)
    return wrong_length();
  auto body = digits.substr(0, imei_body_size);
  if (std::all_of(body.begin(), body.end(), [](char c) { return c == '0'; }))
    return fail(errc::invalid_request, "imei_check_digit",
                "an IMEI of zeros identifies no device; read it from the device itself");
  auto expected = check_digit(body);
  if (digits.size() == imei_body_size + 1 && digits.back() != expected)
    return fail(errc::invalid_request, "imei_check_digit",
                "the last digit of the IMEI does not fit the others; read it again");
  return body + expected;
}

} // namespace restante
