// PINs and what else a subscriber or an adapter writes in digits: telephone numbers, IMEIs, profile
// ids, challenges. Input: a line each of PIN, region, the subscriber's own number and a challenge.
#include "actors/challenge.hpp"
#include "actors/numbers.hpp"
#include "actors/pin_policy.hpp"
#include "schemas/ids.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>

using namespace restante;
using namespace restante::fuzz;

namespace {

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void check_pin(std::string_view pin, const std::string& number) {
  for (int least = 4; least <= limits::pin_digits_max; ++least) {
    const pin_policy policy{least, limits::pin_digits_max};
    const auto checked = check_new_pin(policy, pin, {&number, 1});
    if (!checked) {
      promise(!all_digits(pin) || pin.size() < 4 ||
                  checked.error().text.find(pin) == std::string::npos,
              "a refusal repeats the PIN");
      continue;
    }
    promise(all_digits(pin) && pin.size() >= static_cast<size_t>(least) &&
                pin.size() <= static_cast<size_t>(limits::pin_digits_max),
            "a PIN is not of the length the policy wants");
    promise(number.find(pin) == std::string::npos, "a PIN is part of the number");
    promise(pin.find_first_not_of(pin.front()) != pin.npos, "a PIN is one digit over and over");
  }
}

/// Aliases are keys: one number has one form, and that form stays what it is.
void check_number(std::string_view text, std::string_view region) {
  const auto number = normalise_number(text, region);
  if (!number)
    return promise(number.error().code == errc::invalid_request, "a number is no invalid request");
  promise(number->size() >= 2 && number->size() <= 16 && number->front() == '+' &&
              all_digits(number->substr(1)),
          "a number is not E.164");
  promise(normalise_number(*number, region) == number, "a number has two forms");
  promise(normalise_number(*number, "") == number, "a number depends on who asks");
}

void check_imei(std::string_view text) {
  const auto imei = normalise_imei(text);
  if (!imei)
    return promise(imei.error().code == errc::invalid_request, "an IMEI is no invalid request");
  promise(imei->size() == 15 && all_digits(*imei), "an IMEI is not 15 digits");
  promise(normalise_imei(*imei) == imei, "an IMEI has two forms");
}

void check_profile_id(std::string_view text) {
  if (const auto id = parse_profile_id(text))
    promise(parse_profile_id(to_string(*id)) == id, "a profile id has two meanings");
}

void check_challenge(std::string_view tenant, std::string_view number, std::string_view answer) {
  // A new one each time: libFuzzer watches comparisons, and would learn the seal of a fixed key.
  const auto key = random_key();
  const request what{1, milliseconds{1}, std::string{number},
                     ask::of_mailbox{{subscriber_ref::by::number, std::string{number}},
                                     op::retrieve{{std::nullopt, 7}, channel::device, {}, {}}}};
  promise(!challenge_holds(key, tenant, what, answer, 0), "a challenge was forged");
  const auto made = make_challenge(key, tenant, what, 1000, "12345678");
  promise(challenge_expiry(made) == 1000, "a challenge has another expiry");
  promise(challenge_holds(key, tenant, what, made, 999), "a challenge does not hold");
  promise(!challenge_holds(key, tenant, what, made, 1000), "a challenge holds for too long");
  for (size_t at = 0; at < std::min(answer.size(), made.size()); ++at) {
    auto changed = made;
    changed[at] = answer[at];
    promise(challenge_holds(key, tenant, what, changed, 999) == (changed == made),
            "a changed challenge holds");
  }
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  init_crypto();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto input = view(data, size);
  const auto pin = take_line(input);
  const auto region = take_line(input);
  const auto number = take_line(input);
  check_pin(pin, number);
  check_number(number, region);
  check_number(number, "");
  check_imei(number);
  check_profile_id(number);
  check_challenge(region, number, input);
  return 0;
}
