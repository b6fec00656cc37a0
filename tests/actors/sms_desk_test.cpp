// The SMS desk: what comes of what subscribers type, and that no text is carried out twice.
#include "actors/sms_desk.hpp"
#include "tests/support/stage.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

struct one_desk : stage {
  static constexpr const char* activation = "ACTIVATE 490154203237518 pin 482913";
  int count = 0;

  call text(std::string what, std::string id = {}, std::string from = number,
            const tenant_ptr& through = nullptr) {
    auto out = ask(desk, texted{through ? through : gateway,
                                {id.empty() ? "mo-" + std::to_string(++count) : std::move(id),
                                 std::move(from), "4711", std::move(what)}});
    return out;
  }

  call heard(std::string what, std::string id = {}, std::string from = number) {
    auto out = text(std::move(what), std::move(id), std::move(from));
    run();
    return out;
  }

  /// The mailbox the number has; the test ends when it has none.
  mailbox_id box_of(const std::string& which = number) {
    auto done = ask_directory(ask::of_mailbox{{subscriber_ref::by::number, which}, op::describe{}},
                              "describe");
    run();
    return done.as<answer::profile>().id.mailbox;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sms_desk_test, one_desk)

BOOST_AUTO_TEST_CASE(a_device_activates_by_text) {
  tell(held, hold{});
  auto done = heard(activation);
  BOOST_TEST(done.answers() == 0u); // not before it is durable
  tell(held, let_go{});
  run();
  BOOST_TEST(done.reason() == "accepted");
  auto state = on_disk(box_of());
  BOOST_TEST(state.profile.tenant == "acme");
  BOOST_TEST(state.profile.aliases.count({alias_kind::imei, imei}) == 1u);
  BOOST_TEST(!state.profile.pin.value.empty());
  BOOST_TEST(texts_of(notice::welcome) == 1u);
  BOOST_TEST(outbox().front().to == number);
}

BOOST_AUTO_TEST_CASE(a_phones_language_is_taken_when_there_are_texts_in_it_and_passed_over_if_not) {
  const std::string another = "+15055551299";
  BOOST_TEST(heard(std::string{activation} + " lang=nl").reason() == "accepted");
  BOOST_TEST(heard("ACTIVATE pin 482913 lang=fr", {}, another).reason() == "accepted");
  BOOST_TEST(on_disk(box_of()).profile.language.value.empty());
  BOOST_TEST(on_disk(box_of(another)).profile.language.value == "fr");
}

BOOST_AUTO_TEST_CASE(an_active_device_is_told_so) {
  heard(activation);
  auto before = on_disk(box_of());
  BOOST_TEST(heard(activation).reason() == "accepted");
  BOOST_TEST((on_disk(box_of()) == before));
  BOOST_TEST(texts_of(notice::already_active) == 1u);
}

BOOST_AUTO_TEST_CASE(a_refused_activation_does_not_say_why) {
  BOOST_TEST(heard("ACTIVATE 490154203237518 pin 111111").reason() == "accepted");
  BOOST_TEST(texts_of(notice::refused) == 1u);
  BOOST_TEST(store->rows.scan(family::profiles, {}, {}, 9).value().empty());
}

BOOST_AUTO_TEST_CASE(a_status_is_answered_with_the_counts) {
  heard(activation);
  deposit(box_of(), "d-1");
  heard("status");
  BOOST_REQUIRE_EQUAL(texts_of(notice::status), 1u);
  for (const auto& told : outbox())
    if (told.kind == static_cast<uint8_t>(notice::status))
      BOOST_TEST(told.text.find('1') != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_message_is_deleted_with_the_pin_only) {
  heard(activation);
  auto there = deposit(box_of(), "d-1").message;
  heard("DELETE 1 271828");
  BOOST_TEST(texts_of(notice::refused) == 1u);
  BOOST_TEST(!on_disk(box_of()).messages.at(there).has(trashed));
  heard("DELETE 1"); // no PIN: told how
  heard("DELETE 2"); // told once a day
  BOOST_TEST(texts_of(notice::help) == 1u);
  BOOST_TEST(heard("DELETE 1 482913").reason() == "accepted");
  BOOST_TEST(on_disk(box_of()).messages.at(there).has(trashed));
  BOOST_TEST(texts_of(notice::removed) == 1u);
}

BOOST_AUTO_TEST_CASE(a_text_acts_for_its_sender_only) {
  heard(activation);
  auto there = deposit(box_of(), "d-1").message;
  heard("DELETE 1 482913", {}, "+15055550184");
  BOOST_TEST(!on_disk(box_of()).messages.at(there).has(trashed));
  for (const auto& told : outbox())
    if (told.kind == static_cast<uint8_t>(notice::refused))
      BOOST_TEST(told.to == "+15055550184");
  BOOST_TEST(texts_of(notice::refused) == 1u);
}

BOOST_AUTO_TEST_CASE(stop_silences) {
  heard(activation);
  BOOST_TEST(heard("STOP").as<answer::done>().changed);
  BOOST_TEST(on_disk(box_of()).profile.notifications.value == "off");
  deposit(box_of(), "d-1");
  BOOST_TEST(texts_of(notice::deposited) == 0u);
  BOOST_TEST(!heard("STOP", {}, "+15055550184").as<answer::done>().changed); // nobody
}

BOOST_AUTO_TEST_CASE(activating_again_ends_the_silence) {
  heard(activation);
  heard("STOP");
  BOOST_TEST(on_disk(box_of()).profile.notifications.value == "off");
  BOOST_TEST(heard("START").reason() == "accepted");
  BOOST_TEST(on_disk(box_of()).profile.notifications.value != "off");
  auto before = store->commits;
  heard(activation); // not silent: nothing to end, only the phone is told that it was active
  BOOST_TEST(store->commits == before + 1);
}

BOOST_AUTO_TEST_CASE(help_is_given_whenever_it_is_asked_for) {
  heard("HELP");
  heard("help");
  BOOST_TEST(texts_of(notice::help) == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_answered_once_a_day_also_across_a_restart) {
  BOOST_TEST(heard("hello?").as<answer::done>().changed);
  BOOST_TEST(!heard("anybody?").as<answer::done>().changed);
  BOOST_TEST(heard("hello?", {}, "+15055550184").as<answer::done>().changed);
  restart();
  BOOST_TEST(!heard("still nobody?").as<answer::done>().changed);
  BOOST_TEST(texts_of(notice::help) == 2u);
  *wall += 86'400'000 - 1;
  BOOST_TEST(!heard("hello?").as<answer::done>().changed);
  *wall += 1;
  BOOST_TEST(heard("hello?").as<answer::done>().changed);
}

BOOST_AUTO_TEST_CASE(two_texts_at_once_that_are_not_understood_get_one_answer) {
  auto first = text("hello?"), second = text("anybody?");
  run();
  BOOST_TEST(first.reason() == "accepted");
  BOOST_TEST(second.reason() == "accepted");
  BOOST_TEST(texts_of(notice::help) == 1u);
}

BOOST_AUTO_TEST_CASE(a_status_of_nobody_is_help_once_a_day) {
  heard("STATUS");
  heard("STATUS");
  BOOST_TEST(texts_of(notice::help) == 1u);
  BOOST_TEST(texts_of(notice::status) == 0u);
}

BOOST_AUTO_TEST_CASE(a_repeated_text_is_taken_over_again_and_not_carried_out_twice) {
  BOOST_TEST(heard(activation, "mo-1").reason() == "accepted");
  auto again = heard(activation, "mo-1");
  BOOST_TEST(!again.as<answer::done>().changed);
  BOOST_TEST(texts_of(notice::welcome) == 1u);
  BOOST_TEST(texts_of(notice::already_active) == 0u);
}

BOOST_AUTO_TEST_CASE(a_repeat_of_a_text_under_way_is_not_carried_out_beside_it) {
  auto first = text(activation, "mo-1"), second = text(activation, "mo-1");
  run();
  BOOST_TEST(first.reason() == "accepted");
  BOOST_TEST(second.answers() == 1u);
  BOOST_TEST(texts_of(notice::already_active) == 0u);
  BOOST_TEST(!heard(activation, "mo-1").as<answer::done>().changed);
}

BOOST_AUTO_TEST_CASE(a_text_that_failed_for_now_may_be_sent_again) {
  store->full = store->completely = true;
  BOOST_TEST((heard(activation, "mo-1").code() == errc::storage_full));
  BOOST_TEST((heard("HELP", "mo-2").code() == errc::storage_full));
  store->full = store->completely = false;
  BOOST_TEST(heard(activation, "mo-1").reason() == "accepted");
  BOOST_TEST(heard("HELP", "mo-2").reason() == "accepted");
  BOOST_TEST(texts_of(notice::welcome) == 1u);
  BOOST_TEST(texts_of(notice::help) == 1u);
}

BOOST_AUTO_TEST_CASE(a_silent_disk_is_not_taken_over) {
  tell(held, hold{});
  auto done = heard("HELP");
  advance(limits::commit_timeout);
  BOOST_TEST((done.code() == errc::outcome_unknown));
}

BOOST_AUTO_TEST_CASE(a_text_to_a_code_of_nobody_or_from_no_number_is_refused) {
  auto two = model_tests::tenant("wide", role::sms_gateway, {"rival", "other"});
  auto lost = ask(desk, texted{two, {"mo-1", number, "9999", "HELP"}});
  run();
  BOOST_TEST(lost.reason() == "short_code_unknown");
  auto nobody = heard("HELP", {}, "Pizza");
  BOOST_TEST((nobody.code() == errc::invalid_request));
  BOOST_TEST(outbox().empty());
}

// One comes from the SMSC, the other from the HLR.
BOOST_AUTO_TEST_CASE(a_gateway_numbers_texts_and_location_updates_apart) {
  BOOST_TEST(heard(activation, "1").reason() == "accepted");
  auto update = [&](const std::string& id, const std::string& whose) {
    auto out = ask(desk, located{gateway, {id, whose, "eu1"}});
    run();
    return out.reason();
  };
  BOOST_TEST(update("1", "+15055550000") == "subscriber_not_found");
  BOOST_TEST(update("2", number) == "accepted");
  BOOST_TEST(heard("STOP", "2").reason() == "accepted");
  BOOST_TEST(on_disk(box_of()).profile.notifications.value == "off");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
