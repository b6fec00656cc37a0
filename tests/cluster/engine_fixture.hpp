// A whole node in a directory of its own, and the other side of its sockets: tenants with keys,
// connections that send any frames, and what a test looks at - counters, and whether a byte was
// written to the store. A test owns one node; it must end with every accepted request answered.
#pragma once

#include "bridges/client.hpp"
#include "cluster/engine.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <map>

namespace restante::cluster_tests {

using namespace std::chrono_literals;

constexpr milliseconds patience{15'000};

inline std::string sample(const std::string& name) {
  std::ifstream file{RESTANTE_SOURCE_DIR "/tests/data/" + name, std::ios::binary};
  BOOST_REQUIRE_MESSAGE(file, "cannot open tests/data/" << name);
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// AMR of so many frames of 20 ms, 32 bytes each.
inline std::string amr(size_t frames_20ms, char fill = 'x') {
  std::string out = "#!AMR\n";
  for (size_t i = 0; i < frames_20ms; ++i)
    out.append(1, '\x3C').append(31, fill);
  return out;
}

/// The reason in a refusal as a client sees it: in brackets at the end of the text.
inline std::string reason_of(const failure& why) {
  auto at = why.text.rfind(" [");
  return at == std::string::npos ? why.reason : why.text.substr(at + 2, why.text.size() - at - 3);
}

/// "not_found subscriber_not_found" for a refusal, "accepted" for anything else.
inline std::string verdict(const outcome& what) {
  auto* why = std::get_if<failure>(&what);
  return why == nullptr ? "accepted" : std::string{to_string(why->code)} + " " + reason_of(*why);
}
inline std::string verdict(const result<outcome>& what) {
  return what ? verdict(*what) : verdict(outcome{what.error()});
}

/// A client that sends frames as they are.
class raw_client {
public:
  explicit raw_client(const identity& who) : socket_{who} {}

  void send(const frames& what) { BOOST_REQUIRE(socket_.send(what)); }

  [[nodiscard]] std::optional<reply> receive(milliseconds wait = patience) {
    auto got = socket_.receive(wait);
    if (!got)
      return std::nullopt;
    auto decoded = decode_reply(got->envelope, std::move(got->media));
    BOOST_REQUIRE_MESSAGE(decoded, "the node sent what its own decoder refuses");
    return std::move(*decoded);
  }

  [[nodiscard]] reply ask(const frames& what) {
    send(what);
    auto got = receive();
    BOOST_REQUIRE_MESSAGE(got, "no answer");
    return std::move(*got);
  }

private:
  dealer socket_;
};

struct node_shape {
  std::filesystem::path data = {}; // empty: in the test's own directory
  uint64_t disk_reserve_bytes = 1024 * 1024;
};

struct engine_fixture {
  static constexpr const char* number = "+15055550183";

  explicit engine_fixture(const node_shape& how = {}) {
    start(how);
    acme = add_tenant("acme", role::mvno, {}, "4711");
    rival = add_tenant("rival", role::mvno, {}, "4712");
    portal = add_tenant("portal", role::application, {"acme"});
    smsc = add_tenant("smsc", role::sms_gateway, {"acme", "rival"});
    (void)add_tenant("local", role::mvno, {}, "4713");
    profile = register_device(acme, number);
    BOOST_TEST(deposit(acme, profile) == "accepted");
  }

  /// Whatever a test did, an honest deposit still works on a new connection, and nothing that was
  /// accepted stays unanswered. (Boost.Test calls it before the destructor.)
  void teardown() {
    if (!running)
      return;
    if (!full)
      BOOST_TEST(deposit(acme, profile) == "accepted");
    BOOST_TEST(running->stop());
  }

  // --- the node ----------------------------------------------------------------------------------

  void start(const node_shape& how) {
    using e = endpoint_config;
    node_config config;
    config.data = how.data.empty() ? home.path() / "data" : how.data;
    config.region = "test";
    config.metrics_address = "";
    config.disk_reserve_bytes = how.disk_reserve_bytes;
    config.worker_threads = 2;
    auto ipc = [&](const char* name) { return "ipc://" + (home.path() / name).string(); };
    config.endpoints = {
        {e::kind::admin, e::pattern::router, e::security::none, ipc("admin"), "operator"},
        {e::kind::mvno, e::pattern::router, e::security::curve, "tcp://127.0.0.1:*", ""},
        {e::kind::mvno, e::pattern::router, e::security::none, ipc("local"), "local"},
        {e::kind::mvno, e::pattern::pull, e::security::none, ipc("pull"), "local"},
        {e::kind::mvno, e::pattern::sub, e::security::none, ipc("sub"), "local"},
        {e::kind::sms, e::pattern::router, e::security::curve, "tcp://127.0.0.1:*", ""}};
    auto started = engine::start({config, keys, {}, {1, 8192}, {}});
    BOOST_REQUIRE_MESSAGE(started, started.error().text);
    running = std::move(*started);
    addresses = running->addresses();
  }

  [[nodiscard]] identity local(size_t endpoint) const {
    return {"", addresses[endpoint], {}, {}, {}};
  }
  [[nodiscard]] identity admin() const { return local(0); }

  /// An identity with fresh keys for one of the two CURVE endpoints; no tenant has it yet.
  [[nodiscard]] identity stranger(bool sms = false) const {
    auto secret = random_key();
    std::string_view raw{reinterpret_cast<const char*>(secret.bytes.data()), secret.bytes.size()};
    return {"", addresses[sms ? 5 : 1], to_z85(curve_public(keys.curve)),
            to_z85(curve_public(secret)), to_z85(raw)};
  }

  identity add_tenant(const std::string& name, role is, std::vector<std::string> serves = {},
                      const std::string& code = {}) {
    auto who = stranger(is == role::sms_gateway);
    who.tenant = name;
    tenant_record record;
    record.name = name;
    record.is = is;
    record.public_key = *from_z85(who.public_key);
    record.region = "US";
    record.serves = std::move(serves);
    record.short_code = code;
    client asks{admin()};
    BOOST_TEST_REQUIRE(verdict(asks.ask(ask::tenant_add{record}, {}, patience)) == "accepted");
    return who;
  }

  void revoke(const std::string& name) {
    client asks{admin()};
    BOOST_TEST_REQUIRE(verdict(asks.ask(ask::tenant_revoke{name}, {}, patience)) == "accepted");
  }

  // --- what it shows -----------------------------------------------------------------------------

  [[nodiscard]] std::map<std::string, uint64_t> figures() const {
    client asks{admin()};
    auto got = asks.ask(ask::status{}, {}, patience);
    BOOST_REQUIRE_MESSAGE(got, "the node does not tell its status: " << verdict(got));
    std::map<std::string, uint64_t> out;
    for (const auto& [name, value] : std::get<answer::status>(*got).figures)
      out[name] = std::strtoull(value.c_str(), nullptr, 10);
    return out;
  }

  [[nodiscard]] uint64_t refused(const std::string& reason) const {
    return figures()["refused." + reason];
  }

  /// Grows with every byte that is written: equal before and after means nothing changed.
  [[nodiscard]] uint64_t written() const { return figures()["store.wal_bytes"]; }

  /// Waits for a counter that moves beside the requests: handshakes, dropped replies.
  [[nodiscard]] bool counted(const std::string& reason, uint64_t at_least) const {
    auto end = std::chrono::steady_clock::now() + patience;
    while (refused(reason) < at_least)
      if (std::chrono::steady_clock::now() > end)
        return false;
    return true;
  }

  // --- honest clients ----------------------------------------------------------------------------

  static std::string register_device(const identity& who, const std::string& number) {
    ask::register_device what;
    what.number = number;
    what.pin = "482913";
    client asks{who};
    auto done = asks.ask(what, {}, patience);
    BOOST_REQUIRE_MESSAGE(done, verdict(done));
    return to_string(std::get<answer::registered>(*done).profile);
  }

  static op::deposit voicemail(std::string bytes = amr(50), media_type type = media_type::amr) {
    op::deposit out;
    out.caller = "+15055551212";
    out.called_at = system_now();
    out.parts.push_back({type, chunk{std::move(bytes)}});
    return out;
  }

  static operation of(const std::string& profile, mailbox_op what) {
    return ask::of_mailbox{{subscriber_ref::by::profile, profile}, std::move(what)};
  }

  static std::string deposit(const identity& who, const std::string& profile) {
    client asks{who};
    return verdict(asks.ask(of(profile, voicemail()), {}, patience));
  }

  /// A deposit for `profile` as frames, to be damaged.
  [[nodiscard]] frames deposit_frames(uint64_t correlation = 77, op::deposit what = voicemail(),
                                      std::string id = fresh_request_id()) const {
    return encode_request({correlation, 10'000ms, std::move(id), of(profile, std::move(what))});
  }

  // --- judging -----------------------------------------------------------------------------------

  /// Sends something bad as `acme` and expects exactly one refusal, a counted reason, an untouched
  /// store, and that honest requests go on working, here and on another connection.
  void refuses(const frames& bad, const std::string& expected) {
    BOOST_TEST_CONTEXT("expecting " << expected) {
      auto reason = expected.substr(expected.find(' ') + 1);
      if (!worst)
        worst.emplace(acme);
      if (!other)
        other.emplace(acme);
      auto before = figures();
      auto got = worst->ask(bad);
      BOOST_TEST(verdict(got.what) == expected);
      auto after = figures();
      BOOST_TEST(after["refused." + reason] == before["refused." + reason] + 1);
      BOOST_TEST(after["store.wal_bytes"] == before["store.wal_bytes"]);
      auto honest = encode_request({99, 10'000ms, {}, of(profile, op::list{})});
      for (auto* connection : {&*worst, &*other}) {
        auto listed = connection->ask(honest);
        BOOST_TEST(listed.correlation == 99U);
        BOOST_TEST(std::holds_alternative<answer::listing>(listed.what));
      }
    }
  }
  void refuses(std::string envelope, const std::string& expected) {
    refuses(frames{std::move(envelope), {}}, expected);
  }
  void refuses(operation what, const std::string& expected) {
    refuses(encode_request({55, 10'000ms, fresh_request_id(), std::move(what)}), expected);
  }

  static node_keys make_keys() {
    init_crypto();
    return {random_key(), random_key(), random_key()};
  }

  temp_dir home;
  node_keys keys = make_keys();
  std::unique_ptr<engine> running;
  std::vector<std::string> addresses;
  identity acme, rival, portal, smsc;
  std::string profile; // of acme's subscriber
  bool full = false;   // the disk is: no deposit works
  std::optional<raw_client> worst, other;
};

} // namespace restante::cluster_tests
