#include "actors/pin_policy.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <limits>

namespace restante {

namespace {

/// Straight strokes over a telephone keypad; each is also read backwards.
constexpr std::array<std::string_view, 9> strokes = {"123", "456", "789", "147", "258",
                                                     "369", "159", "357", "2580"};

/// Often chosen and not caught by a rule: corners, crosses, even and odd digits.
constexpr std::array<std::string_view, 18> favourites = {
    "1379", "1397", "3179", "3971",  "7139",  "7931",  "9317",   "9713",   "2468",
    "8642", "1357", "7531", "24680", "13579", "97531", "246810", "100200", "007007"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A block of at most half the length over and over: 000000, 121212, 123123, 12121.
bool repeats_a_block(std::string_view pin) {
  for (size_t block = 1; block <= pin.size() / 2; ++block)
    if (pin.substr(block) == pin.substr(0, pin.size() - block))
      return true;
  return false;
}

/// Every digit two or three times in a row: 112233, 111222.
bool stretched(std::string_view pin) {
  for (size_t run = 2; run <= 3; ++run) {
    if (pin.size() % run != 0)
      continue;
    bool all = true;
    for (size_t i = 0; i < pin.size(); ++i)
      all = all && pin[i] == pin[i - i % run];
    if (all)
      return true;
  }
  return false;
}

/// Digits that go up or down by one, 9 and 0 being neighbours: 123456, 987654, 890123.
bool ladder(std::string_view pin) {
  auto steps_by = [pin](int step) {
    for (size_t i = 1; i < pin.size(); ++i)
      if ((pin[i] - pin[i - 1] + 10) % 10 != step)
        return false;
    return true;
  };
  return steps_by(1) || steps_by(9);
}

/// A ladder and back again: 1221, 12321, 123321.
bool ladder_and_back(std::string_view pin) {
  return std::equal(pin.begin(), pin.end(), pin.rbegin()) &&
         ladder(pin.substr(0, (pin.size() + 1) / 2));
}

/// Nothing but strokes over the keypad: 2580, 147258, 159357, 1472580.
bool keypad_strokes(std::string_view pin) {
  if (pin.empty())
    return true;
  return std::any_of(strokes.begin(), strokes.end(), [pin](std::string_view stroke) {
    auto head = pin.substr(0, stroke.size());
    return (head == stroke ||
            std::equal(head.begin(), head.end(), stroke.rbegin(), stroke.rend())) &&
           keypad_strokes(pin.substr(stroke.size()));
  });
}

bool year(std::string_view pin) {
  return pin.size() == 4 && (pin.starts_with("19") || pin.starts_with("20"));
}

bool trivial(std::string_view pin) {
  return repeats_a_block(pin) || stretched(pin) || ladder(pin) || ladder_and_back(pin) ||
         keypad_strokes(pin) || year(pin) ||
         std::find(favourites.begin(), favourites.end(), pin) != favourites.end();
}

bool within_number(std::string_view number, std::string_view pin) {
  std::string digits;
  std::copy_if(number.begin(), number.end(), std::back_inserter(digits), is_digit);
  return digits.find(pin) != std::string::npos;
}

} // namespace

result<void> check_new_pin(const pin_policy& policy, std::string_view pin,
                           std::span<const std::string> own_numbers) {
  if (!std::all_of(pin.begin(), pin.end(), is_digit))
    return fail(errc::invalid_request, "pin_not_digits",
                "a PIN consists of the digits 0 to 9 only; choose another");
  if (pin.size() < static_cast<size_t>(policy.digits_min))
    return fail(errc::invalid_request, "pin_too_short",
                "a PIN needs at least " + std::to_string(policy.digits_min) + " digits");
  if (pin.size() > static_cast<size_t>(policy.digits_max))
    return fail(errc::invalid_request, "pin_too_long",
                "a PIN has at most " + std::to_string(policy.digits_max) + " digits");
  if (trivial(pin))
    return fail(errc::invalid_request, "pin_trivial",
                "the PIN is a pattern that is guessed first; choose one without a pattern");
  if (std::any_of(own_numbers.begin(), own_numbers.end(),
                  [pin](const std::string& number) { return within_number(number, pin); }))
    return fail(errc::invalid_request, "pin_own_number",
                "the PIN is part of the subscriber's own number; choose another");
  return {};
}

bool pin_open(const pin_attempts& attempts, int64_t now_ms) {
  return attempts.failures < limits::pin_failures_lock && now_ms >= attempts.closed_until_ms;
}

pin_attempts after_failure(pin_attempts attempts, int64_t now_ms) {
  constexpr int64_t pause_ms = std::chrono::milliseconds{limits::pin_pause}.count();
  if (attempts.failures < limits::pin_failures_lock)
    ++attempts.failures;
  if (attempts.failures >= limits::pin_failures_lock)
    attempts.closed_until_ms = std::numeric_limits<int64_t>::max();
  else if (attempts.failures >= limits::pin_failures_pause)
    attempts.closed_until_ms = std::max(attempts.closed_until_ms, now_ms + pause_ms);
  return attempts;
}

pin_attempts after_success() { return {}; }

} // namespace restante
