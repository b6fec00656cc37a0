#include "bridges/connection_guard.hpp"
#include "tests/bridges/guarded_socket.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>

#include <fstream>
#include <optional>

using namespace restante;

namespace {

constexpr size_t kib = 1024;
constexpr size_t mib = 1024 * kib;
constexpr unfinished_limits small{.one = 4 * mib, .all = 6 * mib};

/// ThreadSanitizer never gives its shadow of freed memory back: nothing can be told from it.
size_t resident_bytes() {
  size_t pages = 0;
#ifndef __SANITIZE_THREAD__
  std::ifstream from{"/proc/self/statm"};
  from >> pages >> pages;
#endif
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

zmq::socket_t dealer_to(zmq::context_t& context, const guarded_socket& server) {
  zmq::socket_t out{context, zmq::socket_type::dealer};
  out.set(zmq::sockopt::linger, 0);
  out.set(zmq::sockopt::reconnect_ivl, -1);
  out.connect(server.address());
  return out;
}

/// One message; its frames share one buffer, so that it costs the sender next to nothing.
void send_message(zmq::socket_t& to, size_t frames, size_t bytes) {
  zmq::message_t all{bytes};
  std::memset(all.data(), 'x', bytes);
  for (size_t i = 0; i < frames; ++i) {
    zmq::message_t one;
    one.copy(all);
    to.send(one, i + 1 < frames ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
}

/// Both ends of a TCP connection without ZeroMQ.
struct connected {
  connected() {
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    socklen_t size = sizeof at;
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(bind(listening, reinterpret_cast<sockaddr*>(&at), size) == 0);
    BOOST_REQUIRE(listen(listening, 1) == 0);
    BOOST_REQUIRE(getsockname(listening, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    BOOST_REQUIRE(connect(client, reinterpret_cast<sockaddr*>(&at), size) == 0);
    server = accept(listening, nullptr, nullptr);
    close(listening);
  }
  ~connected() {
    close(client);
    close(server);
  }

  void send(size_t bytes) {
    std::string some(bytes, 'x');
    BOOST_REQUIRE(::send(client, some.data(), bytes, 0) == static_cast<ssize_t>(bytes));
    auto end = std::chrono::steady_clock::now() + 10s;
    for (int left = 1; ioctl(client, SIOCOUTQ, &left) == 0 && left > 0;)
      BOOST_REQUIRE(std::chrono::steady_clock::now() < end);
  }

  int client = socket(AF_INET, SOCK_STREAM, 0);
  int server = -1;
};

} // namespace

BOOST_AUTO_TEST_SUITE(connection_guards)

BOOST_AUTO_TEST_CASE(messages_that_never_end_take_bounded_memory_however_often_they_are_tried) {
  guarded_socket server;
  zmq::context_t clients;
  auto honest = dealer_to(clients, server);
  constexpr int attacks = 10;
  const auto before = resident_bytes();
  size_t most = 0, sent = 0;
  for (int attack = 1; attack <= attacks; ++attack) {
    auto endless = dealer_to(clients, server);
    send_message(endless, 100'000, mib); // announces 100 GB
    const auto done = server.until([&] {
      most = std::max(most, resident_bytes());
      if (server.messages.size() == sent) { // the next one when the last is there
        send_message(honest, limits::parts_max, limits::media_bytes_max);
        ++sent;
      }
      return (server.shut() == attack && server.guard.size() == 1) || most > before + 2'000 * mib;
    });
    BOOST_REQUIRE(done);
    BOOST_REQUIRE(server.shut() == attack);
  }
  BOOST_TEST(most - before < attacks / 2 * unfinished_limits{}.one);
  BOOST_REQUIRE(server.until([&] { return server.messages.size() == sent; }));
  for (auto bytes : server.messages)
    BOOST_TEST(bytes == limits::parts_max * limits::media_bytes_max);
  BOOST_TEST(server.shut() == attacks);
}

BOOST_AUTO_TEST_CASE(an_encrypted_message_that_never_ends_is_cut_too) {
  char server_public[41], server_secret[41], client_public[41], client_secret[41];
  zmq_curve_keypair(server_public, server_secret);
  zmq_curve_keypair(client_public, client_secret);
  guarded_socket server{small, "tcp://127.0.0.1:*", server_secret};
  zmq::context_t clients;
  zmq::socket_t endless{clients, zmq::socket_type::dealer};
  endless.set(zmq::sockopt::linger, 0);
  endless.set(zmq::sockopt::reconnect_ivl, -1);
  endless.set(zmq::sockopt::curve_serverkey, server_public);
  endless.set(zmq::sockopt::curve_publickey, client_public);
  endless.set(zmq::sockopt::curve_secretkey, client_secret);
  endless.connect(server.address());
  send_message(endless, 10'000, mib);
  BOOST_TEST(server.until([&] { return server.shut() == 1 && server.guard.size() == 0; }));
}

BOOST_AUTO_TEST_CASE(a_client_may_pause_in_the_middle_of_the_largest_request_as_long_as_it_likes) {
  guarded_socket server;
  raw_client slow{server.address()};
  for (size_t i = 1; i <= limits::parts_max; ++i) {
    slow.frame(limits::media_bytes_max, i < limits::parts_max);
    slow.arrive();
    for (int second = 0; second < 100; ++second) {
      server.read_events();
      server.tick();
    }
  }
  BOOST_TEST(server.until([&] { return server.messages.size() == 1; }));
  BOOST_TEST(server.messages.at(0) == limits::parts_max * limits::media_bytes_max);
  BOOST_TEST(server.shut() == 0);
  BOOST_TEST(!slow.ended());
}

BOOST_AUTO_TEST_CASE(a_client_that_finishes_its_messages_may_send_without_end) {
  guarded_socket server{small};
  raw_client busy{server.address()};
  for (size_t sent = 1; sent <= 20; ++sent) {
    busy.frame(mib, true);
    busy.frame(mib, false);
    BOOST_REQUIRE(server.until([&] { return server.messages.size() == sent; }));
  }
  BOOST_TEST(server.shut() == 0);
}

BOOST_AUTO_TEST_CASE(unread_messages_speak_for_their_sender_for_one_tick) {
  guarded_socket server{small};
  raw_client sender{server.address()};
  BOOST_REQUIRE(server.until([&] { return server.guard.size() == 1; }));
  server.tick();
  for (int i = 0; i < 3; ++i)
    sender.frame(2 * mib, false);
  sender.arrive();
  server.guard.tick(server.now += 1s, false); // nothing was read: the loop was busy elsewhere
  BOOST_TEST(server.shut() == 0);
  BOOST_REQUIRE(server.until([&] { return server.messages.size() == 3; }, false));
  server.tick();
  BOOST_TEST(server.shut() == 0);
  // Others keep the socket from ever being empty: the second tick decides.
  for (int i = 0; i < 3; ++i)
    sender.frame(2 * mib, true);
  sender.arrive();
  server.guard.tick(server.now += 1s, false);
  BOOST_TEST(server.shut() == 0);
  server.guard.tick(server.now += 1s, false);
  BOOST_TEST(server.shut() == 1);
  BOOST_TEST(server.until([&] { return sender.ended(); }));
  BOOST_TEST(server.shut() == 1);
}

BOOST_AUTO_TEST_CASE(many_unfinished_messages_together_lose_the_largest) {
  guarded_socket server{small};
  raw_client least{server.address()}, middle{server.address()}, largest{server.address()};
  BOOST_REQUIRE(server.until([&] { return server.guard.size() == 3; }));
  server.tick();
  least.frame(1 * mib, true);
  middle.frame(2 * mib, true);
  largest.frame(3 * mib + 512 * kib, true);
  BOOST_REQUIRE(server.until([&] { return largest.ended(); }));
  BOOST_TEST(server.shut() == 1);
  least.frame(1, false);
  middle.frame(1, false);
  BOOST_TEST(server.until([&] { return server.messages.size() == 2; }));
  BOOST_TEST(server.shut() == 1);
}

BOOST_AUTO_TEST_CASE(heartbeats_of_an_idle_client_do_not_add_up) {
  guarded_socket server{{.one = 10 * kib, .all = 10 * kib}};
  raw_client idle{server.address()};
  BOOST_REQUIRE(server.until([&] { return server.guard.size() == 1; }));
  server.tick();
  for (int second = 0; second < 1'000; ++second) {
    idle.command(std::string("\4PING\0\0", 7) + "0123456789abcdef");
    idle.arrive();
    server.tick();
  }
  BOOST_TEST(server.shut() == 0);
  idle.frame(20 * kib + 256 * kib, true); // more than the seconds explain
  BOOST_TEST(server.until([&] { return idle.ended(); }));
  BOOST_TEST(server.shut() == 1);
}

BOOST_AUTO_TEST_CASE(a_descriptor_used_again_is_judged_by_the_connection_that_has_it) {
  probe figures;
  connection_guard guard{figures, {}, {.one = 10 * kib, .all = mib}};
  std::optional<connected> first{std::in_place};
  connected second;
  auto now = connection_guard::clock::time_point{};
  guard.monitored(ZMQ_EVENT_ACCEPTED, first->server);
  first->send(9 * kib);
  guard.tick(now, true);
  // The connection ends, the next one gets its descriptor, and the events are not read yet.
  BOOST_REQUIRE(dup2(second.server, first->server) >= 0);
  second.send(5 * kib);
  guard.tick(now, true);
  second.send(9 * kib);
  guard.tick(now, true);
  BOOST_TEST(figures.refusals("message_endless") == 0);
  guard.monitored(ZMQ_EVENT_DISCONNECTED, first->server);
  BOOST_TEST(guard.size() == 0);
  guard.monitored(ZMQ_EVENT_ACCEPTED, first->server);
  guard.tick(now, true);
  second.send(9 * kib);
  guard.tick(now, true);
  BOOST_TEST(figures.refusals("message_endless") == 0);
  second.send(2 * kib);
  guard.tick(now, true);
  BOOST_TEST(figures.refusals("message_endless") == 1);
  guard.tick(now, true);
  BOOST_TEST(figures.refusals("message_endless") == 1); // shut, its event not read
}

BOOST_AUTO_TEST_CASE(a_connection_whose_descriptor_is_kept_for_the_store_is_shut_at_once) {
  probe figures;
  connected link;
  char byte = 0;
  connection_guard enough{figures, {}, {}, link.server + 1};
  enough.monitored(ZMQ_EVENT_ACCEPTED, link.server);
  BOOST_TEST(recv(link.client, &byte, 1, MSG_DONTWAIT) == -1);
  BOOST_TEST(figures.refusals("connections_too_many") == 0);
  connection_guard scarce{figures, {}, {}, link.server};
  scarce.monitored(ZMQ_EVENT_ACCEPTED, link.server);
  timeval patience{10, 0};
  setsockopt(link.client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  BOOST_TEST(recv(link.client, &byte, 1, 0) == 0);
  BOOST_TEST(figures.refusals("connections_too_many") == 1);
  scarce.monitored(ZMQ_EVENT_DISCONNECTED, link.server);
  BOOST_TEST(scarce.size() == 0);
}

BOOST_AUTO_TEST_CASE(a_connection_that_closed_before_its_event_is_forgotten) {
  probe figures;
  connection_guard guard{figures, {}};
  std::optional<connected> link{std::in_place};
  guard.monitored(ZMQ_EVENT_ACCEPTED, link->server);
  guard.monitored(ZMQ_EVENT_ACCEPTED, 1'000'000);
  BOOST_TEST(guard.size() == 1);
  link.reset();
  guard.tick({}, true);
  BOOST_TEST(guard.size() == 0);
}

BOOST_AUTO_TEST_CASE(ipc_connections_may_have_somewhat_more_descriptors_and_no_more) {
  probe figures;
  int ends[2];
  BOOST_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  // Of 80, and an eighth more, the last number is 89.
  const int last = fcntl(ends[0], F_DUPFD, 89), beyond = fcntl(ends[0], F_DUPFD, 90);
  BOOST_REQUIRE(last == 89);
  BOOST_REQUIRE(beyond == 90);
  connection_guard guard{figures, {}, {}, 80};
  char byte = 0;
  guard.monitored(ZMQ_EVENT_ACCEPTED, last);
  BOOST_TEST(recv(ends[1], &byte, 1, MSG_DONTWAIT) == -1);
  BOOST_TEST(figures.refusals("connections_too_many") == 0);
  guard.monitored(ZMQ_EVENT_ACCEPTED, beyond);
  BOOST_TEST(recv(ends[1], &byte, 1, MSG_DONTWAIT) == 0);
  BOOST_TEST(figures.refusals("connections_too_many") == 1);
  BOOST_TEST(guard.size() == 0);
  for (int fd : {ends[0], ends[1], last, beyond})
    close(fd);
}

BOOST_AUTO_TEST_CASE(an_ipc_endpoint_is_served_without_being_watched) {
  temp_dir directory;
  guarded_socket server{small, "ipc://" + (directory.path() / "socket").string()};
  zmq::context_t clients;
  auto client = dealer_to(clients, server);
  send_message(client, 8, mib);
  BOOST_TEST(server.until([&] { return server.messages.size() == 1; }));
  BOOST_TEST(server.guard.size() == 0);
  BOOST_TEST(server.shut() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
