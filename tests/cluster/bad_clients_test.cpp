// Clients that are strangers, speak another protocol, or behave badly: nothing they do stops the
// service of the others, and every honest request among theirs is answered.
#include "tests/cluster/engine_fixture.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace restante::cluster_tests {

namespace {

/// A TCP connection that speaks no ZeroMQ.
class plain_socket {
public:
  explicit plain_socket(const std::string& endpoint) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    uint16_t port = 0;
    auto digits = std::string_view{endpoint}.substr(endpoint.rfind(':') + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    to.sin_port = htons(port);
    BOOST_REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    timeval patience{15, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  plain_socket(plain_socket&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  ~plain_socket() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  void send(std::string_view bytes) const {
    (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  /// Reads until the other side closes; false when it does not.
  [[nodiscard]] bool closed_by_peer() const {
    char bytes[4096];
    for (;;) {
      auto got = ::recv(fd_, bytes, sizeof bytes, 0);
      if (got == 0 || (got < 0 && errno == ECONNRESET))
        return true;
      if (got < 0)
        return false;
    }
  }

private:
  int fd_;
};

/// A socket of any type that sends requests and reads nothing by itself.
struct bare_socket {
  zmq::context_t context{1};
  zmq::socket_t socket;

  bare_socket(const identity& who, zmq::socket_type type) : socket{context, type} {
    using namespace zmq::sockopt;
    socket.set(zmq::sockopt::linger, 0);
    socket.set(sndtimeo, 15'000);
    socket.set(rcvhwm, 1);
    socket.set(rcvbuf, 4096);
    if (!who.server_key.empty()) {
      socket.set(curve_serverkey, who.server_key);
      socket.set(curve_publickey, who.public_key);
      socket.set(curve_secretkey, who.secret_key);
    }
    socket.connect(who.endpoint);
  }

  void send(const frames& what) {
    auto more = [](bool is) { return is ? zmq::send_flags::sndmore : zmq::send_flags::none; };
    BOOST_REQUIRE(socket.send(zmq::buffer(what.envelope), more(!what.media.empty())));
    for (size_t i = 0; i < what.media.size(); ++i)
      (void)socket.send(zmq::buffer(what.media[i].view()), more(i + 1 < what.media.size()));
  }
};

uint64_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

struct clients_fixture : engine_fixture {
  void serves(const identity& who) const {
    raw_client asks{who};
    auto got = asks.ask(encode_request({5, 10'000ms, {}, ask::ping{}}));
    BOOST_TEST(std::holds_alternative<answer::pong>(got.what));
  }

  /// Nothing comes back, however often the socket tries.
  static void gets_nothing(const identity& who) {
    raw_client asks{who};
    asks.send(encode_request({5, 10'000ms, {}, ask::ping{}}));
    BOOST_TEST(!asks.receive(300ms));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_clients, clients_fixture)

// --- keys ----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_unknown_key_gets_nothing_and_is_counted) {
  gets_nothing(stranger());
  BOOST_TEST(counted("key_unknown", 1));
  gets_nothing(stranger(true));
  BOOST_TEST(counted("key_unknown", 2));
  serves(acme);
}

BOOST_AUTO_TEST_CASE(a_revoked_key_gets_nothing_and_is_counted) {
  revoke("rival");
  gets_nothing(rival);
  BOOST_TEST(counted("key_unknown", 1));
  serves(acme);
}

BOOST_AUTO_TEST_CASE(a_key_of_a_gateway_opens_no_mvno_endpoint) {
  auto confused = smsc;
  confused.endpoint = acme.endpoint;
  gets_nothing(confused);
  BOOST_TEST(counted("key_unknown", 1));
  confused = acme;
  confused.endpoint = smsc.endpoint;
  gets_nothing(confused);
  BOOST_TEST(counted("key_unknown", 2));
  serves(acme);
}

BOOST_AUTO_TEST_CASE(a_wrong_server_key_gets_nothing) {
  auto misled = acme;
  misled.server_key = acme.public_key;
  gets_nothing(misled);
  BOOST_TEST(counted("handshake_failed", 1));
  serves(acme);
}

BOOST_AUTO_TEST_CASE(a_client_without_curve_gets_nothing_on_a_curve_endpoint) {
  gets_nothing({"", acme.endpoint, {}, {}, {}});
  BOOST_TEST(counted("handshake_failed", 1));
  gets_nothing({"", smsc.endpoint, {}, {}, {}});
  BOOST_TEST(counted("handshake_failed", 2));
  serves(acme);
}

BOOST_AUTO_TEST_CASE(a_tenant_revoked_on_a_live_connection_is_denied) {
  raw_client live{rival};
  auto ping = encode_request({5, 10'000ms, {}, ask::ping{}});
  BOOST_TEST(std::holds_alternative<answer::pong>(live.ask(ping).what));
  revoke("rival");
  for (uint64_t count = 1; count <= 3; ++count) {
    BOOST_TEST(verdict(live.ask(ping).what) == "denied tenant_revoked");
    BOOST_TEST(refused("tenant_revoked") == count);
  }
  // A new key for the name does not wake up the old connection.
  rival = add_tenant("rival", role::mvno, {}, "4712");
  BOOST_TEST(verdict(live.ask(ping).what) == "denied tenant_revoked");
  serves(rival);
  serves(acme);
}

BOOST_AUTO_TEST_CASE(a_gateway_revoked_on_a_live_connection_is_denied) {
  gateway_client live{smsc};
  BOOST_REQUIRE(live.post(sms::hello{10}) != 0U);
  auto got = live.receive(patience);
  BOOST_REQUIRE((got && *got));
  BOOST_TEST(std::holds_alternative<sms::welcome>((*got)->what));
  revoke("smsc");
  BOOST_REQUIRE(live.post(sms::hello{10}) != 0U);
  do
    got = live.receive(patience);
  while (got && *got && std::holds_alternative<sms::submit>((*got)->what));
  BOOST_REQUIRE((got && *got));
  BOOST_TEST((std::get<failure>((*got)->what).code == errc::denied));
  BOOST_TEST(refused("tenant_revoked") == 1U);
}

// --- other protocols -----------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(other_protocols_are_hung_up_on) {
  const std::string greeting = std::string("\xFF\0\0\0\0\0\0\0\x01\x7F", 10);
  const std::string spoken[] = {
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(200, 'x'),
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11) + std::string(512, '\x5A'),
      std::string(1'000, '\0'), std::string(1'000, '\xFF'),
      // A right greeting with another mechanism, and a right one followed by noise.
      greeting + std::string("\x03\0NULL", 6) + std::string(16 + 32, '\0'),
      greeting + std::string("\x03\0CURVE", 7) + std::string(15 + 32, '\0') +
          std::string(300, '\xAB')};
  for (const auto& endpoint : {acme.endpoint, smsc.endpoint})
    for (const auto& bytes : spoken) {
      plain_socket peer{endpoint};
      peer.send(bytes);
      BOOST_TEST(peer.closed_by_peer());
    }
  BOOST_TEST(counted("handshake_failed", 1));
  serves(acme);
}

BOOST_AUTO_TEST_CASE(two_hundred_idle_connections_do_not_stop_service) {
  std::vector<plain_socket> idle;
  for (int i = 0; i < 200; ++i)
    idle.emplace_back(acme.endpoint);
  for (size_t i = 0; i < idle.size(); i += 2)
    idle[i].send(std::string("\xFF\0\0\0\0\0\0\0\x01\x7F\x03", 11)); // half a greeting
  serves(acme);
  serves(rival);
  BOOST_TEST(deposit(acme, profile) == "accepted");
  // A handshake that is not finished in time is ended.
  BOOST_TEST(idle.back().closed_by_peer());
  BOOST_TEST(idle.front().closed_by_peer());
}

// --- greed ---------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_client_that_never_reads_is_bounded_and_alone) {
  std::vector<std::string> profiles;
  client asks{acme};
  for (int i = 0; i < 16; ++i) {
    profiles.push_back(register_device(acme, "+150555520" + std::to_string(10 + i)));
    auto large = voicemail(amr(32 * 1024));
    BOOST_TEST_REQUIRE(verdict(asks.ask(of(profiles.back(), large))) == "accepted");
  }
  auto resident = resident_bytes();
  auto before = figures();
  uint64_t own = 0; // requests of this test that are not the deaf client's
  bare_socket deaf{acme, zmq::socket_type::dealer};
  constexpr size_t count = 2'000; // of a megabyte each
  op::retrieve what{{std::nullopt, 1}, channel::out_of_band, {}, {}};
  for (size_t i = 0; i < count; ++i)
    deaf.send(encode_request(
        {i + 1, 10'000ms, std::to_string(i), of(profiles[i % profiles.size()], what)}));
  auto end = std::chrono::steady_clock::now() + patience;
  uint64_t most = resident;
  bool done = false;
  while (!done && std::chrono::steady_clock::now() < end) {
    serves(rival); // others are served meanwhile
    auto now = figures();
    own += 2;
    most = std::max(most, resident_bytes());
    auto grown = [&](const char* name) { return now[name] - before[name]; };
    auto admitted = grown("requests_total");
    auto answered = grown("replies_total") + grown("refused.client_queue_full");
    done = admitted - own + grown("refused.replies_unread") >= count && answered + 1 >= admitted;
  }
  BOOST_TEST(done);
  BOOST_TEST_MESSAGE("memory grew by " << (most - resident) / 1024 / 1024 << " MiB");
  BOOST_TEST(most - resident < 384U * 1024 * 1024);
  BOOST_TEST(refused("replies_unread") > 0U);
  serves(acme);
}

BOOST_AUTO_TEST_CASE(media_beyond_what_a_client_reads_are_refused_before_they_count_as_heard) {
  std::vector<std::string> profiles;
  client asks{acme};
  for (int i = 0; i < 100; ++i) {
    profiles.push_back(register_device(acme, "+15055552" + std::to_string(100 + i)));
    BOOST_TEST_REQUIRE(verdict(asks.ask(of(profiles.back(), voicemail(amr(32 * 1024))))) ==
                       "accepted");
  }
  raw_client greedy{acme};
  op::retrieve what{{std::nullopt, 1}, channel::out_of_band, {}, {}};
  for (size_t i = 0; i < profiles.size(); ++i)
    greedy.send(encode_request({i + 1, 10'000ms, std::to_string(i), of(profiles[i], what)}));
  size_t handed_out = 0, heard = 0;
  for (size_t i = 0; i < profiles.size(); ++i) {
    auto got = greedy.receive();
    BOOST_REQUIRE_MESSAGE(got, i << " answers");
    auto* why = std::get_if<failure>(&got->what);
    BOOST_TEST((why == nullptr || why->code == errc::busy), verdict(got->what));
    handed_out += why == nullptr;
  }
  for (const auto& one : profiles) {
    auto got = asks.ask(of(one, op::list{}));
    BOOST_TEST_REQUIRE(verdict(got) == "accepted");
    heard += std::get<answer::listing>(*got).headers.at(0).has(played);
  }
  BOOST_TEST_MESSAGE(handed_out << " of " << profiles.size() << " handed out");
  BOOST_TEST(handed_out > 0U);
  BOOST_TEST(handed_out == heard);
}

BOOST_AUTO_TEST_CASE(a_client_that_never_reads_small_answers_is_bounded_too) {
  bare_socket deaf{acme, zmq::socket_type::dealer};
  auto resident = resident_bytes();
  auto ping = encode_request({5, 10'000ms, {}, ask::ping{}});
  size_t sent = 0;
  auto send = [&](size_t upto) {
    while (sent++ < upto)
      deaf.send(ping);
  };
  send(200'000);
  BOOST_TEST(counted("replies_unread", 1)); // first it is told that it should read
  serves(acme);
  send(500'000);
  BOOST_TEST(counted("client_queue_full", 1)); // then it is told nothing any more
  serves(acme);
  BOOST_TEST(resident_bytes() - resident < 512U * 1024 * 1024);
}

BOOST_AUTO_TEST_CASE(a_client_faster_than_the_disk_gets_every_deposit_answered) {
  std::vector<std::string> profiles;
  for (int i = 0; i < 200; ++i)
    profiles.push_back(register_device(acme, "+1505555" + std::to_string(1'000 + i)));
  constexpr size_t count = 20'000;
  client load{acme};
  auto recording = amr(50);
  std::set<uint64_t> open;
  size_t deposited = 0, busy = 0;
  auto take = [&](milliseconds wait) {
    auto got = load.receive(wait);
    if (!got)
      return false;
    BOOST_REQUIRE(*got);
    BOOST_TEST_REQUIRE(open.erase((*got)->correlation) == 1U); // once, and never twice
    auto* why = std::get_if<failure>(&(*got)->what);
    if (why != nullptr)
      BOOST_TEST_REQUIRE((why->code == errc::busy), verdict((*got)->what));
    ++(why == nullptr ? deposited : busy);
    return true;
  };
  for (size_t i = 0; i < count; ++i) {
    auto correlation = load.post(of(profiles[i % profiles.size()], voicemail(recording)));
    BOOST_TEST_REQUIRE(correlation != 0U);
    open.insert(correlation);
    while (i % 64 == 0 && take(0ms)) { // as fast as it can send, but it does read
    }
  }
  while (!open.empty())
    BOOST_REQUIRE_MESSAGE(take(patience), open.size() << " deposits were never answered");
  BOOST_TEST_MESSAGE(deposited << " deposited, " << busy << " busy");
  BOOST_TEST(deposited + busy == count);
  BOOST_TEST(deposited > 0U);
  auto now = figures();
  BOOST_TEST(now["refused.requests_in_flight"] + now["refused.mailbox_waiting"] +
                 now["refused.bytes_in_flight"] + now["refused.mailbox_loading"] ==
             busy);
}

// --- publishers ----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_publisher_hears_of_refusals_by_the_feed) {
  for (auto [endpoint, type] :
       {std::pair{3, zmq::socket_type::push}, std::pair{4, zmq::socket_type::pub}}) {
    client hears{local(2)};
    BOOST_TEST_REQUIRE(verdict(hears.ask(ask::subscribe{"tail", 10, 0})) == "accepted");
    bare_socket publisher{local(static_cast<size_t>(endpoint)), type};
    auto said = [&](const frames& what) -> std::optional<answer::event> {
      auto end = std::chrono::steady_clock::now() + patience;
      while (std::chrono::steady_clock::now() < end) {
        publisher.send(what); // what a publisher sends before it is connected is lost
        if (auto event = hears.next_event(200ms)) {
          while (hears.next_event(50ms)) {
          }
          return event;
        }
      }
      return std::nullopt;
    };
    auto expect = [&](const frames& what, const std::string& id, const std::string& expected) {
      BOOST_TEST_CONTEXT("expecting " << expected) {
        auto event = said(what);
        BOOST_REQUIRE(event);
        BOOST_TEST((event->what == cause::refused));
        BOOST_TEST(event->request_id == id);
        BOOST_REQUIRE(event->why);
        BOOST_TEST(verdict(outcome{*event->why}) == expected);
        BOOST_TEST(refused(expected.substr(expected.find(' ') + 1)) >= 1U);
      }
    };
    // Known to the mailbox only, found while decoding, and not decodable at all.
    expect(deposit_frames(1, voicemail(), "one"), "one", "not_found subscriber_not_found");
    auto bad = deposit_frames(1, voicemail(), "two");
    bad.media.clear();
    expect(bad, "two", "invalid_request frames_missing");
    expect({std::string(80, 'x'), {}}, "", "invalid_request envelope_segments");
    bad.media.assign(12, chunk{});
    expect(bad, "", "invalid_request frames_too_many");
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::cluster_tests
