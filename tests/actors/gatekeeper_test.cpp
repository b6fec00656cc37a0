// The device side: challenges, and that nobody without the PIN learns anything - not even whether
// a subscriber or a message exists.
#include "actors/access.hpp"
#include "actors/gatekeeper.hpp"
#include "tests/support/stage.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

using model_tests::by;
using model_tests::by_uid;

constexpr const char* wrong_pin = "271828";

struct at_the_gate : stage {
  mailbox_id id = register_device(number, imei);
  message_id there = deposit(id, "d-1").message;

  static subscriber_ref by_number(std::string text = number) {
    return {subscriber_ref::by::number, std::move(text)};
  }

  static operation retrieval(subscriber_ref who, message_ref message,
                             challenge_answer answer = {}) {
    return ask::of_mailbox{std::move(who),
                           op::retrieve{message, channel::device, std::move(answer), {}}};
  }

  call knock(operation what, std::string request_id, tenant_ptr who = nullptr) {
    auto out = ask(gatekeeper, request_of(std::move(what), std::move(request_id), std::move(who)));
    run();
    return out;
  }

  std::string challenge_for(const subscriber_ref& who, const message_ref& message,
                            const std::string& request_id, tenant_ptr asking = nullptr) {
    auto asked = knock(retrieval(who, message), request_id, std::move(asking));
    return asked.as<answer::challenge>().challenge;
  }

  /// Asks for a challenge and answers it with `code`.
  call attempt(const subscriber_ref& who, const message_ref& message, const std::string& request_id,
               const std::string& code, tenant_ptr asking = nullptr) {
    auto challenge = challenge_for(who, message, request_id, asking);
    trace->clear();
    return knock(retrieval(who, message, {challenge, code}), request_id, asking);
  }

