#include "actors/mailbox_model.hpp"
#include "schemas/limits.hpp"
#include "tests/actors/media_helpers.hpp"
#include "tests/support/model_fixture.hpp"
#include "tests/support/random_state.hpp"

using namespace restante;
using namespace restante::model_tests;

namespace {

std::vector<uint32_t> uids(const answer::listing& page) {
  std::vector<uint32_t> out;
  for (const auto& header : page.headers)
    out.push_back(header.uid);
  return out;
}

using numbers = std::vector<uint32_t>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(mailbox_messages, registered)

BOOST_AUTO_TEST_CASE(a_message_is_found_by_id_and_by_number) {
  deposit("d1");
  auto second = deposit("d2");
  BOOST_TEST(((*box.find(by(second.message), false))->uid == 2U));
  BOOST_TEST(((*box.find(by_uid(2), false))->id == second.message));
  for (const auto& none : {by(id_of<message_id>(1)), by_uid(3), by_uid(0), message_ref{}})
    BOOST_TEST(reason(box.find(none, true)) == "message_not_found");
}

BOOST_AUTO_TEST_CASE(flags_are_set_and_cleared_one_by_one) {
  auto which = by(deposit("d1").message);
  struct row {
    uint8_t set, clear, after;
    bool changes;
    cause why;
  };
  for (const auto& step :
       {row{played, 0, played, true, cause::flagged}, row{played, 0, played, false, cause::unknown},
        row{saved | urgent, 0, played | saved | urgent, true, cause::flagged},
        row{0, played | trashed, saved | urgent, true, cause::flagged},
        row{trashed, urgent, saved | trashed, true, cause::deleted},
        row{played, 0, played | saved | trashed, true, cause::flagged},
        row{0, trashed | saved, played, true, cause::undeleted},
        row{0, 0, played, false, cause::unknown}}) {
    auto done = run(op::set_flags{which, step.set, step.clear}, "flags");
    BOOST_TEST(changed(done) == step.changes);
    BOOST_TEST((done.what == step.why));
    BOOST_TEST(message(*which.id).flag_bits() == step.after);
  }
  BOOST_TEST(reason(decide(op::set_flags{which, saved, saved}, "both")) == "flags_contradict");
}

BOOST_AUTO_TEST_CASE(a_changed_flag_touches_no_other_register) {
  auto which = deposit("d1").message;
  run(op::set_flags{by(which), saved, 0}, "r1");
  auto before = message(which);
  *time += 5;
  run(op::set_flags{by(which), urgent, 0}, "r2");
  auto after = message(which);
  BOOST_TEST((before.flags[2].at < after.flags[2].at));
  after.flags[2] = before.flags[2];
  BOOST_TEST((after == before));
}

BOOST_AUTO_TEST_CASE(a_deleted_message_comes_back_until_it_is_purged) {
  auto which = by(deposit("d1").message);
  auto done = run(op::remove{which, {}, {}, false}, "r1");
  BOOST_TEST((done.what == cause::deleted && changed(done) && done.media.empty()));
  BOOST_TEST(list().headers.empty());
  BOOST_TEST(list({0, 0, true}).headers.size() == 1U);
  BOOST_TEST(reason(decide(op::retrieve{which, {}, {}, {}}, "r2")) == "message_not_found");
  BOOST_TEST(!changed(run(op::remove{which, {}, {}, false}, "r3")));
  BOOST_TEST((run(op::set_flags{which, 0, trashed}, "r4").what == cause::undeleted));
  BOOST_TEST(list().headers.size() == 1U);
  BOOST_TEST(decide(op::retrieve{which, {}, {}, {}}, "r5").has_value());
  run(op::remove{which, {}, {}, false}, "r6");
  BOOST_TEST((run(op::remove{which, {}, {}, true}, "r7").what == cause::purged));
}

BOOST_AUTO_TEST_CASE(a_deleted_message_is_buried_when_its_undelete_window_has_ended) {
  auto sent = voicemail();
  auto early = std::get<answer::deposited>(run(sent, "d1").reply).message;
  auto late = deposit("d2").message;
  run(op::remove{by(early), {}, {}, false}, "r1");
  *time += 1'000;
  run(op::remove{by(late), {}, {}, false}, "r2");
  *time += milliseconds{limits::undelete_window}.count() - 1'000;
  deposit("d3");
  BOOST_TEST(message(early).has(trashed));
  *time += 1;
  auto done = run(op::deposit{voicemail()}, "d4");
  BOOST_TEST(message(early).purged);
  BOOST_TEST(message(late).has(trashed));
  BOOST_TEST(std::count_if(done.media.begin(), done.media.end(), [&](const auto& media) {
               return media.erase && media.message == early;
             }) == 1);
  // A late retry brings nothing back.
  BOOST_TEST(std::get<answer::deposited>(run(sent, "d1").reply).duplicate);
  BOOST_TEST(message(early).purged);
}

BOOST_AUTO_TEST_CASE(the_trash_is_bounded_and_the_longest_deleted_go_first) {
  std::vector<message_id> thrown;
  for (size_t i = 0; i < limits::trashed_max + 3; ++i) {
    thrown.push_back(deposit("d" + std::to_string(i)).message);
    run(op::remove{by(thrown.back()), {}, {}, false}, "r" + std::to_string(i));
    *time += 1;
  }
  deposit("one more");
  BOOST_TEST(message(thrown[2]).purged);
  BOOST_TEST(!message(thrown[3]).purged);
  BOOST_TEST(list({0, 0, true}).headers.size() <= limits::list_page_max);
}

BOOST_AUTO_TEST_CASE(a_listing_is_in_the_order_of_numbers_and_goes_on_where_it_ended) {
  for (int i = 1; i <= 7; ++i)
    deposit("d" + std::to_string(i));
  run(op::remove{by_uid(3), {}, {}, false}, "delete");
  run(op::remove{by_uid(5), {}, {}, true}, "purge");
  auto page = list({0, 3, false});
  BOOST_TEST(uids(page) == (numbers{1, 2, 4}), boost::test_tools::per_element());
  BOOST_TEST(page.more);
  page = list({4, 3, false});
  BOOST_TEST(uids(page) == (numbers{6, 7}), boost::test_tools::per_element());
  BOOST_TEST(!page.more);
  BOOST_TEST(!list({0, 6, true}).more);
  BOOST_TEST(uids(list({0, 0, true})) == (numbers{1, 2, 3, 4, 6, 7}),
             boost::test_tools::per_element());
  BOOST_TEST(list({7, 0, true}).headers.empty());
}

BOOST_AUTO_TEST_CASE(a_page_has_a_hundred_headers_unless_asked_and_never_above_the_limit) {
  box = mailbox_model{filled(box.state(), 600), env};
  BOOST_TEST(list().headers.size() == 100U);
  BOOST_TEST(list({0, 250, false}).headers.size() == 250U);
  auto most = list({0, 60'000, false});
  BOOST_TEST((most.headers.size() == limits::list_page_max && most.more));
}

BOOST_AUTO_TEST_CASE(a_retrieved_message_is_handed_out_and_counts_as_heard) {
  auto which = deposit("d1").message;
  auto done = run(op::retrieve{by(which), {}, {}, "web page"}, "r1");
  auto reply = std::get<answer::message>(done.reply);
  BOOST_REQUIRE_EQUAL(reply.parts.size(), 1U);
  BOOST_TEST((reply.parts[0].type == media_type::amr && reply.parts[0].bytes == amr(100)));
  BOOST_TEST((done.what == cause::retrieved_elsewhere && done.shrinks));
  BOOST_TEST(message(which).has(played));
  *time += 5;
  auto heard = message(which).flags[0];
  auto on_device = run(op::retrieve{by(which), channel::device, {}, {}}, "r2");
  BOOST_TEST((on_device.what == cause::retrieved_by_device));
  BOOST_TEST((message(which).flags[0] == heard));
}

BOOST_AUTO_TEST_CASE(media_that_fail_their_checksum_are_not_served_and_nobody_is_told) {
  auto which = deposit("d1").message;
  auto what = ask(op::retrieve{by(which), {}, {}, {}}, "r1");
  for (const auto& media : {std::vector{amr(100, 'x')}, std::vector<chunk>{},
                            std::vector{amr(100), amr(100)}, std::vector{amr(99)}}) {
    auto refused = box.decide(what, {{}, media, false});
    BOOST_REQUIRE(refused);
    BOOST_TEST(std::get<failure>(refused->reply).reason == "media_damaged");
    BOOST_TEST((std::get<failure>(refused->reply).code == errc::storage_failure));
    BOOST_TEST(!refused->changes()); // nothing is told
  }
  BOOST_TEST(!message(which).has(played));
  BOOST_TEST(!run(what).notifications.empty()); // once the media are back
}

// Another copy may serve it, and knows nothing of the attempt here.
BOOST_AUTO_TEST_CASE(a_right_pin_counts_as_right_though_the_media_are_damaged) {
  auto which = deposit("d1").message;
  const auto what = ask(op::retrieve{by(which), channel::device, {}, {}}, "r1");
  carry_out(box.pin_attempt(what));
  const auto share = [&] { return box.state().profile.pin_shares.begin()->second; };
  BOOST_TEST(share().failures == 1U);
  auto refused = box.decide(what, {{}, {amr(99)}, true});
  BOOST_REQUIRE(refused);
  BOOST_TEST(std::get<failure>(refused->reply).reason == "media_damaged");
  carry_out(*refused);
  BOOST_TEST(share().failures == 0U);
  BOOST_TEST(!message(which).has(played));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(mailbox_settings, registered)

BOOST_AUTO_TEST_CASE(registering_twice_changes_nothing_and_says_so) {
  auto before = box.state();
  auto again = run(op::create{"acme", "eu2", {{alias_kind::number, "+1"}}, "x", "fr", {}, {}}, "r");
  auto reply = std::get<answer::registered>(again.reply);
  BOOST_TEST((reply.already_had_access && reply.profile == profile_id{"eu1", id}));
  BOOST_TEST((!again.changes() && again.notifications.empty() && again.claims.empty()));
  BOOST_TEST((box.state() == before));
}

BOOST_AUTO_TEST_CASE(a_registration_claims_every_alias_and_may_bring_a_greeting) {
  model_fixture fresh;
  op::create from{"acme", "eu1", {{alias_kind::imei, "490154203237518"}}, {}, {}, {}, audio(9)};
  auto done = fresh.run(from, "r");
  BOOST_TEST((done.claims == std::vector<alias>{{alias_kind::imei, "490154203237518"}}));
  BOOST_TEST(fresh.decide(op::get_greeting{greeting_kind::normal}, "g").has_value());
  BOOST_TEST(!describe(fresh.box.state()).has_pin);
  BOOST_TEST(fresh.box.state().profile.pin.at.unset()); // and none was written
  BOOST_TEST(describe(box.state()).has_pin);
  from.greeting = media_part{media_type::jpeg, chunk{media_tests::load("picture.jpg")}};
  BOOST_TEST(reason(model_fixture{}.decide(from, "r")) == "greeting_not_audio");
}

BOOST_AUTO_TEST_CASE(a_greeting_is_recorded_replaced_and_removed) {
  const auto kind = greeting_kind::busy;
  auto heard = [&] {
    return std::get<answer::greeting>(decide(op::get_greeting{kind}, "g")->reply);
  };
  BOOST_TEST(reason(decide(op::get_greeting{kind}, "g")) == "greeting_not_found");
  run(op::set_greeting{kind, audio(10, 'a')}, "r1");
  BOOST_TEST((heard().media.bytes == amr(10, 'a') && heard().kind == kind));
  run(op::set_greeting{kind, audio(20, 'b')}, "r2");
  BOOST_TEST((heard().media.bytes == amr(20, 'b')));
  BOOST_TEST(reason(decide(op::get_greeting{greeting_kind::normal}, "g")) == "greeting_not_found");
  BOOST_TEST((describe(box.state()).greetings == std::vector{kind}));
  auto removed = run(op::set_greeting{kind, {}}, "r3");
  BOOST_TEST((changed(removed) && removed.shrinks && disk.empty()));
  BOOST_TEST(reason(decide(op::get_greeting{kind}, "g")) == "greeting_not_found");
  BOOST_TEST(!changed(run(op::set_greeting{kind, {}}, "r4")));
}

BOOST_AUTO_TEST_CASE(a_greeting_that_is_not_sound_audio_is_refused) {
  auto set = [&](media_type type, std::string bytes) {
    return reason(decide(op::set_greeting{{}, media_part{type, chunk{std::move(bytes)}}}, "r"));
  };
  BOOST_TEST(set(media_type::jpeg, media_tests::load("picture.jpg")) == "greeting_not_audio");
  BOOST_TEST(set(media_type::amr, media_tests::load("picture.jpg")) == "media_magic_mismatch");
  run(op::set_greeting{greeting_kind::normal, audio(10)}, "r");
  auto damaged =
      box.decide(ask(op::get_greeting{greeting_kind::normal}, "g"), {{}, {amr(11)}, false});
  BOOST_REQUIRE(damaged);
  BOOST_TEST(std::get<failure>(damaged->reply).reason == "media_damaged");
}

BOOST_AUTO_TEST_CASE(preferences_that_are_not_named_stay) {
  run(op::set_preferences{"fr-CA", "Europe/Paris", toggle::off}, "r1");
  run(op::set_preferences{"de", {}, toggle::unchanged}, "r2");
  auto seen = describe(box.state());
  BOOST_TEST((seen.language == "de" && seen.time_zone == "Europe/Paris" && !seen.notifications));
  run(op::set_preferences{{}, {}, toggle::on}, "r3");
  BOOST_TEST(describe(box.state()).notifications);
  auto nothing = run(op::set_preferences{}, "r4");
  BOOST_TEST((!nothing.changes() && !changed(nothing)));
  BOOST_TEST(reason(decide(op::set_preferences{{}, "Europe/Atlantis", {}}, "r5")) ==
             "time_zone_unknown");
  BOOST_TEST(reason(decide(op::set_preferences{"klingon", {}, {}}, "r6")) == "language_unknown");
}

BOOST_AUTO_TEST_CASE(a_profile_counts_what_is_there_and_unheard) {
  for (auto name : {"d1", "d2", "d3", "d4"})
    deposit(name);
  run(op::set_flags{by_uid(1), played, 0}, "r1");
  run(op::remove{by_uid(2), {}, {}, false}, "r2");
  run(op::remove{by_uid(3), {}, {}, true}, "r3");
  auto seen = std::get<answer::profile>(decide(op::describe{}, "p")->reply);
  BOOST_TEST((seen.messages == 2U && seen.unheard == 1U));
  BOOST_TEST((seen.number == number && seen.imei == "490154203237518" && seen.tenant == "acme"));
  BOOST_TEST((seen.id == profile_id{"eu1", id} && seen.notifications));
}

BOOST_AUTO_TEST_SUITE_END()
