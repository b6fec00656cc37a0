#include "actors/gsm.hpp"
#include "schemas/text.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace restante;

namespace {

const std::string euro = "\u20AC";
const std::string smile = "\U0001F600";

std::string times(size_t count, std::string_view what) {
  std::string out;
  for (; count > 0; --count)
    out += what;
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(gsm)

BOOST_AUTO_TEST_CASE(texts_take_the_segments_the_standard_says) {
  const auto gsm7 = sms_encoding::gsm7;
  const auto ucs2 = sms_encoding::ucs2;
  const struct {
    std::string text;
    sms_shape shape;
  } table[] = {
      {"", {gsm7, 1, 0}},
      {"hello", {gsm7, 1, 5}},
      {times(160, "a"), {gsm7, 1, 160}},
      {times(161, "a"), {gsm7, 2, 161}},
      {times(153 * 2, "a"), {gsm7, 2, 306}},
      {times(153 * 2 + 1, "a"), {gsm7, 3, 307}},
      {times(153 * 3, "a"), {gsm7, 3, 459}},
      // The euro sign is two septets, and its pair is never split.
      {times(158, "a") + euro, {gsm7, 1, 160}},
      {times(159, "a") + euro, {gsm7, 2, 161}},
      {times(80, euro), {gsm7, 1, 160}},
      {times(81, euro), {gsm7, 2, 162}},
      {times(76 * 2, euro), {gsm7, 2, 304}},
      {times(76 * 2 + 1, euro), {gsm7, 3, 306}},
      {times(152, "a") + euro + times(152, "b"), {gsm7, 3, 306}},
      {times(152, "a") + euro + times(151, "b"), {gsm7, 2, 305}},
      {"^{}\\[~]|\f", {gsm7, 1, 18}},
      // One character outside the alphabet makes all of it UTF-16.
      {"\u00E7", {ucs2, 1, 1}},
      {times(69, "a") + "\u00E7", {ucs2, 1, 70}},
      {times(70, "a") + "\u00E7", {ucs2, 2, 71}},
      {times(67 * 2, "\u00E7"), {ucs2, 2, 134}},
      {times(67 * 2 + 1, "\u00E7"), {ucs2, 3, 135}},
      // An emoji is a surrogate pair, and at the border of a segment it moves on whole.
      {times(35, smile), {ucs2, 1, 70}},
      {times(36, smile), {ucs2, 2, 72}},
      {times(66, "\u00E7") + smile + times(66, "\u00E7"), {ucs2, 3, 134}},
      {times(66, "\u00E7") + smile + times(65, "\u00E7"), {ucs2, 2, 133}},
      {times(65, "\u00E7") + smile + times(67, "\u00E7"), {ucs2, 2, 134}},
      {"\xFF", {ucs2, 1, 1}},
      {"\xE2\x82", {ucs2, 1, 1}},
  };
  for (const auto& row : table) {
    const auto shape = measure_sms(row.text);
    BOOST_TEST((shape.encoding == row.shape.encoding), row.text);
    BOOST_TEST(shape.segments == row.shape.segments, row.text);
    BOOST_TEST(shape.units == row.shape.units, row.text);
  }
}

BOOST_AUTO_TEST_CASE(the_alphabet_has_exactly_its_characters) {
  const std::string_view in = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
                              "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
  BOOST_TEST((measure_sms(in) == sms_shape{sms_encoding::gsm7, 1, 127}));
  for (const char* out : {"ç", "ê", "õ", "ã", "í", "ó", "ú", "á", "È", "À", "Α", "`", "\t", "\x1B",
                          "\u00A0", "’", "…"})
    BOOST_TEST((measure_sms(out).encoding == sms_encoding::ucs2), out);
}

BOOST_AUTO_TEST_CASE(a_text_that_fits_is_left_alone) {
  for (const auto& text : {std::string{}, times(160, "a"), times(80, euro), times(35, smile)})
    BOOST_TEST(fit_sms(text, 1) == text);
  BOOST_TEST(fit_sms(times(306, "a"), 2) == times(306, "a"));
}

BOOST_AUTO_TEST_CASE(a_text_too_long_ends_in_three_dots) {
  BOOST_TEST(fit_sms(times(161, "a"), 1) == times(157, "a") + "...");
  BOOST_TEST(fit_sms(times(307, "a"), 2) == times(303, "a") + "...");
  BOOST_TEST(fit_sms(times(81, euro), 1) == times(78, euro) + "...");
  BOOST_TEST(fit_sms(times(36, smile), 1) == times(33, smile) + "...");
  BOOST_TEST(fit_sms(times(68, smile), 2) == times(65, smile) + "...");
  // Cut before the character that forces UTF-16, when that alone makes it fit.
  BOOST_TEST(fit_sms(times(150, "a") + "ç", 1) == times(150, "a") + "...");
  BOOST_TEST(fit_sms("abc", 0).empty());
}

BOOST_AUTO_TEST_CASE(a_cut_text_fits_and_could_not_be_longer) {
  std::mt19937 random{160'153};
  const std::string alphabet[] = {"a", "b", "z", euro, "[", "ç", smile};
  for (int round = 0; round < 400; ++round) {
    const auto kinds = 3 + random() % 5;
    std::string text;
    for (auto length = random() % 500; length > 0; --length)
      text += alphabet[random() % kinds];
    const auto segments = 1 + random() % 3;
    const auto fitted = fit_sms(text, segments);
    BOOST_REQUIRE(valid_utf8(fitted));
    BOOST_REQUIRE_LE(measure_sms(fitted).segments, segments);
    if (fitted == text)
      continue;
    BOOST_REQUIRE_GT(measure_sms(text).segments, segments);
    const auto kept = fitted.size() - 3;
    BOOST_REQUIRE(text.compare(0, kept, fitted, 0, kept) == 0);
    const auto next = first_code_point(std::string_view{text}.substr(kept)).bytes;
    BOOST_REQUIRE_GT(measure_sms(text.substr(0, kept + next) + "...").segments, segments);
  }
}

BOOST_AUTO_TEST_SUITE_END()
