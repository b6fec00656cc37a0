// Who is not let in to a node's peers, and who is but does not behave.
#include "tests/bridges/guarded_socket.hpp"
#include "tests/bridges/peer_fixture.hpp"

using namespace restante;
using namespace restante::peer_tests;

namespace {

peer::message alive(uint64_t number) { return peer::alive{false, number}; }
uint64_t number_of(const peer::message& what) { return std::get<peer::alive>(what).newest; }

/// A node, and another one whose key the test holds.
struct node_and_peer {
  node_and_peer() {
    node.start();
    node.meet({peer()});
  }
  [[nodiscard]] member peer(const std::string& at = "tcp://127.0.0.1:1") const {
    return {"b", "eu1", at, public_of(secret)};
  }
  peer_node node{"a"};
  std::string secret = new_secret();
};

/// Whoever is not let in has no influence: an honest peer is heard before and after.
void still_works(node_and_peer& it) {
  const auto before = it.node.said("b", false, 0).size();
  pretender honest{zmq::socket_type::dealer, it.secret};
  honest.connect(it.node.as_member());
  honest.say(alive(99));
  BOOST_TEST(number_of(it.node.said("b", false, before + 1).back()) == 99U);
}

} // namespace

BOOST_AUTO_TEST_SUITE(peer_strangers)

