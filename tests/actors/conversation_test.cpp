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

// As clients do after an outage, and as they are told to.
BOOST_AUTO_TEST_CASE(deposits_that_are_repeated_side_by_side_are_all_confirmed) {
  auto what = (*this)[home].voicemail();
  BOOST_TEST(ask_at(home, what, "one") == "accepted");
  std::vector<std::pair<std::string, peer_outbound>> late; // half a second there and back
  loses = [&](const std::string& from, peer_outbound& sent) {
    const bool slow = from != "boston" && sent.peer != "boston";
    if (slow)
      late.emplace_back(from, sent);
    return slow;
  };
  what.until = op::durability::replicated;
  std::vector<call> repeats;
  for (int step = 0; step < 60; ++step) {
    if (step < 40)
      repeats.push_back((*this)[home].ask_here(id, what, "one"));
    pass(250ms);
    for (const auto& [from, sent] : std::exchange(late, {}))
      deliver(from, sent);
  }
  for (const auto& each : repeats)
    BOOST_TEST(each.reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_copy_that_is_to_go_is_asked_once_a_tick) {
  auto what = (*this)[home].voicemail();
  BOOST_TEST(ask_at(home, what, "one") == "accepted");
  size_t compares = 0;
  loses = [&](const std::string& from, peer_outbound& sent) {
    if (auto* said = std::get_if<peer::differ>(&sent.what); said != nullptr && from == standby)
      said->leaving = {id};
    compares +=
        from == home && sent.peer == standby && std::holds_alternative<peer::compare>(sent.what);
    return compares > 1'000;
  };
  what.until = op::durability::replicated;
  auto repeated = (*this)[home].ask_here(id, what, "one");
  settle();
  BOOST_TEST(compares == 1U);
  pass(limits::deadline_default + 1s);
  BOOST_TEST(compares < 100U);
  BOOST_TEST(repeated.reason() == "copy_missing");
}

BOOST_AUTO_TEST_CASE(a_mailbox_that_cannot_be_read_keeps_no_other_from_its_second_disk) {
  std::map<size_t, mailbox_id> first;
  std::optional<std::pair<mailbox_id, mailbox_id>> both; // of one partition
  const placement places{seen_by(home), 2};
  for (int i = 0; !both; ++i) {
    const auto other = (*this)[home].register_device("+150555" + std::to_string(60'000 + i));
    if (places.holders("eu1", partition_of(other)).front()->name != home)
      continue;
    if (auto [at, fresh] = first.emplace(partition_of(other), other); !fresh)
      both = {at->second, other};
  }
  pass(3s);
  BOOST_REQUIRE((*this)[home].store->rows.commit(
      {{row::put(family::messages, message_key(both->first, message_id{}), chunk{"damaged"})}}));
  pass(10s); // compared meanwhile
  BOOST_TEST(figures(home, standby)["complete"] == "no");
  auto what = (*this)[home].voicemail();
  what.until = op::durability::replicated;
  auto done = (*this)[home].ask_here(both->second, what, "replicated");
  pass(1s);
  BOOST_TEST(done.reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_new_store_is_told_the_names_of_those_it_does_not_hold) {
  auto& boston = (*this)["boston"];
  lose("boston");
  boston.store = std::make_shared<watched_store>();
  boston.where.incarnation = 77;
  boston.start_again();
  find("boston");
  pass(2s);
  const auto row =
      boston.store->get(family::aliases, alias_key({alias_kind::number, stage::number}));
  BOOST_TEST((row && *row));
  BOOST_TEST(!boston.on_disk(id).exists());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
