// Peer bridges on real sockets, what each of them heard, and sockets that only pretend to be one.
#pragma once

#include "bridges/curve_keys.hpp"
#include "bridges/peer_bridge.hpp"
#include "tests/schemas/peer_same.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace restante::peer_tests {

using namespace std::chrono_literals;

/// Far beyond what anything here takes.
constexpr auto patience = 60s;

inline std::string new_secret() {
  auto key = random_key();
  return {reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()};
}

/// Waits for what is counted on another thread.
template <class Condition>
[[nodiscard]] bool eventually(Condition holds) {
  for (auto end = std::chrono::steady_clock::now() + patience; !holds();) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

/// A node's name and keys, which outlive its bridge, and all that its bridges heard.
class peer_node {
public:
  explicit peer_node(std::string its_name) : name{std::move(its_name)} {}
  ~peer_node() { stop(); }

  void start(const std::string& address = "tcp://127.0.0.1:*") {
    bridge = std::make_unique<peer_bridge>(peer_bridge::options{address, secret, &figures});
    at = bridge->address();
    bridge->start([this](const peer_event_batch& batch) {
      std::lock_guard lock{mutex_};
      for (auto& each : *batch)
        heard_.push_back(std::move(each));
      more_.notify_all();
    });
  }
  void stop() { bridge.reset(); }

  [[nodiscard]] member as_member() const { return {name, "eu1", at, public_of(secret)}; }
  [[nodiscard]] std::shared_ptr<const membership> with(std::vector<member> others) const {
    others.push_back(as_member());
    return std::make_shared<membership>(membership{name, std::move(others)});
  }
  void meet(std::vector<member> others) { bridge->set_members(with(std::move(others))); }

  void say(const std::string& to, bool ours, peer::message what) {
    bridge->delivery()({to, ours, std::move(what)});
  }

  /// Waits until `holds` of everything heard so far.
  template <class Condition>
  [[nodiscard]] bool hears(Condition holds) {
    std::unique_lock lock{mutex_};
    return more_.wait_for(lock, patience, [&] { return holds(heard_); });
  }

  /// Waits for a number of messages by one connection; returns them all.
  [[nodiscard]] std::vector<peer::message> said(const std::string& by, bool ours, size_t count) {
    std::vector<peer::message> out;
    BOOST_TEST(hears([&](const auto& all) {
      out.clear();
      for (const auto& each : all)
        if (auto* in = std::get_if<peer_inbound>(&each); in && in->peer == by && in->ours == ours)
          out.push_back(in->what);
      return out.size() >= count;
    }));
    return out;
  }

  /// How often a connection came up, and went down.
  [[nodiscard]] size_t times(const std::string& who, bool ours, bool up) {
    std::lock_guard lock{mutex_};
    return counted(heard_, who, ours, up);
  }
  [[nodiscard]] bool sees(const std::string& who, bool ours, bool up, size_t times = 1) {
    return hears([&](const auto& all) { return counted(all, who, ours, up) >= times; });
  }

  [[nodiscard]] double refused(const char* reason) const { return figures.refusals(reason); }
  [[nodiscard]] std::string figure(const std::string& wanted) const {
    for (const auto& [name, value] : figures.figures())
      if (name == wanted)
        return value;
    return "none";
  }

  std::string name;
  std::string secret = new_secret();
  std::string at; // its address, also while it is stopped
  probe figures;
  std::unique_ptr<peer_bridge> bridge;

private:
  static size_t counted(const std::vector<peer_event>& all, const std::string& who, bool ours,
                        bool up) {
    size_t out = 0;
    for (const auto& each : all)
      if (auto* it = std::get_if<peer_connection>(&each))
        out += it->peer == who && it->ours == ours && it->up == up;
    return out;
  }

  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<peer_event> heard_; // guarded by mutex_
};

/// Nodes that know each other and are connected.
inline void introduce(std::vector<peer_node*> nodes) {
  for (auto* each : nodes) {
    std::vector<member> others;
    for (auto* other : nodes)
      if (other != each)
        others.push_back(other->as_member());
    each->meet(std::move(others));
  }
  for (auto* each : nodes)
    for (auto* other : nodes)
      BOOST_REQUIRE(other == each || each->sees(other->name, true, true));
}

/// A socket that says what it likes with a node's key, to whoever has another key.
struct pretender {
  pretender(zmq::socket_type type, const std::string& secret) : socket{context, type} {
    socket.set(zmq::sockopt::linger, 0);
    if (secret.empty())
      return;
    socket.set(zmq::sockopt::curve_publickey, to_z85(public_of(secret)));
    socket.set(zmq::sockopt::curve_secretkey, to_z85(secret));
  }
  void connect(const member& to) {
    if (!socket.get(zmq::sockopt::curve_publickey).empty())
      socket.set(zmq::sockopt::curve_serverkey, to_z85(to.public_key));
    socket.connect(to.address);
  }
  void say(const frames& what) {
    auto more = [](bool is) { return is ? zmq::send_flags::sndmore : zmq::send_flags::none; };
    BOOST_REQUIRE(socket.send(zmq::buffer(what.envelope), more(!what.media.empty())));
    for (size_t i = 0; i < what.media.size(); ++i)
      (void)socket.send(zmq::buffer(what.media[i].view()), more(i + 1 < what.media.size()));
  }
  void say(const peer::message& what) { say(encode(what)); }

  zmq::context_t context{1};
  zmq::socket_t socket;
};

} // namespace restante::peer_tests
