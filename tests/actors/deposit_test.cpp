#include "actors/deposit.hpp"
#include "actors/merge.hpp"
#include "schemas/checksum.hpp"
#include "schemas/limits.hpp"
#include "tests/actors/media_helpers.hpp"
#include "tests/support/model_fixture.hpp"
#include "tests/support/random_state.hpp"

using namespace restante;
using namespace restante::model_tests;

namespace {

constexpr wall_ms now = 1'800'000'000'000;

op::deposit sound() {
  return {message_format::voicemail, "+15055551212", now - 60'000, 0, false, {audio(100)}};
}

media_part sample(media_type type, const std::string& file) {
  return {type, chunk{media_tests::load(file)}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(deposit_examination)

BOOST_AUTO_TEST_CASE(a_sound_deposit_becomes_a_record_without_what_only_the_mailbox_knows) {
  auto what = sound();
  what.urgent = true;
  auto record = examine_deposit(what, now);
  BOOST_REQUIRE_MESSAGE(record.has_value(), reason(record));
  message_record expected;
  expected.caller = "+15055551212";
  expected.called_at = now - 60'000;
  expected.stored_at = now;
  expected.duration_ms = 2000;
  expected.parts = {{media_type::amr, 6 + 100 * 32, checksum(amr(100).view())}};
  expected.content = record->content;
  BOOST_TEST((*record == expected));
  BOOST_TEST(!record->content.zero());
}

BOOST_AUTO_TEST_CASE(the_duration_is_measured_and_that_of_all_parts) {
  auto what = sound();
  what.claimed_duration_ms = 86'400'000;
  what.parts = {audio(50), sample(media_type::jpeg, "picture.jpg"), audio(25)};
  auto record = examine_deposit(what, now);
  BOOST_REQUIRE_MESSAGE(record.has_value(), reason(record));
  BOOST_TEST(record->duration_ms == 1500U);
  BOOST_TEST(record->parts.size() == 3U);
  what.parts = {sample(media_type::tiff, "fax.tiff")};
  BOOST_TEST(examine_deposit(what, now)->duration_ms == 0U);
}

BOOST_AUTO_TEST_CASE(call_times_are_believed_from_1990_to_a_quarter_of_an_hour_ahead) {
  auto at = [](wall_ms called) {
    auto what = sound();
    what.called_at = called;
    return reason(examine_deposit(what, now));
  };
  const auto refused = "call_time_out_of_range";
  for (wall_ms good : {wall_ms{631'152'000'000}, now, now + 900'000})
    BOOST_TEST(at(good) == "accepted", good);
  for (wall_ms bad : {wall_ms{631'151'999'999}, now + 900'001, wall_ms{0}, wall_ms{-1}, INT64_MIN,
                      INT64_MAX, now / 1000, now * 1000})
    BOOST_TEST(at(bad) == refused, bad);
}

BOOST_AUTO_TEST_CASE(a_claim_of_more_than_a_day_is_refused) {
  auto what = sound();
  what.claimed_duration_ms = 86'400'001;
  BOOST_TEST(reason(examine_deposit(what, now)) == "duration_out_of_range");
  what.claimed_duration_ms = UINT32_MAX;
  BOOST_TEST(reason(examine_deposit(what, now)) == "duration_out_of_range");
}

BOOST_AUTO_TEST_CASE(media_that_are_missing_or_not_what_they_claim_are_refused) {
  auto what = sound();
  what.parts.clear();
  BOOST_TEST(reason(examine_deposit(what, now)) == "media_missing");
  what.parts = {audio(10), {media_type::wav, amr(10)}}; // the second of two
  BOOST_TEST(reason(examine_deposit(what, now)) == "media_magic_mismatch");
  what.parts = {{media_type::unknown, amr(10)}};
  BOOST_TEST(reason(examine_deposit(what, now)) == "media_type_unknown");
  what.parts = {{media_type::amr, chunk{}}};
  BOOST_TEST(reason(examine_deposit(what, now)) == "media_empty");
}

BOOST_AUTO_TEST_CASE(every_field_that_is_kept_tells_contents_apart) {
  auto content = [](auto change) {
    auto what = sound();
    change(what);
    auto record = examine_deposit(what, now);
    BOOST_REQUIRE_MESSAGE(record.has_value(), reason(record));
    return record->content;
  };
  std::set<digest> seen{content([](op::deposit&) {}),
                        content([](op::deposit& what) { what.format = message_format::fax; }),
                        content([](op::deposit& what) { what.caller = "+15055551213"; }),
                        content([](op::deposit& what) { what.caller.clear(); }),
                        content([](op::deposit& what) { ++what.called_at; }),
                        content([](op::deposit& what) { what.urgent = true; }),
                        content([](op::deposit& what) { what.parts = {audio(100, 'b')}; }),
                        content([](op::deposit& what) { what.parts = {audio(101)}; }),
                        content([](op::deposit& what) {
                          what.parts = {audio(100), audio(100)};
                        }),
                        content([](op::deposit& what) {
                          what.parts = {audio(100), audio(50)};
                        }),
                        content([](op::deposit& what) {
                          what.parts = {audio(50), audio(100)};
                        })};
  BOOST_TEST(seen.size() == 11U);
  // A retry may claim another duration; and it comes later.
  BOOST_TEST((seen.contains(content([](op::deposit& what) { what.claimed_duration_ms = 5000; }))));
  BOOST_TEST((seen.contains(examine_deposit(sound(), now + 5000)->content)));
}

// A retry after an upgrade of the engine is still the same message.
BOOST_AUTO_TEST_CASE(the_digest_of_a_content_is_frozen) {
  BOOST_TEST(to_string(examine_deposit(sound(), now)->content) ==
             "c61c3c55ae8001c4f4c1f446c57c7b8e");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(mailbox_deposits, registered)

BOOST_AUTO_TEST_CASE(a_deposit_is_stored_with_its_media_and_numbered) {
  auto what = voicemail('a', 100);
  what.claimed_duration_ms = 77'000;
  what.urgent = true;
  auto done = run(what, "d1");
  auto reply = std::get<answer::deposited>(done.reply);
  BOOST_TEST(reply.uid == 1U);
  BOOST_TEST(!reply.duplicate);
  BOOST_TEST(reply.duration_ms == 2000U); // measured, not what was claimed
  BOOST_TEST((done.what == cause::deposited && done.message == reply.message && done.uid == 1U));
  BOOST_REQUIRE_EQUAL(done.media.size(), 1U);
  BOOST_TEST((done.media[0].message == reply.message && done.media[0].bytes == amr(100)));
  const auto& stored = message(reply.message);
  BOOST_TEST((stored.caller == what.caller && stored.called_at == what.called_at));
  BOOST_TEST((stored.stored_at == *time && stored.duration_ms == 2000U));
  BOOST_TEST(stored.deposited_by == "acme");
  BOOST_TEST(stored.flag_bits() == urgent);
  BOOST_TEST(!done.shrinks);
}

BOOST_AUTO_TEST_CASE(a_repeated_deposit_is_one_message) {
  auto what = voicemail();
  auto first = std::get<answer::deposited>(run(what, "d1").reply);
  *time += 3'600'000;
  auto again = run(what, "d1");
  auto second = std::get<answer::deposited>(again.reply);
  BOOST_TEST((second.duplicate && second.message == first.message && second.uid == first.uid));
  BOOST_TEST(second.duration_ms == first.duration_ms);
  BOOST_TEST((!again.changes() && again.notifications.empty() && again.media.empty()));
  BOOST_TEST(list().headers.size() == 1U);
}

BOOST_AUTO_TEST_CASE(another_content_under_a_deposit_id_is_a_conflict) {
  auto what = voicemail('a');
  run(what, "d1");
  auto other = what;
  other.parts = {audio(100, 'b')};
  auto refused = decide(other, "d1");
  BOOST_TEST(reason(refused) == "deposit_id_reused");
  BOOST_TEST((refused.error().code == errc::conflict));
  BOOST_TEST(deposit("d2", 'b').uid == 2U); // under an id of its own it is welcome
}

BOOST_AUTO_TEST_CASE(the_same_id_from_another_tenant_is_another_message) {
  auto what = voicemail();
  auto mine = std::get<answer::deposited>(run(what, "d1", acme).reply);
  auto theirs = std::get<answer::deposited>(run(what, "d1", portal).reply);
  BOOST_TEST((!theirs.duplicate && theirs.message != mine.message && theirs.uid != mine.uid));
  BOOST_TEST(message(theirs.message).deposited_by == "portal");
}

// Both are on disk: BLAKE2b-128 of the parts, worked out with another program.
BOOST_AUTO_TEST_CASE(ids_are_the_same_on_every_node_and_frozen) {
  BOOST_TEST(to_string(id) == "569df48635ffc3307a8f3dbb4e0579fe");
  mailbox_model elsewhere{empty(), environment(2)};
  auto what = ask(voicemail(), "d1");
  BOOST_TEST(to_string(box.id_of_deposit(what)) == "57ffdcf9f21ce563f10777d74453c591");
  BOOST_TEST((elsewhere.id_of_deposit(what) == box.id_of_deposit(what)));
  auto other = what;
  other.mailbox = id_of<mailbox_id>(1);
  BOOST_TEST((box.id_of_deposit(other) != box.id_of_deposit(what)));
  BOOST_TEST((id_of_mailbox(key(), "rival", {alias_kind::number, number}) != id));
  BOOST_TEST((id_of_mailbox(key(), "acme", {alias_kind::imei, number}) != id));
}

BOOST_AUTO_TEST_CASE(a_retried_deposit_that_was_moved_aside_is_still_one_message) {
  auto mine = voicemail('a'), theirs = voicemail('b');
  model_fixture other_node;
  other_node.register_subscriber();
  run(mine, "d1");
  other_node.run(theirs, "d1");
  auto both = box.state();
  BOOST_REQUIRE_EQUAL(merge(both, other_node.box.state()), 1U);
  box = mailbox_model{both, env};
  for (const auto& what : {mine, theirs}) {
    auto again = decide(what, "d1");
    BOOST_REQUIRE_MESSAGE(again.has_value(), reason(again));
    auto reply = std::get<answer::deposited>(again->reply);
    BOOST_TEST((reply.duplicate && !again->changes()));
    BOOST_TEST((message(reply.message).parts[0].content == checksum(what.parts[0].bytes.view())));
  }
  BOOST_TEST(reason(decide(voicemail('c'), "d1")) == "deposit_id_reused");
}

BOOST_AUTO_TEST_CASE(a_number_is_never_given_out_again) {
  auto first = deposit("d1"), second = deposit("d2");
  BOOST_TEST((first.uid == 1U && second.uid == 2U));
  run(op::remove{by(second.message), {}, {}, true}, "purge");
  reload();
  BOOST_TEST(deposit("d3").uid == 3U);
  // Once the tombstones are dropped only the floor remembers.
  auto state = box.state();
  state.messages.clear();
  state.profile.uid_floor = 9;
  box = mailbox_model{state, env};
  BOOST_TEST(deposit("d4").uid == 10U);
  mailbox_state told_by_another;
  told_by_another.id = id;
  told_by_another.profile.uid_floor = 20;
  box.apply(told_by_another);
  BOOST_TEST(deposit("d5").uid == 21U);
}

BOOST_AUTO_TEST_CASE(a_purged_message_leaves_a_tombstone_without_text) {
  auto what = voicemail();
  auto reply = std::get<answer::deposited>(run(what, "d1").reply);
  auto before = message(reply.message);
  auto done = run(op::remove{by(reply.message), {}, {}, true}, "purge");
  BOOST_TEST((done.what == cause::purged && done.shrinks && changed(done)));
  BOOST_REQUIRE_EQUAL(done.media.size(), 1U);
  BOOST_TEST((done.media[0].erase && done.media[0].message == reply.message));
  message_record expected;
  expected.id = reply.message;
  expected.uid = reply.uid;
  expected.content = before.content;
  expected.purged = true;
  BOOST_TEST((message(reply.message) == expected));
  BOOST_TEST((done.delta.messages.at(reply.message) == expected)); // this is what is on disk
  BOOST_TEST(disk.empty());
}

BOOST_AUTO_TEST_CASE(a_purged_message_stays_purged_whatever_is_asked) {
  auto what = voicemail();
  auto first = std::get<answer::deposited>(run(what, "d1").reply);
  run(op::remove{by(first.message), {}, {}, true}, "purge");
  reload();
  auto again = run(what, "d1");
  auto reply = std::get<answer::deposited>(again.reply);
  BOOST_TEST((reply.duplicate && reply.message == first.message && reply.uid == first.uid));
  BOOST_TEST((!again.changes() && again.media.empty() && again.notifications.empty()));
  BOOST_TEST(message(first.message).purged);
  for (const auto& ref : {by(first.message), by_uid(first.uid)})
    for (const mailbox_op& op :
         {mailbox_op{op::retrieve{ref, {}, {}, {}}}, mailbox_op{op::set_flags{ref, 0, trashed}}})
      BOOST_TEST(reason(decide(op, "again")) == "message_not_found");
  for (const auto& ref : {by(first.message), by_uid(first.uid)})
    for (bool purge : {false, true}) {
      auto removed = decide(op::remove{ref, {}, {}, purge}, "again");
      BOOST_TEST((removed && !removed->changes())); // its work is done already
    }
  BOOST_TEST(list({0, 0, true}).headers.empty());
}

BOOST_AUTO_TEST_CASE(a_full_mailbox_takes_nothing_new_but_knows_its_repeats) {
  auto known = voicemail();
  run(known, "known");
  box = mailbox_model{filled(box.state(), limits::messages_max - 2), env};
  auto last = deposit("last");
  auto refused = decide(voicemail('b'), "one more");
  BOOST_TEST(reason(refused) == "mailbox_full");
  BOOST_TEST((refused.error().code == errc::mailbox_full));
  BOOST_TEST(std::get<answer::deposited>(decide(known, "known")->reply).duplicate);
  run(op::remove{by(last.message), {}, {}, false}, "delete");
  deposit("one more", 'b'); // deleting makes room
  BOOST_TEST(reason(decide(op::set_flags{by(last.message), 0, trashed}, "undelete")) ==
             "mailbox_full"); // and undeleting is no way around the bound
}

BOOST_AUTO_TEST_SUITE_END()
