// Nodes that mean well: what one says the other hears. Who means ill: peer_strangers_test.cpp.
#include "tests/bridges/peer_fixture.hpp"
#include "tests/schemas/peer_samples.hpp"

using namespace restante;
using namespace restante::peer_tests;

namespace {

peer::message alive(uint64_t number) { return peer::alive{false, number}; }

/// What was said first to last: "alive 1, alive 2".
uint64_t number_of(const peer::message& what) {
  if (auto* it = std::get_if<peer::alive>(&what))
    return it->newest;
  if (auto* it = std::get_if<peer::applied>(&what))
    return it->number;
  return 0;
}

struct two_nodes {
  two_nodes() {
    a.start();
    b.start();
    introduce({&a, &b});
  }
  peer_node a{"a"}, b{"b"};
};

} // namespace

BOOST_AUTO_TEST_SUITE(peer_bridges)

BOOST_FIXTURE_TEST_CASE(every_kind_is_exchanged_in_both_directions, two_nodes) {
  std::vector<peer::message> asked, answered;
  for (auto& each : golden_messages())
    (by_connecting_side(each) ? asked : answered).push_back(std::move(each));
  for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    for (const auto& each : asked)
      from->say(to->name, true, each);
    auto got = to->said(from->name, false, asked.size());
    BOOST_REQUIRE(got.size() == asked.size());
    for (size_t i = 0; i < got.size(); ++i)
      BOOST_TEST(same(asked[i], got[i]), name_of(asked[i]));
    BOOST_TEST(to->times(from->name, false, true) == 1U); // before the first of them
    for (const auto& each : answered)
      to->say(from->name, false, each);
    got = from->said(to->name, true, answered.size());
    BOOST_REQUIRE(got.size() == answered.size());
    for (size_t i = 0; i < got.size(); ++i)
      BOOST_TEST(same(answered[i], got[i]), name_of(answered[i]));
  }
  for (const auto& each : golden_messages()) {
    const std::string kind{name_of(each)};
    BOOST_TEST(a.figure("peer_out." + kind) == "1");
    BOOST_TEST(b.figure("peer_in." + kind) == "1");
    BOOST_TEST(a.figure("peer_out." + kind + ".bytes") == b.figure("peer_in." + kind + ".bytes"));
  }
  BOOST_TEST(a.refused("peer_unsent") == 0);
}

BOOST_FIXTURE_TEST_CASE(up_comes_before_what_was_said, two_nodes) {
  b.say("a", true, alive(1));
  BOOST_TEST(a.hears([](const auto& all) {
    bool up = false;
    for (const auto& each : all) {
      if (auto* it = std::get_if<peer_connection>(&each); it && !it->ours)
        up = it->up;
      if (std::holds_alternative<peer_inbound>(each))
        return up;
    }
    return false;
  }));
}

BOOST_FIXTURE_TEST_CASE(each_of_three_hears_who_spoke, two_nodes) {
  peer_node c{"c"};
  c.start();
  introduce({&a, &b, &c});
  uint64_t number = 0;
  std::vector<peer_node*> all{&a, &b, &c};
  for (auto* from : all)
    for (auto* to : all)
      if (from != to)
        from->say(to->name, true, alive(++number));
  number = 0;
  for (auto* from : all)
    for (auto* to : all)
      if (from != to)
        BOOST_TEST(number_of(to->said(from->name, false, 1).at(0)) == ++number);
  BOOST_TEST(a.times("b", true, true) == 1U); // a third one is no reason to connect again
  BOOST_TEST(a.times("b", true, false) == 0U);
}

