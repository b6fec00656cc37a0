// What nodes say to each other when something of it is lost, or a member comes and goes. Without
// sockets, in virtual time.
#include "tests/support/three_nodes.hpp"

namespace restante {

namespace {

struct conversation : three_nodes {
  /// The standby's next message of a kind to the home is lost.
  template <class What>
  void lose_next() {
    loses = [this, done = false](const std::string& from, peer_outbound& what) mutable {
      if (done || from != standby || what.peer != home || !std::holds_alternative<What>(what.what))
        return false;
      return done = true;
    };
  }
  membership_ptr without(const std::string& name) const {
    auto out = *seen_by(standby);
    std::erase_if(out.members, [&](const member& each) { return each.name == name; });
    return std::make_shared<const membership>(std::move(out));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(conversations, conversation)

BOOST_AUTO_TEST_CASE(copies_are_compared_on_after_an_answer_was_lost) {
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  lose_next<peer::differ>();
  pass(5s);
  // What only comparing finds, with home: nobody else can tell.
  cut(standby, "boston");
  auto& rows = (*this)[standby].store->rows;
  const auto there = *rows.scan(family::messages, {}, {}, 100);
  BOOST_REQUIRE(!there.empty());
  BOOST_REQUIRE(rows.commit({{row::remove(family::messages, there.front().key)}}));
  pass(10s);
  BOOST_TEST(messages(standby) == 0U); // it waits
  pass(limits::peer_answer_patience);
  BOOST_TEST(messages(standby) == 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_whose_answer_was_lost_does_not_count_as_on_its_way_for_ever) {
  lose_next<peer::applied>();
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  BOOST_TEST(figures(home, standby)["behind"] == "1");
  pass(limits::peer_answer_patience + 5s);
  BOOST_TEST(figures(home, standby)["behind"] == "0");
}

BOOST_AUTO_TEST_CASE(who_was_no_member_for_a_while_is_heard_again) {
  auto& there = (*this)[standby];
  there.tell(there.replicator, without(home));
  settle();
  pass(1s);
  there.tell(there.replicator, seen_by(standby));
  link(standby, home, true); // its own connection is a new one, home's never broke
  settle();
  cut(standby, "boston");
  pass(limits::hello_patience + 1s);
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  BOOST_TEST(messages(standby) == 1U);
}

BOOST_AUTO_TEST_CASE(who_is_removed_while_it_is_answered_harms_nobody) {
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  auto& there = (*this)[standby];
  auto events = std::make_shared<std::vector<peer_event>>();
  events->push_back(peer_inbound{home, false, peer::compare{12'345, {{id, digest{}}}}, false});
  there.tell(there.replicator, peer_event_batch{events});
  there.tell(there.replicator, without(home));
  settle();
  BOOST_TEST(figures(standby)["cluster.node"] == standby);
}

// What could not be sent on it is not known: an answer may have been among it.
BOOST_AUTO_TEST_CASE(a_connection_that_did_not_take_an_answer_begins_anew) {
  auto& there = (*this)[standby];
  auto events = std::make_shared<std::vector<peer_event>>();
  events->push_back(peer_connection{home, false, false});
  size_t hellos = 0;
  loses = [&](const std::string& from, peer_outbound& what) {
    hellos +=
        from == home && what.peer == standby && std::holds_alternative<peer::hello>(what.what);
    return false;
  };
  there.hear(events);
  pass(limits::hello_patience + 1s);
  BOOST_TEST(hellos == 1U);
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  BOOST_TEST(messages(standby) == 1U);
}

// Packed as they were written, for the node that was there; shipped together to the one that was
// not.
BOOST_AUTO_TEST_CASE(a_greeting_and_the_one_after_it_travel_together) {
  BOOST_TEST(ask_at("boston", op::locate{"us1"}, "travel") == "accepted");
  cut(home, standby);
  const auto greet = [&](std::optional<media_part> with, const std::string& request) {
    *(*this)[home].wall += 1000;
    return ask_at(home, op::set_greeting{greeting_kind::busy, std::move(with)}, request);
  };
  BOOST_TEST(greet(model_tests::audio(3, 'a'), "g1") == "accepted");
  BOOST_TEST(greet(model_tests::audio(3, 'b'), "g2") == "accepted");
  heal(home, standby);
  pass(3s);
  BOOST_TEST(
      (state_digest((*this)[standby].on_disk(id)) == state_digest((*this)[home].on_disk(id))));
  cut(home, standby);
  BOOST_TEST(greet(model_tests::audio(3, 'c'), "g3") == "accepted");
  BOOST_TEST(greet(std::nullopt, "g4") == "accepted");
  heal(home, standby);
  pass(3s);
  BOOST_TEST(
      (state_digest((*this)[standby].on_disk(id)) == state_digest((*this)[home].on_disk(id))));
  BOOST_TEST(figures(home, standby)["behind"] == "0");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
