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

// The other node of the region holds all of it, as far as anybody knows.
BOOST_AUTO_TEST_CASE(what_came_from_a_node_that_is_lost_is_handed_over_first) {
  leave_at_home_only("abroad");
  auto& draining = (*this)[home];
  auto drained = [&] {
    auto done = draining.ask(draining.replicator, set_draining{true});
    settle();
    auto figures = done.as<answer::status>().figures;
    return std::map<std::string, std::string>{figures.begin(), figures.end()}["drain.safe"];
  };
  BOOST_TEST(drained() == "no");
  for (int i = 0; i < 20 && drained() == "no"; ++i)
    pass(250ms);
  BOOST_TEST(drained() == "yes");
  BOOST_TEST(messages(standby) == 2U);
  BOOST_TEST(!draining.on_disk(id).exists());
}

// As when they do not agree on who is there.
BOOST_AUTO_TEST_CASE(a_copy_that_is_to_go_itself_is_none_to_rely_on) {
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  bool leaves = true;
  loses = [&](const std::string& from, peer_outbound& what) {
    if (auto* said = std::get_if<peer::differ>(&what.what); said != nullptr && from == standby)
      said->leaving.assign(leaves ? 1 : 0, id);
    return false;
  };
  auto& draining = (*this)[home];
  (void)draining.ask(draining.replicator, set_draining{true});
  pass(5s);
  BOOST_TEST(draining.on_disk(id).exists());
  leaves = false;
  pass(5s);
  BOOST_TEST(!draining.on_disk(id).exists());
}

BOOST_AUTO_TEST_CASE(a_sealed_copy_says_that_it_is_to_go) {
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  auto& there = (*this)[standby];
  const auto state = state_digest(there.on_disk(id));
  std::vector<peer::differ> said;
  loses = [&](const std::string& from, peer_outbound& what) {
    if (auto* got = std::get_if<peer::differ>(&what.what); got != nullptr && from == standby)
      said.push_back(*got);
    return false;
  };
  auto compare = [&](uint64_t number) {
    auto events = std::make_shared<std::vector<peer_event>>();
    events->push_back(peer_inbound{home, false, peer::compare{number, {{id, state}}}, false});
    there.hear(events);
    settle();
  };
  compare(1'001);
  auto sealed = there.ask_node(id, op::seal{true}, "seal");
  settle();
  compare(1'002);
  BOOST_REQUIRE(said.size() == 2U);
  BOOST_TEST((said[0].mailboxes.empty() && said[0].leaving.empty()));
  BOOST_TEST((said[1].mailboxes.empty() && said[1].leaving == std::vector{id}));
}

BOOST_AUTO_TEST_CASE(a_mailbox_that_cannot_be_read_is_not_handed_over) {
  cut(home, standby);
  cut("boston", standby);
  auto& fresh = (*this)[standby];
  fresh.store = std::make_shared<watched_store>();
  fresh.where.incarnation = 77;
  fresh.start_again();
  auto& damaged = (*this)[home];
  const auto unreadable = message_key(id, message_id{});
  BOOST_REQUIRE(
      damaged.store->rows.commit({{row::put(family::messages, unreadable, chunk{"damaged"})}}));
  heal(home, standby);
  pass(10s);
  BOOST_TEST(!fresh.on_disk(id).exists());
  BOOST_TEST(figures(home, standby)["complete"] == "no");
  BOOST_TEST(figures(standby)["cluster.ready"] == "yes"); // all there is to be had is there
  auto done = damaged.ask(damaged.replicator, set_draining{true});
  pass(10s);
  done = damaged.ask(damaged.replicator, set_draining{true});
  settle();
  for (const auto& [name, value] : done.as<answer::status>().figures)
    BOOST_TEST((name != "drain.safe" || value == "no"));
  BOOST_REQUIRE(damaged.store->rows.commit({{row::remove(family::messages, unreadable)}}));
  pass(10s); // looked for again
  BOOST_TEST(fresh.on_disk(id).exists());
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
