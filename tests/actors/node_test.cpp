// The node: loading, rebuilding after a failure, and that whatever happens every command is
// answered exactly once. When mailboxes leave memory is in passivation_test.cpp.
#include "actors/node.hpp"
#include "tests/support/stage.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace restante {

namespace {

using model_tests::by_uid;

/// Commands at random on a few mailboxes, some of them twice.
struct storm : stage {
  std::vector<mailbox_id> boxes;
  std::map<std::string, std::vector<call>> deposits; // by mailbox and request id
  random_source draw{test_seed()};

  void fill(size_t mailboxes) {
    for (size_t i = 0; i < mailboxes; ++i)
      boxes.push_back(register_device("+1505555018" + std::to_string(i)));
    boxes.push_back(id_of<mailbox_id>(0xEE)); // nobody's
  }

  void one_command(int number) {
    const auto& box = draw.pick(boxes);
    auto id = std::to_string(draw.one_in(4) ? number / 2 : number);
    auto uid = static_cast<uint32_t>(1 + draw.below(20));
    bool right = !draw.one_in(3);
    challenge_answer answer{"c", right ? pin : "271828"};
    switch (draw.below(8)) {
    case 0:
    case 1:
    case 2: {
      auto sent = voicemail();
      deposits[to_string(box) + id].push_back(ask_node(box, sent, "d" + id));
      break;
    }
    case 3:
      ask_node(box, op::retrieve{by_uid(uid), channel::device, answer, {}}, "g" + id);
      break;
    case 4:
      ask_node(box, op::retrieve{by_uid(uid), channel::out_of_band, {}, "web"}, "w" + id);
      break;
    case 5:
      ask_node(box, op::remove{by_uid(uid), channel::out_of_band, {}, right}, "r" + id);
      break;
    case 6:
      ask_node(box, op::list{}, "l" + id);
      break;
    default:
      ask_node(box, op::set_preferences{right ? "fr" : "en", {}, {}}, "p" + id);
    }
  }

