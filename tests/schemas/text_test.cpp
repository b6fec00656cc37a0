#include "schemas/text.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace restante;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(well_formed_utf8_is_valid) {
  for (const auto& good :
       {""s, "plain"s, "caf\u00E9"s, "\u20AC"s, "\U0001F600"s, "\x7F"s, "\r\n"s, "\xC2\x80"s,
        "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xEF\xBF\xBF"s,
        "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "\u202E"s})
    BOOST_TEST(valid_utf8(good), good);
}

BOOST_AUTO_TEST_CASE(ill_formed_utf8_and_nul_are_refused) {
  const std::string bad[] = {
      "a\0b"s,            // NUL
      "\x80",             // a lone continuation
      "\xBF",             //
      "\xC0\x80",         // overlong NUL
      "\xC1\xBF",         // overlong, two bytes
      "\xE0\x9F\xBF",     // overlong, three bytes
      "\xF0\x8F\xBF\xBF", // overlong, four bytes
      "\xED\xA0\x80",     // the first surrogate
      "\xED\xBF\xBF",     // the last surrogate
      "\xF4\x90\x80\x80", // U+110000
      "\xF5\x80\x80\x80", // no lead byte
      "\xFF",             //
      "\xC3",             // cut short
      "\xE2\x82",         //
      "\xF0\x9F\x98",     //
      "\xE2\x28\xA1",     // an ASCII character inside
      "Jos\xE9 Luis",     // Latin-1
  };
  for (const auto& text : bad)
    BOOST_TEST(!valid_utf8(text), text);
}

BOOST_AUTO_TEST_CASE(a_decoder_step_spans_the_maximal_ill_formed_part) {
  BOOST_TEST(first_code_point("\xE2\x82x").bytes == 2U);
  BOOST_TEST(first_code_point("\xED\xA0\x80").bytes == 1U);
  BOOST_TEST(first_code_point("\xF0\x9F\x98").bytes == 3U);
  BOOST_TEST(first_code_point("\xFFx").bytes == 1U);
  const auto smile = first_code_point("\U0001F600!");
  BOOST_TEST(smile.valid);
  BOOST_TEST((smile.value == U'\U0001F600'));
  BOOST_TEST(smile.bytes == 4U);
}

BOOST_AUTO_TEST_CASE(controls_and_bidirectional_overrides_are_not_printable) {
  for (const auto& bad :
       {"\r"s, "\n"s, "\t"s, "\0"s, "\x1B[2J"s, "\x7F"s, "\u0080"s, "\u009F"s, "\u202A"s, "\u202E"s,
        "\u2066"s, "\u2069"s, "\u2028"s, "\u2029"s, "\xFF"s})
    BOOST_TEST(!printable("a" + bad + "b"), bad);
  for (const auto& good : {""s, "a b~"s, "\u00A0"s, "\u05D0\u200F"s, "\u2027\u202F"s, "\u206A"s,
                           "\u2065"s, "\U0001F600"s})
    BOOST_TEST(printable(good), good);
}

BOOST_AUTO_TEST_CASE(cleaning_keeps_text_and_removes_what_breaks_a_line) {
  BOOST_TEST(clean("Zo\u00EB \u20AC5", 100) == "Zo\u00EB \u20AC5");
  BOOST_TEST(clean("a\r\nb\tc", 100) == "a b c");
  BOOST_TEST(clean("a\n b \nc", 100) == "a b c");
  BOOST_TEST(clean("\r\na\u2028\n", 100) == "a");
  BOOST_TEST(clean("a\0\x1B\x7F\u202E\u2066z"s, 100) == "az");
  BOOST_TEST(clean("Jos\xE9!", 100) == "Jos\uFFFD!");
  BOOST_TEST(clean("\xF0\x9F\x98", 100) == "\uFFFD");
  BOOST_TEST(clean("", 100).empty());
}

BOOST_AUTO_TEST_CASE(cleaning_cuts_between_code_points) {
  BOOST_TEST(clean("ab\u20AC", 5) == "ab\u20AC");
  BOOST_TEST(clean("ab\u20AC", 4) == "ab");
  BOOST_TEST(clean("ab\u20ACc", 4) == "ab"); // nothing after the cut is pulled forward
  BOOST_TEST(clean("\xFFz", 2).empty());     // a replacement takes three bytes
  BOOST_TEST(clean("a\nb", 2) == "a");
  BOOST_TEST(clean("abc", 0).empty());
}

BOOST_AUTO_TEST_CASE(any_bytes_become_printable_within_the_bound) {
  std::mt19937 random{20'261'120};
  const std::string_view alphabet{"ab \n\r\0\x1B\x7F\x80\xBF\xC2\xE2\xED\xA0\xF0\x9F\xF4\x8F\xFF",
                                  19};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto length = random() % 24; length > 0; --length)
      text += alphabet[random() % alphabet.size()];
    const auto bound = random() % 24;
    const auto cleaned = clean(text, bound);
    BOOST_REQUIRE(printable(cleaned));
    BOOST_REQUIRE_LE(cleaned.size(), bound);
    BOOST_REQUIRE_EQUAL(clean(cleaned, bound), cleaned);
    BOOST_REQUIRE(printable(mask_number(text)));
  }
}

BOOST_AUTO_TEST_CASE(a_masked_number_shows_three_and_two_characters) {
  BOOST_TEST(mask_number("+1505551234") == "+15******34");
  BOOST_TEST(mask_number("1234567890") == "123*****90");
  BOOST_TEST(mask_number("123456789") == "*********");
  BOOST_TEST(mask_number("12") == "**");
  BOOST_TEST(mask_number("").empty());
  BOOST_TEST(mask_number("Zo\u00EB Zo\u00EB Zo\u00EB") == "Zo\u00EB******o\u00EB");
  BOOST_TEST(mask_number("+15\n055512\r\n34") == "+15********34");
  BOOST_TEST(mask_number(std::string(5000, '7')).size() == 256U);
}

BOOST_AUTO_TEST_SUITE_END()
