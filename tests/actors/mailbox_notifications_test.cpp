// What a mailbox decides to tell its subscriber.
#include "actors/mailbox_model.hpp"
#include "tests/support/model_fixture.hpp"

using namespace restante;
using namespace restante::model_tests;

namespace {

/// The text of the one notification there must be.
std::string told(const decision& what) {
  BOOST_REQUIRE_EQUAL(what.notifications.size(), 1U);
  return what.notifications.front().text;
}

bool says(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(mailbox_notifications, registered)

BOOST_AUTO_TEST_CASE(a_new_subscriber_is_welcomed_once) {
  model_fixture fresh;
  auto what =
      fresh.ask(op::create{"acme", "eu1", {{alias_kind::number, number}}, {}, "fr", {}, {}}, "r");
  auto done = fresh.run(what);
  BOOST_TEST(says(told(done), "Bienvenue"));
  BOOST_TEST(says(told(done), to_string(profile_id{"eu1", id})));
  BOOST_TEST(fresh.run(what).notifications.empty());
}

BOOST_AUTO_TEST_CASE(a_deposit_is_told_once_with_what_leads_to_it) {
  run(op::set_preferences{{}, "America/New_York", {}}, "zone");
  *time = 1'800'000'000'000; // 2027-01-15 08:00 UTC
  auto what = ask(voicemail(), "d1");
  auto done = run(what);
  auto text = told(done);
  for (auto words : {"New voicemail 1 ", "+15055551212", "2027-01-15 02:59", "0:02", "1 unheard"})
    BOOST_TEST(says(text, words), words << " in: " << text);
  const auto& first = done.notifications[0];
  BOOST_TEST((first.to == number && first.tenant == "acme" && first.mailbox == id));
  BOOST_TEST((first.created_at == *time && first.due_at == *time && first.region == "eu1"));
  BOOST_TEST(run(what).notifications.empty());
}

BOOST_AUTO_TEST_CASE(a_retrieval_is_told_once_for_each_request) {
  auto which = by(deposit("d1").message);
  auto to_web = ask(op::retrieve{which, channel::out_of_band, {}, "web page"}, "r1");
  auto first = run(to_web);
  BOOST_TEST(says(told(first), "another of your devices (web page)"));
  auto repeated = run(to_web);
  BOOST_TEST((repeated.notifications.empty() && !repeated.changes()));
  BOOST_TEST(std::get<answer::message>(repeated.reply).parts.size() == 1U);
  auto to_device = ask(op::retrieve{which, channel::device, {}, {}}, "r2");
  BOOST_TEST(says(told(run(to_device, true)), "is on this device"));
  BOOST_TEST(run(to_device, true).notifications.empty());
  BOOST_TEST(run(to_web).notifications.empty()); // the other channel has not been forgotten
  to_web.request_id = "r3";
  BOOST_TEST((run(to_web).notifications[0].id != first.notifications[0].id));
}

BOOST_AUTO_TEST_CASE(a_removal_is_told_once_however_it_is_made) {
  for (auto name : {"d1", "d2", "d3"})
    deposit(name);
  auto removed = ask(op::remove{by_uid(1), {}, {}, false}, "r1");
  BOOST_TEST(says(told(run(removed)), "Voicemail 1 from +15055551212 was deleted"));
  BOOST_TEST(run(removed).notifications.empty());
  auto purged = ask(op::remove{by_uid(1), {}, {}, true}, "r2");
  BOOST_TEST(run(purged).notifications.empty()); // it was gone already
  // The same purge again finds its work done.
  auto again = decide(purged);
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(!again->changes());
  BOOST_TEST(!std::get<answer::done>(again->reply).changed);
  BOOST_TEST(says(told(run(op::remove{by_uid(2), {}, {}, true}, "r3")), "was deleted"));
  auto flagged = ask(op::set_flags{by_uid(3), trashed, 0}, "r4");
  BOOST_TEST(says(told(run(flagged)), "was deleted"));
  BOOST_TEST(run(flagged).notifications.empty());
  BOOST_TEST(run(op::set_flags{by_uid(3), 0, trashed}, "r5").notifications.empty());
}

BOOST_AUTO_TEST_CASE(the_counts_in_a_text_are_those_after_the_change) {
  deposit("d1");
  BOOST_TEST(says(told(run(voicemail(), "d2")), "You have 2 unheard"));
  BOOST_TEST(says(told(run(op::retrieve{by_uid(1), {}, {}, {}}, "r1")), "You have 1 unheard"));
  BOOST_TEST(says(told(run(op::retrieve{by_uid(1), {}, {}, {}}, "r2")), "You have 1 unheard"));
  BOOST_TEST(says(told(run(op::remove{by_uid(1), {}, {}, false}, "r3")), "1 unheard, 1 in all"));
  BOOST_TEST(says(told(run(op::set_flags{by_uid(2), trashed, 0}, "r4")), "0 unheard, 0 in all"));
  run(voicemail(), "d3");
  BOOST_TEST(says(told(run(op::remove{by_uid(3), {}, {}, true}, "r5")), "0 unheard, 0 in all"));
}

BOOST_AUTO_TEST_CASE(nothing_is_told_to_who_wants_none_or_has_no_number) {
  model_fixture numberless;
  numberless.register_subscriber({}, false);
  run(op::set_preferences{{}, {}, toggle::off}, "off");
  for (model_fixture* on : {static_cast<model_fixture*>(this), &numberless}) {
    for (auto name : {"d1", "d2"})
      BOOST_TEST(on->run(on->voicemail(), name).notifications.empty());
    BOOST_TEST(on->run(op::retrieve{by_uid(1), {}, {}, {}}, "r1").notifications.empty());
    BOOST_TEST(on->run(op::remove{by_uid(1), {}, {}, false}, "r2").notifications.empty());
    BOOST_TEST(on->run(op::set_flags{by_uid(2), trashed, 0}, "r3").notifications.empty());
  }
  run(op::set_preferences{{}, {}, toggle::on}, "on");
  BOOST_TEST(run(voicemail(), "d3").notifications.size() == 1U);
}

// What a crash between the store and the caller brings about: the same command, decided again.
BOOST_AUTO_TEST_CASE(deciding_again_tells_under_the_same_id) {
  deposit("d1");
  mailbox_model restarted{box.state(), environment(9)};
  std::set<notification_id> ids;
  for (const auto& what : {ask(voicemail(), "d2"), ask(op::retrieve{by_uid(1), {}, {}, {}}, "r1"),
                           ask(op::retrieve{by_uid(1), channel::device, {}, {}}, "r1"),
                           ask(op::remove{by_uid(1), {}, {}, false}, "r1"),
                           ask(op::remove{by_uid(1), {}, {}, false}, "r2")}) {
    auto first = decide(what);
    *time += 1000;
    auto again = restarted.decide(what, {{}, stored_media(what.op), false});
    BOOST_REQUIRE((first.has_value() && again.has_value()));
    BOOST_TEST((!told(*first).empty() && !told(*again).empty()));
    BOOST_TEST((first->notifications[0].id == again->notifications[0].id));
    ids.insert(first->notifications[0].id);
  }
  BOOST_TEST(ids.size() == 5U); // and different things under different ids
}

BOOST_AUTO_TEST_CASE(texts_are_in_the_subscribers_language_or_the_tenants_or_the_nodes) {
  auto heading = [this](const std::string& tenants, const std::string& subscribers) {
    model_fixture other;
    other.acme = tenant("acme", role::mvno, {}, tenants);
    other.env = other.environment(1);
    other.box = mailbox_model{other.empty(), other.env};
    other.register_subscriber(subscribers);
    return told(other.run(voicemail(), "d1")).substr(0, 4);
  };
  BOOST_TEST(heading("", "") == "New ");
  BOOST_TEST(heading("de", "") == "Neue");
  BOOST_TEST(heading("de", "fr") == "Nouv");
  run(op::set_preferences{"it", {}, {}}, "r1");
  BOOST_TEST(says(told(run(voicemail(), "d1")), "Nuovo messaggio"));
}

BOOST_AUTO_TEST_SUITE_END()
