// One mailbox actor: the order of decide, persist, apply and answer, and what comes of it when the
// disk is slow, silent, full or broken, or the mailbox itself fails.
#include "actors/mailbox.hpp"
#include "storage/keys.hpp"
#include "tests/support/stage.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace restante {

namespace {

using model_tests::by_uid;

/// A client that may have so many bytes of media on their way to it.
struct narrow_client final : request_share {
  explicit narrow_client(size_t most) { replies = std::make_shared<meter>(most); }
};

struct one_mailbox : stage {
  mailbox_id id = register_device();
  mailbox_actor box = (restart(), spawn(mailbox, on_disk(id), services));

  call ask_box(mailbox_op op, std::string request_id, tenant_ptr who = nullptr) {
    return ask(box, command_of(id, std::move(op), std::move(request_id), std::move(who)));
  }

  /// Whether the actor has ended.
  [[nodiscard]] bool gone() {
    auto done = ask_box(op::describe{}, "gone?");
    run();
    return done.broke();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(mailbox_actor_test, one_mailbox)

BOOST_AUTO_TEST_CASE(nobody_hears_of_a_deposit_before_it_is_durable) {
  auto heard = std::make_shared<std::vector<answer::event>>();
  auto texts = std::make_shared<std::vector<gateway_submit>>();
  event_sink_actor sink = spawn(recording_sink, heard);
  gateway_sink_actor phone = spawn(recording_gateway, texts);
  ask(feed, feed_subscribe{acme, {"adapter", 10, 0}, {1, 1}}, sink);
  tell(notifier, gateway_credit{7, gateway, 10}, phone);
  run();
  const auto welcomed = texts->size();
  tell(held, hold{});
  auto done = ask_box(voicemail(), "d-1");
  run();
  advance(std::chrono::seconds{5});
  BOOST_TEST(done.answers() == 0u);
  BOOST_TEST(heard->empty());
  BOOST_TEST(texts->size() == welcomed);
  BOOST_TEST(on_disk(id).messages.empty());
  tell(held, let_go{});
  run();
  const auto& receipt = done.as<answer::deposited>();
  BOOST_TEST(receipt.uid == 1u);
  BOOST_TEST(on_disk(id).messages.count(receipt.message) == 1u);
  BOOST_REQUIRE_EQUAL(heard->size(), 1u);
  BOOST_TEST(heard->front().sequence == receipt.sequence);
  BOOST_TEST(texts->size() == welcomed + 1);
}

BOOST_AUTO_TEST_CASE(memory_does_not_run_ahead_of_the_disk) {
  tell(held, hold{});
  auto deposited = ask_box(voicemail(), "d-1");
  auto listed = ask_box(op::list{}, "l-1");
  run();
  BOOST_TEST(listed.answers() == 0u); // waits behind the deposit
  tell(held, refuse_held{{errc::storage_full, "disk_reserve", "full"}});
  run();
  BOOST_TEST((deposited.code() == errc::storage_full));
  BOOST_TEST(listed.as<answer::listing>().headers.empty());
  BOOST_TEST(!gone());
}

BOOST_AUTO_TEST_CASE(commands_are_carried_out_in_the_order_they_came) {
  tell(held, hold{});
  std::vector<call> calls;
  calls.reserve(5);
  for (int i = 0; i < 5; ++i)
    calls.push_back(ask_box(voicemail(), "d-" + std::to_string(i)));
  run();
  tell(held, let_go{});
  run();
  for (uint32_t i = 0; i < 5; ++i)
    BOOST_TEST(calls[i].as<answer::deposited>().uid == i + 1);
}

BOOST_AUTO_TEST_CASE(a_silent_disk_ends_in_outcome_unknown_when_somebody_comes) {
  tell(held, hold{});
  auto first = ask_box(voicemail('a'), "d-1");
  run();
  advance(limits::commit_timeout - std::chrono::milliseconds{1});
  auto second = ask_box(voicemail('b'), "d-2");
  run();
  BOOST_TEST(first.answers() == 0u);
  advance(std::chrono::milliseconds{1});
  auto third = ask_box(voicemail('c'), "d-3");
  run();
  BOOST_TEST((first.code() == errc::outcome_unknown));
  BOOST_TEST((second.code() == errc::busy)); // it certainly was not begun
  BOOST_TEST((third.code() == errc::busy));
  BOOST_TEST(gone());
  tell(held, let_go{}); // an answer that comes too late is nobody's
  run();
  BOOST_TEST(first.answers() == 1u);
  BOOST_TEST(second.answers() == 1u);
}

BOOST_AUTO_TEST_CASE(a_message_and_its_text_to_the_subscriber_are_one_commit) {
  auto rows = [this](family in) { return store->scan(in, {}, {}, SIZE_MAX)->size(); };
  auto texts = rows(family::outbox);
  tell(held, hold{});
  ask_box(voicemail(), "d-1");
  run();
  tell(held, let_go{1, true}); // the first commit, whatever else was asked of the disk
  run();
  BOOST_TEST(rows(family::messages) == 1u);
  BOOST_TEST(rows(family::outbox) == texts + 1);
  tell(held, let_go{});
  run();
}

BOOST_AUTO_TEST_CASE(a_silent_disk_is_found_out_behind_a_full_queue_too) {
  tell(held, hold{});
  for (size_t i = 0; i <= limits::mailbox_waiting_max; ++i)
    ask_box(voicemail('a'), "d-" + std::to_string(i));
  run();
  advance(limits::commit_timeout);
  auto finder = ask_box(voicemail('b'), "e-1");
  run();
  BOOST_TEST(finder.reason() == "mailbox_restarting");
  BOOST_TEST(gone());
}

BOOST_AUTO_TEST_CASE(a_failed_write_ends_in_outcome_unknown_and_the_mailbox_ends) {
  store->rows.fail_next({errc::storage_failure, "io_error", "for the test"}, true);
  auto done = ask_box(voicemail(), "d-1");
  run();
  BOOST_TEST((done.code() == errc::outcome_unknown));
  BOOST_TEST(fatal->size() == 1u);
  BOOST_TEST(gone());
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_certain_and_deletions_still_go_through) {
  auto kept = ask_box(voicemail(), "d-1");
  run();
  store->full = true;
  auto refused = ask_box(voicemail('b'), "d-2");
  run();
  BOOST_TEST((refused.code() == errc::storage_full));
  BOOST_TEST(on_disk(id).messages.size() == 1u);
  auto removed = ask_box(op::remove{by_uid(1), channel::out_of_band, {}, true}, "r-1");
  run();
  BOOST_TEST(removed.as<answer::done>().changed);
  store->full = false;
  auto again = ask_box(voicemail('b'), "d-2");
  run();
  BOOST_TEST(!again.as<answer::deposited>().duplicate);
}

BOOST_AUTO_TEST_CASE(the_operator_hears_once_of_media_that_are_missing) {
  temp_dir home;
  log = logger{home.path() / "log", "error"};
  restart();
  box = spawn(mailbox, on_disk(id), services);
  auto there = ask_box(voicemail(), "d-1");
  run();
  auto message = there.as<answer::deposited>().message;
  std::vector<row> lost{row::remove(family::media, media_key(id, message, 0))};
  BOOST_REQUIRE(store->rows.commit(lost));
  for (auto* request : {"w-1", "w-2"}) {
    auto read = ask_box(op::retrieve{by_uid(1), channel::out_of_band, {}, "web"}, request);
    run();
    BOOST_TEST(read.reason() == "media_damaged");
  }
  std::ifstream in{home.path() / "log"};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  BOOST_REQUIRE_EQUAL(lines.size(), 1u);
  for (const auto& words : {std::string{"media_damaged"}, to_string(id), to_string(message)})
    BOOST_TEST(lines[0].find(words) != std::string::npos, lines[0]);
}

BOOST_AUTO_TEST_CASE(reading_goes_on_without_any_room_at_all) {
  auto there = ask_box(voicemail(), "d-1");
  run();
  store->full = store->completely = true;
  auto read = ask_box(op::retrieve{by_uid(1), channel::out_of_band, {}, "web"}, "w-1");
  run();
  BOOST_TEST(read.as<answer::message>().parts.size() == 1u);
  auto with_pin = ask_box(op::retrieve{by_uid(1), channel::device, {"c", pin}, {}}, "g-1");
  run();
  BOOST_TEST((with_pin.code() == errc::storage_full)); // its attempt could not be counted
  store->full = store->completely = false;
  auto noted = ask_box(op::retrieve{by_uid(1), channel::out_of_band, {}, "web"}, "w-2");
  run();
  BOOST_TEST(noted.as<answer::message>().parts.size() == 1u);
  BOOST_TEST(on_disk(id).messages.begin()->second.has(played));
}

BOOST_AUTO_TEST_CASE(at_most_so_many_wait_and_the_rest_are_told_to_come_back) {
  tell(held, hold{});
  std::vector<call> calls;
  const size_t room = 1 + limits::mailbox_waiting_max; // one in flight
  for (size_t i = 0; i < room + 3; ++i)
    calls.push_back(ask_box(voicemail(), "d-" + std::to_string(i)));
  run();
  for (size_t i = 0; i < calls.size(); ++i)
    BOOST_TEST(calls[i].answers() == (i < room ? 0u : 1u));
  BOOST_TEST(calls.back().reason() == "mailbox_waiting");
  tell(held, let_go{});
  run();
  for (size_t i = 0; i < room; ++i)
    BOOST_TEST(calls[i].reason() == "accepted");
  BOOST_TEST(on_disk(id).messages.size() == room);
}

BOOST_AUTO_TEST_CASE(an_exit_answers_whoever_waits_once) {
  tell(held, hold{});
  auto begun = ask_box(voicemail(), "d-1");
  auto waiting = ask_box(op::list{}, "l-1");
  run();
  caf::anon_send_exit(box, caf::exit_reason::user_shutdown);
  run();
  BOOST_TEST((begun.code() == errc::outcome_unknown));
  BOOST_TEST((waiting.code() == errc::busy));
  tell(held, let_go{});
  run();
  check_all_answered();
}

BOOST_AUTO_TEST_CASE(an_exception_answers_whoever_waits_once) {
  tell(held, hold{});
  auto begun = ask_box(voicemail('a'), "d-1");
  auto next = ask_box(voicemail('b'), "d-2");
  auto last = ask_box(op::list{}, "l-1");
  run();
  *clock_broken = true; // d-1 is stored, and d-2 then throws while it is decided
  tell(held, let_go{});
  run();
  *clock_broken = false;
  BOOST_TEST(begun.as<answer::deposited>().uid == 1u);
  BOOST_TEST((next.code() == errc::outcome_unknown));
  BOOST_TEST((last.code() == errc::busy));
  BOOST_TEST(gone());
  check_all_answered();
}

BOOST_AUTO_TEST_CASE(a_retired_mailbox_finishes_what_it_accepted) {
  tell(held, hold{});
  std::vector<call> calls;
  calls.reserve(3);
  for (int i = 0; i < 3; ++i)
    calls.push_back(ask_box(voicemail(), "d-" + std::to_string(i)));
  tell(box, retire{});
  run();
  BOOST_TEST(calls[0].answers() == 0u);
  tell(held, let_go{});
  run();
  for (auto& one : calls)
    BOOST_TEST(one.reason() == "accepted");
  BOOST_TEST(gone());
}

BOOST_AUTO_TEST_CASE(a_pin_attempt_is_on_disk_before_the_pin_is_hashed) {
  ask_box(voicemail(), "d-1");
  run();
  trace->clear();
  auto wrong = ask_box(op::retrieve{by_uid(1), channel::device, {"c", "271828"}, {}}, "g-1");
  run();
  BOOST_TEST(wrong.reason() == "pin_denied");
  const std::vector<std::string> expected{"commit", "hash"};
  BOOST_TEST(*trace == expected, boost::test_tools::per_element());
  BOOST_TEST(on_disk(id).profile.pin_shares.begin()->second.failures == 1u);
}

BOOST_AUTO_TEST_CASE(an_attempt_that_could_not_be_counted_is_not_hashed) {
  ask_box(voicemail(), "d-1");
  run();
  store->completely = true;
  trace->clear();
  auto tried = ask_box(op::retrieve{by_uid(1), channel::device, {"c", pin}, {}}, "g-1");
  run();
  BOOST_TEST((tried.code() == errc::storage_full));
  BOOST_TEST(trace->empty());
}

BOOST_AUTO_TEST_CASE(a_right_pin_hands_out_the_bytes_and_ends_the_count) {
  auto sent = voicemail();
  ask_box(sent, "d-1");
  ask_box(op::retrieve{by_uid(1), channel::device, {"c", "271828"}, {}}, "g-1");
  auto got = ask_box(op::retrieve{by_uid(1), channel::device, {"c", pin}, {}}, "g-2");
  run();
  BOOST_REQUIRE_EQUAL(got.as<answer::message>().parts.size(), 1u);
  BOOST_TEST((got.as<answer::message>().parts[0].bytes == sent.parts[0].bytes));
  BOOST_TEST(on_disk(id).profile.pin_shares.begin()->second.failures == 0u);
}

BOOST_AUTO_TEST_CASE(media_that_wait_for_the_disk_or_the_client_are_bounded_for_the_client) {
  std::vector<mailbox_id> boxes;
  for (int i = 0; i < 4; ++i) {
    boxes.push_back(register_device("+1505555010" + std::to_string(i)));
    deposit(boxes.back(), "d-1");
  }
  const auto size = on_disk(boxes[0]).messages.begin()->second.parts[0].size;
  auto client = std::make_shared<const narrow_client>(size); // one, and one more is begun
  auto ask_all = [&](const std::string& request) {
    std::vector<call> out;
    for (const auto& to : boxes) {
      auto what = op::retrieve{by_uid(1), channel::out_of_band, {}, "web"};
      out.push_back(ask(node, std::make_shared<const command>(
                                  command{acme, request, to, std::move(what), client})));
    }
    run();
    return out;
  };
  tell(held, hold{});
  auto asked = ask_all("w-1");
  BOOST_TEST((asked[0].answers() == 0u && asked[1].answers() == 0u));
  for (size_t i : {2, 3}) {
    BOOST_TEST(asked[i].reason() == "media_waiting");
    BOOST_TEST((asked[i].code() == errc::busy));
    BOOST_TEST(!on_disk(boxes[i]).messages.begin()->second.has(played));
  }
  BOOST_TEST(client->replies->held() == 2 * size);
  tell(held, let_go{});
  run();
  BOOST_TEST(asked[0].as<answer::message>().parts.size() == 1u);
  BOOST_TEST(ask_all("w-2")[0].reason() == "media_waiting"); // nobody has read the answers
  heard->clear();
  BOOST_TEST(client->replies->held() == 0u);
  BOOST_TEST(ask_all("w-3")[0].reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_device_that_is_refused_for_its_unread_media_has_tried_no_pin) {
  ask_box(voicemail(), "d-1");
  run();
  auto client = std::make_shared<const narrow_client>(0);
  lease unread{client->replies, 1};
  for (uint32_t uid : {1, 9}) { // there is no message 9, and it shows by nothing
    auto what = op::retrieve{by_uid(uid), channel::device, {"c", pin}, {}};
    auto got = ask(
        box, std::make_shared<const command>(command{acme, "g-1", id, std::move(what), client}));
    run();
    BOOST_TEST(got.reason() == "media_waiting");
  }
  BOOST_TEST(on_disk(id).profile.pin_shares.empty());
}

BOOST_AUTO_TEST_CASE(media_that_cannot_be_read_are_a_typed_failure) {
  ask_box(voicemail(), "d-1");
  run();
  store->unreadable = true;
  auto got = ask_box(op::retrieve{by_uid(1), channel::out_of_band, {}, "web page"}, "g-1");
  run();
  BOOST_TEST((got.code() == errc::storage_failure));
  BOOST_TEST(!gone());
}

BOOST_AUTO_TEST_CASE(a_new_pin_is_hashed_and_a_refused_one_is_not) {
  trace->clear();
  auto refused = ask_box(op::set_pin{"111111"}, "p-1");
  run();
  BOOST_TEST(refused.reason() == "pin_trivial");
  BOOST_TEST(trace->empty());
  auto taken = ask_box(op::set_pin{"314159"}, "p-2");
  run();
  BOOST_TEST(taken.as<answer::done>().changed);
  BOOST_TEST(on_disk(id).profile.pin.value.starts_with("$argon2id$"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