  /// Every deposit that was acknowledged is on disk, once, with a number of its own.
  void check_deposits() {
    std::map<mailbox_id, std::set<uint32_t>> numbers;
    for (const auto& box : boxes)
      for (const auto& [id, message] : on_disk(box).messages)
        BOOST_TEST(numbers[box].insert(message.uid).second, "number " << message.uid << " twice");
    for (const auto& [key, calls] : deposits) {
      std::set<message_id> ids;
      size_t fresh = 0;
      for (const auto& one : calls) {
        if (one.broke())
          continue;
        if (auto* done = std::get_if<answer::deposited>(&one.what())) {
          ids.insert(done->message);
          fresh += !done->duplicate;
        }
      }
      BOOST_TEST(ids.size() <= 1u);
      BOOST_TEST(fresh <= 1u);
      for (const auto& id : ids) {
        bool there = false;
        for (const auto& box : boxes)
          there |= on_disk(box).messages.contains(id);
        BOOST_TEST(there, "an acknowledged deposit is not on disk");
      }
    }
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(node_test, stage)

BOOST_AUTO_TEST_CASE(a_mailbox_is_loaded_once_for_many_commands) {
  auto id = register_device();
  restart();
  std::vector<call> calls;
  calls.reserve(5);
  for (int i = 0; i < 5; ++i)
    calls.push_back(ask_node(id, voicemail(), "d-" + std::to_string(i)));
  run();
  for (auto& one : calls)
    BOOST_TEST(one.reason() == "accepted");
  BOOST_TEST(status()["mailboxes_loaded_total"] == "1");
  BOOST_TEST(status()["mailboxes_active"] == "1");
}

BOOST_AUTO_TEST_CASE(guessing_ids_leaves_no_actors_behind) {
  for (uint8_t i = 1; i < 20; ++i) {
    auto guess = ask_node(id_of<mailbox_id>(i), op::describe{}, "guess");
    run();
    BOOST_TEST(guess.reason() == "subscriber_not_found");
  }
  BOOST_TEST(status()["mailboxes_active"] == "0");
}

BOOST_AUTO_TEST_CASE(an_unreadable_mailbox_is_a_typed_failure_and_may_be_asked_again) {
  auto id = register_device();
  restart();
  store->unreadable = true;
  auto first = ask_node(id, op::describe{}, "1");
  auto second = ask_node(id, op::describe{}, "2");
  run();
  BOOST_TEST((first.code() == errc::storage_failure));
  BOOST_TEST((second.code() == errc::storage_failure));
  store->unreadable = false;
  auto third = ask_node(id, op::describe{}, "3");
  run();
  BOOST_TEST(third.as<answer::profile>().number == number);
}

BOOST_AUTO_TEST_CASE(what_waits_for_loading_is_bounded) {
  auto id = register_device();
  restart();
  std::vector<call> calls;
  for (size_t i = 0; i < limits::load_waiting_max + 2; ++i)
    calls.push_back(ask_node(id, op::describe{}, "1"));
  while (calls.back().answers() == 0) { // before the reader gets its turn
    BOOST_REQUIRE(sched.prioritize(node));
    sched.run_once();
  }
  BOOST_TEST(calls.back().reason() == "mailbox_loading");
  BOOST_TEST(calls.front().answers() == 0u);
  run();
  check_all_answered();
}

BOOST_AUTO_TEST_CASE(a_reader_that_says_nothing_ends_in_busy) {
  auto id = register_device();
  restart();
  auto done = ask_node(id, op::describe{}, "1");
  sched.prioritize(node);
  sched.run_once(); // the request is with the reader, which does not come to run
  sched.advance_time(limits::load_timeout);
  while (done.answers() == 0) {
    BOOST_REQUIRE(sched.prioritize(node));
    sched.run_once();
  }
  BOOST_TEST((done.code() == errc::busy));
  run(); // now it answers: nobody waits for that any more
  BOOST_TEST(status()["mailboxes_active"] == "0");
  auto again = ask_node(id, op::describe{}, "2");
  run();
  BOOST_TEST(again.reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_mailbox_is_always_read_by_the_same_reader_and_waits_for_no_other) {
  std::array<mailbox_id, 2> of; // a mailbox of each reader
  auto ended = spawn_store_reader(sys, store, false);
  auto two = std::make_shared<mailbox_services>(*services);
  two->readers = {ended, reader};
  for (int i = 0; of[0].zero() || of[1].zero(); ++i) {
    BOOST_REQUIRE(i < 64);
    auto id = register_device("+1505555" + std::to_string(1000 + i));
    of[two->reader_of(id) == reader ? 1 : 0] = id;
  }
  caf::anon_send_exit(ended, caf::exit_reason::kill);
  run();
  node = keep(spawn_node(sys, {.services = two, .idle = idle}));
  auto held_up = ask_node(of[0], op::describe{}, "1");
  auto served = ask_node(of[1], op::describe{}, "2");
  run();
  BOOST_TEST((held_up.code() == errc::busy));
  BOOST_TEST(served.reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(media_are_read_by_the_reader_of_their_mailbox) {
  std::array<mailbox_id, 2> of; // a mailbox of each reader
  auto ended = spawn_store_reader(sys, store, false);
  auto two = std::make_shared<mailbox_services>(*services);
  two->readers = {ended, reader};
  node = keep(spawn_node(sys, {.services = two, .idle = idle}));
  for (int i = 0; of[0].zero() || of[1].zero(); ++i) {
    BOOST_REQUIRE(i < 64);
    auto id = register_device("+1505555" + std::to_string(1000 + i));
    of[two->reader_of(id) == reader ? 1 : 0] = id;
  }
  for (const auto& id : of)
    deposit(id, "d-1"); // both are loaded now
  caf::anon_send_exit(ended, caf::exit_reason::kill);
  run();
  const op::retrieve what{{std::nullopt, 1}, channel::out_of_band, {}, "web"};
  auto held_up = ask_node(of[0], what, "1");
  auto served = ask_node(of[1], what, "2");
  run();
  BOOST_TEST((held_up.code() == errc::outcome_unknown));
  BOOST_TEST(served.reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_mailbox_behind_a_silent_disk_is_rebuilt_from_what_is_on_disk) {
  auto id = register_device();
  deposit(id, "d-1");
  tell(held, hold{});
  auto lost = ask_node(id, voicemail('b'), "d-2");
  run();
  advance(limits::commit_timeout);
  auto finder = ask_node(id, op::describe{}, "1");
  run();
  BOOST_TEST((lost.code() == errc::outcome_unknown));
  BOOST_TEST((finder.code() == errc::busy));
  BOOST_TEST(status()["mailboxes_failed_total"] == "1");
  tell(held, let_go{});
  run();
  // It was stored after all: the retry finds it.
  auto retried = deposit(id, "d-2", 'b');
  BOOST_TEST(retried.duplicate);
  BOOST_TEST(retried.uid == 2u);
}

BOOST_AUTO_TEST_CASE(a_mailbox_behind_a_silent_disk_is_found_out_when_it_is_to_leave) {
  idle = limits::commit_timeout;
  restart();
  auto id = register_device();
  tell(held, hold{});
  auto lost = ask_node(id, voicemail('a'), "d-1");
  run();
  advance(2 * limits::commit_timeout);
  BOOST_TEST((lost.code() == errc::outcome_unknown));
  BOOST_TEST(status()["mailboxes_active"] == "0");
  tell(held, let_go{});
  run();
  BOOST_TEST(deposit(id, "d-1").duplicate);
}

BOOST_AUTO_TEST_CASE(a_mailbox_is_not_rebuilt_before_its_unfinished_commit) {
  auto id = register_device();
  tell(held, hold{});
  auto lost = ask_node(id, voicemail('a'), "d-1");
  run();
  advance(limits::commit_timeout);
  auto finder = ask_node(id, op::describe{}, "1");
  run();
  BOOST_TEST((lost.code() == errc::outcome_unknown));
  auto next = ask_node(id, voicemail('b'), "d-2"); // the first is on its way to the disk still
  run();
  tell(held, let_go{});
  run();
  BOOST_TEST(next.as<answer::deposited>().uid == 2u);
  BOOST_TEST(on_disk(id).messages.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_disk_that_stays_silent_ends_in_busy_for_who_comes_later) {
  auto id = register_device();
  tell(held, hold{});
  ask_node(id, voicemail('a'), "d-1");
  run();
  advance(limits::commit_timeout);
  auto next = ask_node(id, op::list{}, "l-1");
  run();
  advance(limits::commit_timeout);
  BOOST_TEST((next.code() == errc::busy));
  tell(held, let_go{});
  run();
  auto after = ask_node(id, op::list{}, "l-2");
  run();
  BOOST_TEST(after.as<answer::listing>().headers.size() == 1u);
  check_all_answered();
}

BOOST_AUTO_TEST_CASE(a_crashed_mailbox_is_rebuilt_and_its_callers_are_answered_once) {
  auto id = register_device();
  deposit(id, "d-1");
  tell(held, hold{});
  std::vector<call> calls;
  calls.push_back(ask_node(id, voicemail('b'), "d-2"));
  for (int i = 0; i < 5; ++i)
    calls.push_back(ask_node(id, voicemail('c'), "e-" + std::to_string(i)));
  run();
  *clock_broken = true;
  tell(held, let_go{});
  run();
  *clock_broken = false;
  BOOST_TEST(calls[0].as<answer::deposited>().uid == 2u);
  BOOST_TEST((calls[1].code() == errc::outcome_unknown));
  for (size_t i = 2; i < calls.size(); ++i)
    BOOST_TEST((calls[i].code() == errc::busy));
  BOOST_TEST(status()["mailboxes_failed_total"] == "1");
  BOOST_TEST(deposit(id, "d-2", 'b').duplicate);
  BOOST_TEST(deposit(id, "e-0", 'c').uid == 3u);
  check_all_answered();
}

BOOST_AUTO_TEST_CASE(a_stopping_node_answers_those_it_keeps_waiting) {
  auto id = register_device();
  restart();
  auto waiting = ask_node(id, op::describe{}, "1");
  sched.prioritize(node);
  sched.run_once();
  caf::anon_send_exit(node, caf::exit_reason::user_shutdown);
  run();
  check_all_answered();
  (void)waiting;
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(node_storm_test, storm)

BOOST_AUTO_TEST_CASE(every_command_is_answered_exactly_once_in_any_order) {
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed()) {
    idle = std::chrono::seconds{1};
    restart();
    fill(4);
    for (int i = 0; i < 600; ++i) {
      one_command(i);
      for (auto steps = draw.below(12); steps > 0 && step(draw); --steps) {
      }
      if (i % 20 == 19) // some are passivated in the middle, and none waits for commit_timeout
        sched.advance_time(std::chrono::milliseconds{1'200});
      if (i % 100 == 99)
        run_shuffled(draw);
    }
    run_shuffled(draw);
    check_all_answered();
    for (const auto& [key, calls] : deposits)
      for (const auto& one : calls)
        BOOST_TEST(!one.broke());
    check_deposits();
    BOOST_TEST(status()["mailboxes_failed_total"] == "0");
    BOOST_TEST(status()["mailboxes_passivated_total"] != "0");
  }
}

BOOST_AUTO_TEST_CASE(every_command_is_answered_exactly_once_on_a_bad_disk) {
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed()) {
    fill(4);
    for (int i = 0; i < 400; ++i) {
      one_command(i);
      for (auto steps = draw.below(12); steps > 0 && step(draw); --steps) {
      }
      switch (draw.below(30)) {
      case 0:
        tell(held, hold{});
        break;
      case 1:
        tell(held, let_go{});
        break;
      case 2:
        sched.advance_time(limits::commit_timeout);
        break;
      case 3:
        store->full = !store->full;
        break;
      case 4:
        tell(held, refuse_held{{errc::outcome_unknown, "write_failed", "for the test"}});
        break;
      default:
        break;
      }
    }
    store->full = false;
    tell(held, let_go{});
    run_shuffled(draw);
    advance(2 * limits::commit_timeout);
    check_all_answered();
    check_deposits();
    BOOST_TEST(status()["mailboxes_failed_total"] != "0");
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
