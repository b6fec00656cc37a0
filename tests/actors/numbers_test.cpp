#include "actors/numbers.hpp"

#include <boost/test/unit_test.hpp>

using namespace restante;

namespace {

/// The normalised form, or the reason why there is none.
std::string outcome(const result<std::string>& got) {
  if (got)
    return *got;
  BOOST_CHECK(got.error().code == errc::invalid_request);
  return got.error().reason;
}

std::string number(std::string_view text, std::string_view region = "") {
  return outcome(normalise_number(text, region));
}

std::string imei(std::string_view text) { return outcome(normalise_imei(text)); }

} // namespace

BOOST_AUTO_TEST_SUITE(numbers)

BOOST_AUTO_TEST_CASE(every_notation_of_a_number_is_one_number) {
  struct row {
    const char* text;
    const char* region;
    const char* e164;
  };
  const row table[] = {
      {"+15055551212", "", "+15055551212"},
      {" +1 (505) 555-1212 ", "", "+15055551212"},
      {"(505) 555-1212", "US", "+15055551212"},
      {"505.555.1212", "US", "+15055551212"},
      {"1-505-555-1212", "US", "+15055551212"},
      {"011 33 1 42 68 53 00", "US", "+33142685300"},
      {"+1 505 555 0100", "", "+15055550100"},
      {"01 42 68 53 00", "FR", "+33142685300"},
      {"06.12.34.56.78", "FR", "+33612345678"},
      {"+33 (0)1 42 68 53 00", "", "+33142685300"},
      {"0033142685300", "FR", "+33142685300"},
      {"0033142685300", "DE", "+33142685300"},
      {"030/901820", "DE", "+4930901820"},
      {"0049 30 901820", "DE", "+4930901820"},
      {"+49 (0) 151 12345678", "", "+4915112345678"},
      {"020 7946 0018", "GB", "+442079460018"},
      {"07700 900123", "GB", "+447700900123"},
      {"00 1 505 555 1212", "GB", "+15055551212"},
      {"(11) 96123-4567", "BR", "+5511961234567"},
      {"011 96123-4567", "BR", "+5511961234567"},
      {"0 15 11 96123-4567", "BR", "+5511961234567"},
      {"+55 21 2221-1234", "", "+552122211234"},
      {"+39 06 6982", "", "+39066982"},
  };
  for (const auto& row : table)
    BOOST_TEST_CONTEXT(row.text << " in " << row.region)
  BOOST_CHECK_EQUAL(number(row.text, row.region), row.e164);
}

BOOST_AUTO_TEST_CASE(a_normalised_number_stays_as_it_is) {
  for (auto e164 : {"+15055550100", "+33142685300", "+4930901820", "+442079460018", "+39066982"})
    for (auto region : {"", "US", "FR"})
      BOOST_CHECK_EQUAL(number(e164, region), e164);
}

// Found by the fuzz target `pins`: the parser strips a zero from it every time it reads it, so one
// text became one alias and that alias another.
BOOST_AUTO_TEST_CASE(a_number_that_reads_as_another_is_refused) {
  BOOST_CHECK_EQUAL(number("00 0071295167", "DE"), "number_malformed");
  BOOST_CHECK_EQUAL(number("+4900071295167"), "number_malformed");
}

BOOST_AUTO_TEST_CASE(an_empty_number_is_refused) {
  BOOST_CHECK_EQUAL(number(""), "number_empty");
  BOOST_CHECK_EQUAL(number("   ", "US"), "number_empty");
}

BOOST_AUTO_TEST_CASE(long_text_is_refused_before_it_is_parsed) {
  auto padded = "+15055551212" + std::string(number_text_bytes_max - 12, ' ');
  BOOST_CHECK_EQUAL(number(padded), "+15055551212");
  BOOST_CHECK_EQUAL(number(padded + " "), "number_too_long");
}