  [[nodiscard]] std::string traced() const {
    std::string out;
    for (const auto& step : *trace)
      out += step + " ";
    return out;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(gatekeeper_test, at_the_gate)

BOOST_AUTO_TEST_CASE(the_pin_opens_and_hands_out_the_bytes) {
  auto done = attempt(by_number(), by(there), "r-1", pin);
  BOOST_REQUIRE_EQUAL(done.as<answer::message>().parts.size(), 1u);
  BOOST_TEST((done.as<answer::message>().parts[0].bytes == voicemail().parts[0].bytes));
}

BOOST_AUTO_TEST_CASE(a_message_is_deleted_by_its_number_with_the_pin) {
  auto removal = [&](challenge_answer answer) -> operation {
    return ask::of_mailbox{by_number(),
                           op::remove{by_uid(1), channel::device, std::move(answer), false}};
  };
  auto asked = knock(removal({}), "r-1");
  auto done = knock(removal({asked.as<answer::challenge>().challenge, pin}), "r-1");
  BOOST_TEST(done.as<answer::done>().changed);
  BOOST_TEST(on_disk(id).messages.at(there).has(trashed));
}

BOOST_AUTO_TEST_CASE(what_is_not_a_device_request_is_refused) {
  BOOST_TEST(knock(ask::of_mailbox{by_number(), op::describe{}}, "r-1").reason() == "pin_denied");
  BOOST_TEST(knock(ask::ping{}, "r-1").reason() == "pin_denied");
  op::retrieve out_of_band{by(there), channel::out_of_band, {}, {}};
  BOOST_TEST(knock(ask::of_mailbox{by_number(), out_of_band}, "r-1").reason() == "pin_denied");
}

BOOST_AUTO_TEST_CASE(asking_for_a_challenge_costs_nothing_and_tells_nothing) {
  trace->clear();
  for (const auto* text : {number, "+15055559999", "rubbish"}) {
    auto asked = knock(retrieval(by_number(text), by(there)), "r-1");
    BOOST_TEST(asked.as<answer::challenge>().challenge.size() == 32u);
    BOOST_TEST(asked.as<answer::challenge>().expires_at == *wall + 120'000);
  }
  BOOST_TEST(trace->empty());
}

BOOST_AUTO_TEST_CASE(a_challenge_is_for_one_request_only) {
  auto challenge = challenge_for(by_number(), by(there), "r-1");
  challenge_answer answer{challenge, pin};
  trace->clear();
  BOOST_TEST(knock(retrieval(by_number(imei), by(there), answer), "r-1").reason() == "pin_denied");
  BOOST_TEST(knock(retrieval(by_number(), by_uid(1), answer), "r-1").reason() == "pin_denied");
  BOOST_TEST(knock(retrieval(by_number(), by(there), answer), "r-2").reason() == "pin_denied");
  BOOST_TEST(knock(retrieval(by_number(), by(there), answer), "r-1", portal).reason() ==
             "pin_denied");
  BOOST_TEST(trace->empty()); // no PIN was looked at
  BOOST_TEST(knock(retrieval(by_number(), by(there), answer), "r-1").reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_challenge_is_used_once) {
  auto challenge = challenge_for(by_number(), by(there), "r-1");
  auto first =
      ask(gatekeeper, request_of(retrieval(by_number(), by(there), {challenge, wrong_pin}), "r-1"));
  auto second =
      ask(gatekeeper, request_of(retrieval(by_number(), by(there), {challenge, pin}), "r-1"));
  run();
  BOOST_TEST(first.reason() == "pin_denied");
  BOOST_TEST(second.reason() == "pin_denied");
  BOOST_TEST(on_disk(id).profile.pin_shares.begin()->second.failures == 1u);
}

BOOST_AUTO_TEST_CASE(a_challenge_may_be_answered_again_when_the_mailbox_was_busy) {
  auto challenge = challenge_for(by_number(), by(there), "r-1");
  tell(held, hold{});
  std::vector<call> others;
  for (size_t i = 0; i <= limits::mailbox_waiting_max; ++i)
    others.push_back(ask_node(id, voicemail(), "w-" + std::to_string(i)));
  run();
  auto asked = [&] { return knock(retrieval(by_number(), by(there), {challenge, pin}), "r-1"); };
  BOOST_TEST((asked().code() == errc::busy));
  tell(held, let_go{});
  run();
  BOOST_TEST(asked().as<answer::message>().parts.size() == 1u);
  BOOST_TEST(asked().reason() == "pin_denied"); // once
}

BOOST_AUTO_TEST_CASE(a_challenge_expires) {
  auto challenge = challenge_for(by_number(), by(there), "r-1");
  advance(limits::challenge_lifetime - std::chrono::milliseconds{1}, std::chrono::seconds{1});
  auto other = challenge_for(by_number(), by(there), "r-2");
  advance(std::chrono::milliseconds{1});
  BOOST_TEST(knock(retrieval(by_number(), by(there), {challenge, pin}), "r-1").reason() ==
             "pin_denied");
  BOOST_TEST(knock(retrieval(by_number(), by(there), {other, pin}), "r-2").reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_forged_challenge_is_refused_and_uses_up_nothing) {
  auto challenge = challenge_for(by_number(), by(there), "r-1");
  auto forged = challenge;
  forged.back() ^= 1;
  BOOST_TEST(knock(retrieval(by_number(), by(there), {forged, pin}), "r-1").reason() ==
             "pin_denied");
  BOOST_TEST(knock(retrieval(by_number(), by(there), {challenge, pin}), "r-1").reason() ==
             "accepted");
}

BOOST_AUTO_TEST_CASE(whatever_was_wrong_looks_and_costs_the_same) {
  auto foreign = tenants->find("rival");
  message_id no_message = id_of<message_id>(0xAA);
  auto profile = to_string(profile_id{"eu1", id});
  auto nobody = to_string(profile_id{"eu1", id_of<mailbox_id>(0xBB)});
  struct {
    const char* what;
    subscriber_ref who;
    message_ref message;
    const char* code;
    tenant_ptr asking;
  } cases[] = {
      {"wrong PIN", by_number(), by(there), wrong_pin, nullptr},
      {"wrong PIN by IMEI", {subscriber_ref::by::imei, imei}, by(there), wrong_pin, nullptr},
      {"unknown message, right PIN", by_number(), by(no_message), pin, nullptr},
      {"unknown message, wrong PIN", by_number(), by_uid(99), wrong_pin, nullptr},
      {"unknown number", by_number("+15055559999"), by(there), pin, nullptr},
      {"malformed number", by_number("rubbish"), by(there), pin, nullptr},
      {"unknown profile", {subscriber_ref::by::profile, nobody}, by(there), pin, nullptr},
      {"malformed profile", {subscriber_ref::by::profile, "x"}, by(there), pin, nullptr},
      {"another tenant's number", by_number(), by(there), pin, foreign},
      {"another tenant's profile", {subscriber_ref::by::profile, profile}, by(there), pin, foreign},
      {"no name at all", {}, by(there), pin, nullptr},
  };
  int count = 0;
  const auto expected = pin_denied();
  for (const auto& one : cases)
    BOOST_TEST_CONTEXT(one.what) {
      auto done =
          attempt(one.who, one.message, "r-" + std::to_string(++count), one.code, one.asking);
      BOOST_TEST((done.as<failure>() == expected));
      BOOST_TEST(traced() == "commit hash ");
    }
  BOOST_TEST(on_disk(id).profile.pin_shares.begin()->second.failures == 4u);
}

BOOST_AUTO_TEST_CASE(a_missing_pin_is_refused_alike_for_everybody) {
  for (const auto* text : {number, "+15055559999"}) {
    auto done = attempt(by_number(text), by(there), std::string{"r-"} + text, "");
    BOOST_TEST(done.reason() == "pin_denied");
    BOOST_TEST(traced() == "");
  }
}

BOOST_AUTO_TEST_CASE(five_failures_pause_also_for_who_does_not_exist) {
  for (const auto* text : {number, "+15055559999"})
    BOOST_TEST_CONTEXT(text) {
      auto id_of_attempt = [&](int i) { return text + std::to_string(i); };
      for (int i = 0; i < 5; ++i) {
        attempt(by_number(text), by(there), id_of_attempt(i), wrong_pin);
        BOOST_TEST(traced() == "commit hash ");
      }
      auto paused = attempt(by_number(text), by(there), id_of_attempt(5), pin);
      BOOST_TEST(paused.reason() == "pin_denied");
      BOOST_TEST(traced() == ""); // nothing is counted or hashed meanwhile
      advance(limits::pin_pause, std::chrono::seconds{5});
      auto open = attempt(by_number(text), by(there), id_of_attempt(6), pin);
      BOOST_TEST(traced().starts_with("commit hash "));
      BOOST_TEST((open.reason() == "accepted") == (std::string_view{text} == number));
    }
}

BOOST_AUTO_TEST_CASE(attempts_side_by_side_count_each_for_everybody) {
  for (const auto* text : {number, "+15055559999"}) {
    std::vector<call> asked;
    std::vector<std::string> challenges;
    for (int i = 0; i < 12; ++i)
      challenges.push_back(challenge_for(by_number(text), by_uid(1), "r-" + std::to_string(i)));
    trace->clear();
    for (int i = 0; i < 12; ++i)
      asked.push_back(
          ask(gatekeeper, request_of(retrieval(by_number(text), by_uid(1),
                                               {challenges[static_cast<size_t>(i)], wrong_pin}),
                                     "r-" + std::to_string(i))));
    run();
    for (const auto& done : asked)
      BOOST_TEST(done.reason() == "pin_denied", text);
    BOOST_TEST(std::count(trace->begin(), trace->end(), "hash") == limits::pin_failures_pause,
               text);
  }
}

BOOST_AUTO_TEST_CASE(the_pause_of_who_does_not_exist_outlives_a_restart) {
  for (int i = 0; i < 5; ++i)
    attempt(by_number("+15055559999"), by(there), "r-" + std::to_string(i), wrong_pin);
  restart();
  attempt(by_number("+15055559999"), by(there), "r-5", wrong_pin);
  BOOST_TEST(traced() == "");
}

BOOST_AUTO_TEST_CASE(another_spelling_of_a_number_is_no_fresh_start_for_anybody) {
  for (std::string text : {number, "+15055559999"})
    BOOST_TEST_CONTEXT(text) {
      for (int i = 0; i < 5; ++i)
        attempt(by_number(text), by(there), text + std::to_string(i), wrong_pin);
      auto spelled = "+1 505-555-" + text.substr(text.size() - 4);
      attempt(by_number(spelled), by(there), text + "spelled", wrong_pin);
      BOOST_TEST(traced() == "");
    }
}

BOOST_AUTO_TEST_CASE(an_attempt_is_on_disk_before_it_is_hashed_for_everybody) {
  for (const auto* text : {number, "+15055559999"}) {
    auto challenge = challenge_for(by_number(text), by(there), "r-1");
    tell(held, hold{});
    run();
    trace->clear();
    auto tried = knock(retrieval(by_number(text), by(there), {challenge, wrong_pin}), "r-1");
    BOOST_TEST(tried.answers() == 0u);
    BOOST_TEST(trace->empty());
    tell(held, let_go{});
    run();
    BOOST_TEST(tried.reason() == "pin_denied");
    BOOST_TEST(traced() == "commit hash ");
  }
}

BOOST_AUTO_TEST_CASE(a_silent_disk_ends_in_outcome_unknown_for_everybody) {
  for (const auto* text : {number, "+15055559999"}) {
    auto challenge = challenge_for(by_number(text), by(there), "r-1");
    tell(held, hold{});
    run();
    auto tried = knock(retrieval(by_number(text), by(there), {challenge, pin}), "r-1");
    advance(limits::commit_timeout);
    BOOST_TEST((tried.code() == errc::outcome_unknown));
    tell(held, let_go{});
    run();
  }
}

// Retried as told, it must not use up the attempts of who has the right PIN.
BOOST_AUTO_TEST_CASE(what_finds_no_place_to_be_hashed_is_no_attempt) {
  std::vector<std::shared_ptr<const lease>> places;
  auto fill = [&](const std::string& tenant) {
    for (bool more = true; more;) {
      auto got = ask(hasher, hash_place_request{tenant});
      run();
      const auto held = got.only<hash_place>().held;
      more = held.has_value();
      if (more)
        places.push_back(*held);
      (*got.heard)[got.number].front() = caf::make_message(caf::unit); // which had it, too
    }
  };
  fill("rival");
  BOOST_TEST(places.size() <= limits::hash_waiting_of_tenant_max + 1);
  BOOST_TEST(attempt(by_number(), by(there), "others wait", pin).reason() == "accepted");
  fill("acme");
  for (int i = 0; i < 12; ++i) {
    const auto request = "r" + std::to_string(i);
    BOOST_TEST(attempt(by_number(), by(there), request, pin).reason() == "hashes_waiting");
    BOOST_TEST(attempt(by_number("+15055550000"), by(there), request, pin).reason() ==
               "hashes_waiting");
  }
  places.clear();
  BOOST_TEST(attempt(by_number(), by(there), "at last", pin).reason() == "accepted");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