BOOST_FIXTURE_TEST_CASE(a_key_that_is_no_members_is_not_let_in, node_and_peer) {
  pretender stranger{zmq::socket_type::dealer, new_secret()};
  stranger.connect(node.as_member());
  stranger.say(alive(1));
  BOOST_TEST(eventually([&] { return node.refused("key_unknown") >= 1; }));
  still_works(*this);
  BOOST_TEST(node.said("b", false, 1).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_nodes_own_key_is_no_members, node_and_peer) {
  node.meet({peer(), {"copy", "eu1", "tcp://127.0.0.1:1", public_of(node.secret)}});
  pretender copy{zmq::socket_type::dealer, node.secret};
  copy.connect(node.as_member());
  copy.say(alive(1));
  BOOST_TEST(eventually([&] { return node.refused("key_unknown") >= 1; }));
  still_works(*this);
}

BOOST_FIXTURE_TEST_CASE(who_takes_the_node_for_another_is_not_let_in, node_and_peer) {
  auto mistaken = node.as_member();
  mistaken.public_key = public_of(new_secret());
  pretender lost{zmq::socket_type::dealer, secret};
  lost.connect(mistaken);
  lost.say(alive(1));
  BOOST_TEST(eventually([&] { return node.refused("handshake_failed") >= 1; }));
  still_works(*this);
  BOOST_TEST(node.said("b", false, 1).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_has_no_key_is_not_let_in, node_and_peer) {
  pretender plain{zmq::socket_type::dealer, ""};
  plain.connect(node.as_member());
  plain.say(alive(1));
  BOOST_TEST(eventually([&] { return node.refused("handshake_failed") >= 1; }));
  still_works(*this);
  BOOST_TEST(node.said("b", false, 1).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_node_of_another_cluster_at_a_members_address_is_no_member) {
  peer_node a{"a"}, b{"b"}, other{"b"};
  a.start();
  b.start();
  other.start();
  other.meet({a.as_member()}); // has a's key, and the name of b
  auto mistaken = b.as_member();
  mistaken.address = other.at;
  a.meet({mistaken});
  BOOST_TEST(eventually([&] { return other.refused("handshake_failed") >= 2; }));
  BOOST_TEST(eventually([&] { return a.refused("key_unknown") >= 2; }));
  a.say("b", true, alive(1));
  BOOST_TEST(eventually([&] { return a.refused("peer_unsent") == 1; }));
  BOOST_TEST(a.times("b", true, true) == 0U);
  BOOST_TEST(other.times("a", true, true) == 0U);
  introduce({&a, &b});
}

BOOST_FIXTURE_TEST_CASE(what_answers_no_zeromq_is_tried_again, node_and_peer) {
  int plain = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  socklen_t size = sizeof at;
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(bind(plain, reinterpret_cast<sockaddr*>(&at), size) == 0);
  BOOST_REQUIRE(listen(plain, 8) == 0);
  const timeval wait{60, 0};
  BOOST_REQUIRE(setsockopt(plain, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0); // of accept
  BOOST_REQUIRE(getsockname(plain, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  const auto address = "tcp://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  node.meet({peer(address)});
  for (int times = 0; times < 2; ++times) { // libzmq itself gives up after the first
    int link = accept(plain, nullptr, nullptr);
    BOOST_REQUIRE(link >= 0);
    const std::string page =
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + std::string(256, ' ');
    BOOST_TEST(send(link, page.data(), page.size(), MSG_NOSIGNAL) > 0);
    char some[256];
    while (recv(link, some, sizeof some, 0) > 0) {
    }
    close(link);
  }
  close(plain);
  peer_node b{"b"};
  b.secret = secret;
  b.start(address);
  b.meet({node.as_member()});
  BOOST_TEST(node.sees("b", true, true));
}

BOOST_FIXTURE_TEST_CASE(of_two_connections_with_one_key_the_newer_is_heard, node_and_peer) {
  pretender first{zmq::socket_type::dealer, secret}, second{zmq::socket_type::dealer, secret};
  first.connect(node.as_member());
  first.say(alive(1));
  BOOST_REQUIRE(node.said("b", false, 1).size() == 1);
  second.connect(node.as_member());
  second.say(alive(2));
  BOOST_REQUIRE(node.said("b", false, 2).size() == 2);
  first.say(alive(3));
  BOOST_TEST(eventually([&] { return node.refused("peer_connection_older") == 1; }));
  second.say(alive(4));
  auto heard = node.said("b", false, 3);
  BOOST_TEST(heard.size() == 3U);
  BOOST_TEST(number_of(heard.at(2)) == 4U);
  BOOST_TEST(node.times("b", false, true) == 2U);
  node.say("b", false, peer::applied{5}); // to the newer
  zmq::message_t got;
  second.socket.set(zmq::sockopt::rcvtimeo, 60'000);
  BOOST_TEST(second.socket.recv(got).has_value());
  BOOST_TEST(!first.socket.recv(got, zmq::recv_flags::dontwait).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_connection_that_chose_its_routing_id_is_not_heard, node_and_peer) {
  pretender vain{zmq::socket_type::dealer, secret};
  vain.socket.set(zmq::sockopt::routing_id, "b");
  vain.connect(node.as_member());
  vain.say(alive(1));
  BOOST_TEST(eventually([&] { return node.refused("peer_routing_id") == 1; }));
  still_works(*this);
  BOOST_TEST(node.said("b", false, 1).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(garbage_is_told_as_such_and_what_follows_is_heard, node_and_peer) {
  pretender muddled{zmq::socket_type::dealer, secret};
  muddled.connect(node.as_member());
  muddled.say(frames{"", {}});
  muddled.say(frames{"no envelope", {}});
  muddled.say(frames{encode(alive(1)).envelope, {chunk{"too many"}}});
  muddled.say(frames{encode(alive(1)).envelope,
                     std::vector<chunk>(limits::batch_media_max + 1, chunk{"far too many"})});
  muddled.say(peer::applied{1}); // is said by who was connected to
  muddled.say(alive(2));
  BOOST_TEST(number_of(node.said("b", false, 6).back()) == 2U);
  BOOST_TEST(node.hears([](const auto& all) {
    std::vector<std::string> reasons;
    for (const auto& each : all)
      if (auto* in = std::get_if<peer_inbound>(&each); in && in->undecodable)
        reasons.emplace_back(std::get<failure>(in->what).reason);
    return reasons == std::vector<std::string>{"envelope_empty", "envelope_truncated",
                                               "frames_extra", "frames_too_many",
                                               "direction_wrong"};
  }));
  BOOST_TEST(node.refused("peer_undecodable") == 5);
  BOOST_TEST(node.figure("peer_in.undecodable") == "5");
  BOOST_TEST(node.figure("peer_in.alive") == "1");
}

BOOST_FIXTURE_TEST_CASE(a_message_that_never_ends_is_cut, node_and_peer) {
  pretender endless{zmq::socket_type::dealer, secret};
  endless.socket.set(zmq::sockopt::reconnect_ivl, -1);
  endless.connect(node.as_member());
  zmq::message_t all{1024 * 1024};
  std::memset(all.data(), 'x', all.size());
  for (int i = 0; i < 10'000; ++i) { // they share one buffer
    zmq::message_t one;
    one.copy(all);
    (void)endless.socket.send(one, zmq::send_flags::sndmore);
  }
  (void)endless.socket.send(all, zmq::send_flags::none);
  BOOST_TEST(eventually([&] { return node.refused("message_endless") == 1; }));
  still_works(*this);
}

BOOST_FIXTURE_TEST_CASE(an_answer_that_never_ends_is_cut_too, node_and_peer) {
  pretender b{zmq::socket_type::router, secret};
  b.socket.set(zmq::sockopt::curve_server, true);
  b.socket.bind("tcp://127.0.0.1:*");
  node.meet({peer(b.socket.get(zmq::sockopt::last_endpoint))});
  BOOST_REQUIRE(node.sees("b", true, true));
  node.say("b", true, alive(1));
  zmq::message_t who, what, all{1024 * 1024};
  (void)b.socket.recv(who);
  (void)b.socket.recv(what);
  std::memset(all.data(), 'x', all.size());
  (void)b.socket.send(who, zmq::send_flags::sndmore);
  for (int i = 0; i < 10'000; ++i) {
    zmq::message_t one;
    one.copy(all);
    (void)b.socket.send(one, zmq::send_flags::sndmore);
  }
  (void)b.socket.send(all, zmq::send_flags::none);
  BOOST_TEST(eventually([&] { return node.refused("message_endless") == 1; }));
  BOOST_TEST(node.sees("b", true, false));
  BOOST_TEST(node.sees("b", true, true, 2));
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_stops_reading_costs_bounded_memory_and_nobody_else,
                        node_and_peer) {
  pretender deaf{zmq::socket_type::router, secret};
  deaf.socket.set(zmq::sockopt::curve_server, true);
  deaf.socket.set(zmq::sockopt::rcvhwm, 1);
  deaf.socket.bind("tcp://127.0.0.1:*");
  peer_node c{"c"};
  c.start();
  c.meet({node.as_member()});
  node.meet({peer(deaf.socket.get(zmq::sockopt::last_endpoint)), c.as_member()});
  BOOST_REQUIRE(node.sees("b", true, true));
  BOOST_REQUIRE(node.sees("c", true, true));
  // Every piece says when it is let go of.
  struct counted {
    explicit counted(std::atomic<size_t>& all) : alive{all} { ++alive; }
    counted(const counted&) = delete;
    ~counted() { --alive; }
    std::atomic<size_t>& alive;
    std::string bytes = std::string(limits::piece_bytes_max, 'p');
  };
  std::atomic<size_t> alive_pieces{0};
  uint64_t sent = 0;
  size_t most = 0;
  while (node.times("b", true, false) == 0 && sent < 2'000) {
    auto owner = std::make_shared<counted>(alive_pieces);
    const std::string_view bytes = owner->bytes;
    peer::piece piece{{}, {message_id{}, 0, bytes.size(), true, chunk{std::move(owner), bytes}}, 0};
    piece.mailbox.bytes.fill(1);
    piece.row.message->bytes.fill(2);
    node.say("b", true, piece);
    node.say("c", true, alive(++sent)); // others go on
    BOOST_REQUIRE(c.said("a", false, sent).size() == sent);
    most = std::max(most, alive_pieces.load());
  }
  BOOST_TEST(node.times("b", true, false) == 1U);
  BOOST_TEST(most * limits::piece_bytes_max <= limits::peer_unsent_bytes_max + 1024 * 1024);
  BOOST_TEST(node.refused("peer_unsent") >= 1);
  BOOST_TEST(node.times("c", true, false) == 0U);
  BOOST_TEST(node.sees("b", true, true, 2)); // made anew, with nothing of what was left
  BOOST_TEST(eventually([&] { return alive_pieces == 0; }));
}

BOOST_FIXTURE_TEST_CASE(answers_left_unread_are_dropped_and_told, node_and_peer) {
  pretender deaf{zmq::socket_type::dealer, secret};
  deaf.socket.set(zmq::sockopt::rcvhwm, 1);
  deaf.connect(node.as_member());
  deaf.say(alive(1));
  BOOST_REQUIRE(node.sees("b", false, true));
  const chunk media{std::string(limits::media_bytes_max, 'm')};
  for (uint64_t i = 1; i <= 100 && node.times("b", false, false) == 0; ++i) {
    node.say("b", false, peer::answer{i, {"reply", {media}}});
    BOOST_REQUIRE(eventually([&] {
      return node.figure("peer_out.answer") == std::to_string(i) || node.refused("peer_unsent") > 0;
    }));
  }
  BOOST_TEST(node.sees("b", false, false));
  BOOST_TEST(node.times("b", false, false) == 1U);
  deaf.say(alive(2)); // it is there again
  BOOST_TEST(node.sees("b", false, true, 2));
}

BOOST_AUTO_TEST_SUITE_END()