BOOST_FIXTURE_TEST_CASE(both_directions_at_once_keep_their_order, two_nodes) {
  constexpr uint64_t count = 10'000;
  a.say("b", true, alive(0));
  b.say("a", true, alive(0));
  BOOST_REQUIRE(a.said("b", false, 1).size() == 1);
  BOOST_REQUIRE(b.said("a", false, 1).size() == 1);
  auto talk = [](peer_node& from, const std::string& to) {
    for (uint64_t i = 1; i <= count; ++i) {
      from.say(to, true, alive(i));
      from.say(to, false, peer::applied{i});
    }
  };
  std::thread one{[&] { talk(a, "b"); }}, other{[&] { talk(b, "a"); }};
  one.join();
  other.join();
  for (auto [to, from] : {std::pair{&a, "b"}, std::pair{&b, "a"}}) {
    auto asked = to->said(from, false, count + 1), answered = to->said(from, true, count);
    BOOST_REQUIRE(asked.size() == count + 1);
    BOOST_REQUIRE(answered.size() == count);
    for (uint64_t i = 1; i <= count; ++i) {
      BOOST_REQUIRE(number_of(asked[i]) == i);
      BOOST_REQUIRE(number_of(answered[i - 1]) == i);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(the_largest_media_come_in_pieces_and_whole, two_nodes) {
  std::string media(limits::media_bytes_max, '\0');
  for (size_t i = 0; i < media.size(); ++i)
    media[i] = static_cast<char>(i * 31 + i / 4096);
  const chunk whole{media};
  for (size_t at = 0; at < media.size(); at += limits::piece_bytes_max) {
    peer::piece piece{{}, {message_id{}, 0, media.size(), true, {}}, at};
    piece.mailbox.bytes.fill(1);
    piece.row.message->bytes.fill(2);
    piece.row.bytes = chunk{media.substr(at, limits::piece_bytes_max)};
    a.say("b", true, piece);
  }
  std::string got;
  for (const auto& each : b.said("a", false, media.size() / limits::piece_bytes_max)) {
    BOOST_REQUIRE(std::get<peer::piece>(each).offset == got.size());
    got += std::get<peer::piece>(each).row.bytes.view();
  }
  BOOST_TEST((got == media));

  const frames request{"request", std::vector<chunk>(limits::parts_max, whole)};
  a.say("b", true, peer::forward{1, "acme", 1s, request});
  const auto count = media.size() / limits::piece_bytes_max + 1;
  auto forwarded = std::get<peer::forward>(b.said("a", false, count).back());
  BOOST_TEST((forwarded.what.media == request.media));
  b.say("a", false, peer::answer{1, request});
  auto answered = std::get<peer::answer>(a.said("b", true, 1).back());
  BOOST_TEST((answered.what.media == request.media));
  BOOST_TEST(a.times("b", true, false) == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_restarts_is_up_again, two_nodes) {
  a.say("b", true, alive(1));
  b.say("a", true, alive(1));
  BOOST_REQUIRE(a.said("b", false, 1).size() == 1);
  BOOST_REQUIRE(b.said("a", false, 1).size() == 1);
  b.stop();
  BOOST_TEST(a.sees("b", true, false));
  a.say("b", true, alive(2)); // nobody is there
  BOOST_TEST(eventually([&] { return a.refused("peer_unsent") == 1; }));
  b.start(b.at);
  b.meet({a.as_member()});
  BOOST_REQUIRE(a.sees("b", true, true, 2));
  BOOST_REQUIRE(b.sees("a", true, true, 2));
  a.say("b", true, alive(3));
  b.say("a", true, alive(3));
  BOOST_TEST(number_of(a.said("b", false, 2).at(1)) == 3U);
  BOOST_TEST(number_of(b.said("a", false, 2).at(1)) == 3U);
  a.say("b", false, peer::applied{4}); // goes by the new connection
  BOOST_TEST(number_of(b.said("a", true, 1).at(0)) == 4U);
  BOOST_TEST(a.times("b", false, true) == 2U);
  BOOST_TEST(b.times("a", false, true) == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_moves_is_found_at_its_new_address, two_nodes) {
  b.stop();
  b.start();
  b.meet({a.as_member()});
  a.meet({b.as_member()});
  BOOST_REQUIRE(a.sees("b", true, true, 2));
  a.say("b", true, alive(1));
  BOOST_TEST(b.said("a", false, 1).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_member_that_is_removed_is_not_heard_and_heard_again_when_it_is_back,
                        two_nodes) {
  b.say("a", true, alive(1));
  BOOST_REQUIRE(a.said("b", false, 1).size() == 1);
  a.meet({});
  BOOST_TEST(a.sees("b", true, false));
  b.say("a", true, alive(2)); // its connection stands
  BOOST_TEST(eventually([&] { return a.refused("peer_removed") == 1; }));
  a.say("b", true, alive(3));
  a.say("b", false, peer::applied{3});
  BOOST_TEST(eventually([&] { return a.refused("peer_unsent") == 2; }));
  a.meet({b.as_member()});
  BOOST_REQUIRE(a.sees("b", true, true, 2));
  b.say("a", true, alive(4));
  auto heard = a.said("b", false, 2);
  BOOST_TEST(number_of(heard.at(1)) == 4U);
  BOOST_TEST(a.times("b", false, true) == 2U);
}

BOOST_AUTO_TEST_CASE(a_member_that_is_not_there_yet_is_tried_until_it_is) {
  peer_node a{"a"}, b{"b"};
  a.start();
  b.start(); // for its address
  b.stop();
  a.meet({b.as_member()});
  b.start(b.at);
  BOOST_REQUIRE(eventually([&] { return b.refused("key_unknown") >= 1; })); // it knows nobody yet
  b.meet({a.as_member()});
  BOOST_TEST(a.sees("b", true, true));
  BOOST_TEST(b.sees("a", true, true));
}

BOOST_AUTO_TEST_CASE(a_bridge_that_was_not_started_ends) {
  peer_node a{"a"};
  peer_bridge idle{{"tcp://127.0.0.1:*", a.secret, &a.figures}};
  idle.set_members(a.with({{"b", "eu1", idle.address(), public_of(new_secret())}}));
  idle.delivery()({"b", true, alive(1)});
  BOOST_CHECK_THROW((peer_bridge{{idle.address(), a.secret, &a.figures}}), zmq::error_t);
}

BOOST_AUTO_TEST_SUITE_END()
