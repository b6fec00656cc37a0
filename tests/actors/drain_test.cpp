// Giving everything away before a node is stopped. Without sockets, in virtual time.
#include "tests/support/three_nodes.hpp"

namespace restante {

BOOST_FIXTURE_TEST_SUITE(drain, three_nodes)

BOOST_AUTO_TEST_CASE(a_node_that_drains_says_when_nothing_is_left_on_it) {
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  auto drained = [&](bool on) {
    auto done = (*this)["boston"].ask(
        directory_actor{(*this)["boston"].forwarder()},
        (*this)["boston"].request_of(ask::drain{home, on}, "drain", (*this)["boston"].admin));
    settle();
    auto figures = done.as<answer::status>().figures;
    return std::map<std::string, std::string>{figures.begin(), figures.end()};
  };
  cut(home, standby);
  BOOST_TEST(deposit_at(home, "two") == "accepted"); // which it cannot hand over
  auto first = drained(true);
  BOOST_TEST(first["drain.node"] == home);
  BOOST_TEST(first["drain.safe"] == "no");
  heal(home, standby);
  pass(8s);
  BOOST_TEST(drained(true)["drain.safe"] == "yes");
  BOOST_TEST(!(*this)[home].on_disk(id).exists());
  lose(home);
  BOOST_TEST(deposit_at("boston", "without it") == "accepted");
  BOOST_TEST(messages(standby) == 3u);
  find(home);
  pass(2s);
  BOOST_TEST(drained(false)["drain.on"] == "no");
}

BOOST_AUTO_TEST_CASE(a_node_that_nobody_can_take_over_from_says_so_and_one_that_is_gone) {
  auto asked = [&](const std::string& at, const std::string& node) {
    auto& one = (*this)[at];
    auto done = one.ask(directory_actor{one.forwarder()},
                        one.request_of(ask::drain{node}, "drain", one.admin));
    settle();
    return done.reason();
  };
  BOOST_TEST(asked("boston", "boston") == "region_alone");
  BOOST_TEST(asked(home, "boston") == "region_alone");
  BOOST_TEST(ask_at("boston", op::locate{"us1"}, "travel") == "accepted"); // it serves on
  cut("boston", home);
  BOOST_TEST(asked("boston", home) == "node_not_connected");
  cut(home, standby);
  pass(30s); // beyond the grace
  BOOST_TEST(asked("boston", home) == "node_gone");
}

BOOST_AUTO_TEST_CASE(only_an_operator_drains_and_only_nodes_there_are) {
  auto& boston = (*this)["boston"];
  auto asked = [&](const std::string& node, const tenant_ptr& who) {
    auto done = boston.ask(directory_actor{boston.forwarder()},
                           boston.request_of(ask::drain{node}, "drain", who));
    settle();
    return done.reason();
  };
  BOOST_TEST(asked("lyon", boston.acme) == "operation_not_yours");
  BOOST_TEST(asked("nobody", boston.admin) == "node_unknown");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
