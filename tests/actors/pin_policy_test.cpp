#include "actors/pin_policy.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

using namespace restante;

namespace {

constexpr pin_policy four_to_ten{4, 10};

std::string reason(const pin_policy& policy, std::string_view pin,
                   const std::vector<std::string>& own = {}) {
  auto checked = check_new_pin(policy, pin, own);
  if (checked)
    return "accepted";
  BOOST_CHECK(checked.error().code == errc::invalid_request);
  return checked.error().reason;
}

std::string padded(int value, size_t width) {
  auto text = std::to_string(value);
  return std::string(width - text.size(), '0') + text;
}

/// Per cent of the PINs of `width` digits, every `step`th, that are refused; all as trivial.
double refused_share(size_t width, int count, int step) {
  int asked = 0, refused = 0;
  for (int value = 0; value < count; value += step) {
    auto pin = padded(value, width);
    auto checked = check_new_pin(four_to_ten, pin, {});
    ++asked;
    if (checked)
      continue;
    ++refused;
    if (checked.error().reason != std::string_view{"pin_trivial"})
      BOOST_ERROR(pin << " is refused as " << checked.error().reason);
    if (checked.error().text.find(pin) != std::string::npos)
      BOOST_ERROR("the text repeats " << pin);
  }
  return 100.0 * refused / asked;
}

constexpr int64_t pause_ms = 15 * 60 * 1000;
constexpr int64_t for_ever = std::numeric_limits<int64_t>::max();

} // namespace

BOOST_AUTO_TEST_SUITE(pin_policy_and_attempts)

BOOST_AUTO_TEST_CASE(ordinary_pins_and_dates_are_accepted) {
  for (auto pin : {"482913", "048291", "140789", "311299", "5550199283", "100001", "918273"})
    BOOST_CHECK_EQUAL(reason({}, pin), "accepted");
  for (auto pin : {"4829", "0071", "3112", "2104", "1890"})
    BOOST_CHECK_EQUAL(reason(four_to_ten, pin), "accepted");
}

BOOST_AUTO_TEST_CASE(only_the_digits_0_to_9_are_a_pin) {
  for (auto pin : {"48291a", "48 2913", "-482913", "48291*", "4829１3", "482913\n"})
    BOOST_CHECK_EQUAL(reason({}, pin), "pin_not_digits");
  BOOST_CHECK_EQUAL(reason({}, std::string_view{"4829\0"
                                                "13",
                                                7}),
                    "pin_not_digits");
}

BOOST_AUTO_TEST_CASE(the_policy_bounds_the_length) {
  BOOST_CHECK_EQUAL(reason({}, ""), "pin_too_short");
  BOOST_CHECK_EQUAL(reason({}, "48291"), "pin_too_short");
  BOOST_CHECK_EQUAL(reason(four_to_ten, "482"), "pin_too_short");
  BOOST_CHECK_EQUAL(reason({}, "4829135520"), "accepted");
  BOOST_CHECK_EQUAL(reason({}, "48291355207"), "pin_too_long");
  BOOST_CHECK_EQUAL(reason({4, 4}, "48291"), "pin_too_long");
}

BOOST_AUTO_TEST_CASE(what_is_guessed_first_is_refused) {
  for (auto pin : {"000000", "111111",     "9999999999", "121212", "123123", "12121",  "1231231",
                   "454545", "112233",     "111222",     "998877", "7711",   "123456", "987654",
                   "890123", "9012345678", "210987",     "123321", "12321",  "1221",   "0990",
                   "2580",   "0852",       "147258",     "258147", "159753", "789456", "1472580",
                   "357159", "147258369",  "741852963",  "1379",   "2468",   "1947",   "2001",
                   "2099",   "1900",       "123654",     "0000"})
    BOOST_CHECK_MESSAGE(reason(four_to_ten, pin) == "pin_trivial", pin);
}

BOOST_AUTO_TEST_CASE(only_four_digits_are_a_year) {
  BOOST_CHECK_EQUAL(reason(four_to_ten, "194752"), "accepted");
  BOOST_CHECK_EQUAL(reason(four_to_ten, "201847"), "accepted");
}