BOOST_AUTO_TEST_CASE(what_is_no_complete_number_is_refused) {
  struct row {
    const char* text;
    const char* region;
  };
  const row table[] = {
      {"1-800-FLOWERS", "US"},        // letters
      {"+1 505 555 1212 x123", "US"}, // extensions
      {"+1 505 555 1212;ext=123", ""},
      {"+1 505 555 1212 #123", ""},
      {"tel:+15055551212", ""},
      {"+1505+5551212", ""},
      {"++15055551212", ""},
      {"(+1) 505 555 1212", ""},
      {"+１５０５５５５１２１２", ""}, // digits of another alphabet
      {"505 555 1212", ""},            // national without a region
      {"0033142685300", ""},
      {"0033142685300", "US"}, // calls abroad start with 011 there
      {"5551212", "US"},       // no area code: somebody else in every area
      {"+1 555 0100", ""},
      {"+1 505 555 12123", ""}, // too many digits
      {"+49 123456789012345", ""},
      {"505 555 1212", "XX"}, // no such region
      {"505 555 1212", "us"},
      {"+999 5055551212", ""}, // no such country code
      {"110", "DE"},
      {"+", ""},
      {"-", "US"},
      {"*123", "US"},
  };
  for (const auto& row : table)
    BOOST_TEST_CONTEXT(row.text << " in " << row.region)
  BOOST_CHECK_EQUAL(number(row.text, row.region), "number_malformed");
  BOOST_CHECK_EQUAL(number({"+1505555\0"
                            "1212",
                            13}),
                    "number_malformed");
}

BOOST_AUTO_TEST_CASE(no_text_repeats_the_number) {
  auto refused = normalise_number("505 555 12123", "US");
  BOOST_REQUIRE(!refused.has_value());
  BOOST_CHECK(refused.error().text.find("12123") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_region_is_two_capital_letters_of_a_known_plan) {
  for (auto region : {"US", "FR", "DE", "GB", "BR"})
    BOOST_CHECK_MESSAGE(valid_region(region), region);
  for (auto region : {"", "U", "us", "USA", "XX", "ZZ", "001", "1", "U "})
    BOOST_CHECK_MESSAGE(!valid_region(region), region);
}

BOOST_AUTO_TEST_CASE(every_notation_of_an_imei_is_one_imei) {
  for (auto text :
       {"490154203237518", "49-015420-323751-8", "49 015420 323751 8", "49.015420/323751;8",
        "49015420323751", "49-015420-323751", "4901542032375100", "49-015420-323751-99"})
    BOOST_CHECK_MESSAGE(imei(text) == "490154203237518", text);
  BOOST_CHECK_EQUAL(imei("35209900176148"), "352099001761481");
  BOOST_CHECK_EQUAL(imei("35209900176101"), "352099001761010");
  BOOST_CHECK_EQUAL(imei("352099001761481"), "352099001761481");
  BOOST_CHECK_EQUAL(imei("00000000000018"), "000000000000182");
}

BOOST_AUTO_TEST_CASE(an_imei_with_any_one_wrong_digit_is_refused) {
  const std::string right = "490154203237518";
  for (size_t at = 0; at < right.size(); ++at)
    for (char digit = '0'; digit <= '9'; ++digit) {
      auto wrong = right;
      wrong[at] = digit;
      BOOST_CHECK_EQUAL(imei(wrong), wrong == right ? right : "imei_check_digit");
    }
}

BOOST_AUTO_TEST_CASE(an_imei_of_another_length_is_refused) {
  for (auto text : {"", "-", "4901542032375", "49015420323751812"})
    BOOST_CHECK_MESSAGE(imei(text) == "imei_length", text);
  BOOST_CHECK_EQUAL(imei("490154203237518" + std::string(49, ' ')), "490154203237518");
  BOOST_CHECK_EQUAL(imei("490154203237518" + std::string(50, ' ')), "imei_length");
}

BOOST_AUTO_TEST_CASE(an_imei_has_digits_only) {
  for (auto text : {"49015420323751X", "A1000009296F5B", "490154203237518\n", "+490154203237518"})
    BOOST_CHECK_MESSAGE(imei(text) == "imei_not_digits", text);
}

BOOST_AUTO_TEST_CASE(zeros_are_no_imei) {
  for (size_t count : {14U, 15U, 16U})
    BOOST_CHECK_EQUAL(imei(std::string(count, '0')), "imei_check_digit");
  BOOST_CHECK_EQUAL(imei("0000000000000012"), "imei_check_digit");
}

BOOST_AUTO_TEST_SUITE_END()
