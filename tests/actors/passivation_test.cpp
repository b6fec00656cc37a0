// When a mailbox leaves memory, and that nothing is lost by it.
#include "actors/node.hpp"
#include "tests/support/stage.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

BOOST_FIXTURE_TEST_SUITE(passivation_test, stage)

BOOST_AUTO_TEST_CASE(an_idle_mailbox_is_passivated_and_nothing_is_lost) {
  auto id = register_device();
  auto first = deposit(id, "d-1");
  auto before = on_disk(id);
  pass_idle_time();
  BOOST_TEST(status()["mailboxes_active"] == "0");
  BOOST_TEST(status()["mailboxes_passivated_total"] == "1");
  BOOST_TEST((on_disk(id) == before));
  auto listed = ask_node(id, op::list{}, "l-1");
  run();
  BOOST_REQUIRE_EQUAL(listed.as<answer::listing>().headers.size(), 1u);
  BOOST_TEST((listed.as<answer::listing>().headers[0] == before.messages.at(first.message)));
  auto repeated = deposit(id, "d-1");
  BOOST_TEST(repeated.duplicate);
  BOOST_TEST(deposit(id, "d-2").uid == first.uid + 1);
}

BOOST_AUTO_TEST_CASE(the_messages_in_memory_are_bounded_and_the_longest_idle_go_first) {
  active_messages_max = 8;
  restart();
  auto idle_longest = register_device("+15055550180"), other = register_device("+15055550181");
  for (int i = 0; i < 4; ++i)
    for (const auto& box : {idle_longest, other})
      ask_node(box, voicemail(static_cast<char>('a' + i)), "d-" + std::to_string(i));
  run();
  advance(std::chrono::seconds{2});
  BOOST_TEST(status()["mailboxes_passivated_total"] == "0");
  ask_node(other, voicemail('z'), "d-z"); // one too many
  run();
  advance(std::chrono::seconds{2});
  BOOST_TEST(status()["mailboxes_passivated_total"] == "1");
  ask_node(other, op::describe{}, "1"); // still there; the first is loaded with all it has
  ask_node(idle_longest, op::describe{}, "2");
  run();
  BOOST_TEST(status()["mailboxes_loaded_total"] == "3");
  advance(std::chrono::seconds{2}); // 9 again: again the longest idle, now the other one
  BOOST_TEST(status()["mailboxes_passivated_total"] == "2");
  ask_node(idle_longest, op::describe{}, "3");
  run();
  BOOST_TEST(status()["mailboxes_loaded_total"] == "3");
}

BOOST_AUTO_TEST_CASE(a_mailbox_in_use_is_not_passivated) {
  auto id = register_device();
  for (int i = 0; i < 4; ++i) {
    advance(idle / 2);
    ask_node(id, op::describe{}, "i");
    run();
  }
  BOOST_TEST(status()["mailboxes_passivated_total"] == "0");
}

BOOST_AUTO_TEST_CASE(a_command_that_arrives_while_a_mailbox_is_leaving_is_served_by_the_next) {
  idle = std::chrono::seconds{2};
  restart();
  auto id = register_device();
  deposit(id, "d-1");
  tell(held, hold{});
  auto last = ask_node(id, voicemail('b'), "d-2");
  run();
  advance(2 * idle); // it is to leave, and does once its commit is on disk
  BOOST_TEST(status()["mailboxes_passivated_total"] == "1");
  auto late = ask_node(id, voicemail('c'), "d-3");
  run();
  BOOST_TEST(last.answers() == 0u);
  BOOST_TEST(late.answers() == 0u);
  tell(held, let_go{});
  run();
  BOOST_TEST(last.as<answer::deposited>().uid == 2u);
  BOOST_TEST(late.as<answer::deposited>().uid == 3u);
  BOOST_TEST(status()["mailboxes_loaded_total"] == "2");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