BOOST_AUTO_TEST_CASE(a_run_of_an_own_number_is_refused) {
  const std::vector<std::string> own{"+4930906172", "+1 (505) 555-0183"};
  for (auto pin : {"906172", "309061", "4930906172", "550183", "150555"})
    BOOST_CHECK_MESSAGE(reason({}, pin, own) == "pin_own_number", pin);
  for (auto pin : {"906173", "271609", "617215", "94930906172"})
    BOOST_CHECK_MESSAGE(reason({4, 11}, pin, own) == "accepted", pin);
  BOOST_CHECK_EQUAL(reason({}, "906172"), "accepted");
}

BOOST_AUTO_TEST_CASE(no_text_repeats_the_pin) {
  const std::vector<std::string> own{"+4930906172"};
  for (auto pin : {"48291a", "48291", "48291355207", "123456", "906172"}) {
    auto checked = check_new_pin({}, pin, own);
    BOOST_REQUIRE(!checked.has_value());
    BOOST_CHECK(checked.error().text.find(pin) == std::string::npos);
    BOOST_CHECK(checked.error().text.find(own[0].substr(1)) == std::string::npos);
  }
}

// 17 divides no pattern of six digits; 7 divides every repeated triple (abc * 1001).
BOOST_AUTO_TEST_CASE(few_pins_are_refused) {
  auto four = refused_share(4, 10'000, 1), six = refused_share(6, 1'000'000, 17);
  BOOST_TEST_MESSAGE("refused: " << four << " % of four digits, " << six << " % of six");
  BOOST_CHECK_LT(four, 5.0);
  BOOST_CHECK_GT(four, 2.0);
  BOOST_CHECK_LT(six, 1.0);
  BOOST_CHECK_GT(six, 0.1);
}

BOOST_AUTO_TEST_CASE(failures_close_for_a_pause_and_then_for_ever) {
  struct row {
    uint32_t failures;
    int64_t at_ms;
    int64_t closed_until_ms;
  };
  const int64_t start = 1'700'000'000'000;
  std::vector<row> table{{1, start, 0}, {2, start + 1, 0}, {3, start + 2, 0}, {4, start + 3, 0}};
  auto at = start + 4;
  for (uint32_t failures = 5; failures <= 9; ++failures, at += pause_ms)
    table.push_back({failures, at, at + pause_ms});
  table.push_back({10, at, for_ever});

  pin_attempts attempts;
  for (const auto& step : table) {
    BOOST_TEST_CONTEXT("failure " << step.failures) {
      BOOST_CHECK(pin_open(attempts, step.at_ms));
      attempts = after_failure(attempts, step.at_ms);
      BOOST_CHECK_EQUAL(attempts.failures, step.failures);
      BOOST_CHECK_EQUAL(attempts.closed_until_ms, step.closed_until_ms);
      BOOST_CHECK_EQUAL(pin_open(attempts, step.at_ms), step.closed_until_ms == 0);
    }
  }
  BOOST_CHECK(!pin_open(attempts, at + 1000 * pause_ms));
  BOOST_CHECK(!pin_open(attempts, for_ever));
  BOOST_CHECK(after_failure(attempts, at) == attempts);
  BOOST_CHECK(pin_open(after_success(), 0));
  BOOST_CHECK(after_success() == pin_attempts{});
}

BOOST_AUTO_TEST_CASE(a_pause_ends_on_the_millisecond) {
  const pin_attempts paused{5, 1000};
  BOOST_CHECK(!pin_open(paused, 999));
  BOOST_CHECK(pin_open(paused, 1000));
}

BOOST_AUTO_TEST_CASE(a_clock_set_back_shortens_no_pause) {
  auto paused = after_failure({4, 0}, 10 * pause_ms);
  auto again = after_failure(paused, 2 * pause_ms);
  BOOST_CHECK_EQUAL(again.closed_until_ms, paused.closed_until_ms);
  BOOST_CHECK_EQUAL(again.failures, 6U);
}

BOOST_AUTO_TEST_SUITE_END()
