// Several nodes without sockets: each its own cast on its own disk, joined by a wire that tests cut
// and heal. All time is virtual and the same for all.
#pragma once

#include "actors/forwarder.hpp"
#include "actors/replica.hpp"
#include "actors/replicator.hpp"
#include "tests/support/stage.hpp"

#include <deque>
#include <set>

namespace restante {

class cluster_stage;

/// One node of it.
struct cluster_node : stage {
  cluster_node(cluster_stage& all, std::string its_name, place where);

  void begin();
  /// As from the link.
  void hear(const peer_event_batch& what) {
    tell(replicator, what);
    tell(forwarder(), what);
  }
  /// Ends everybody and begins again on the same disk.
  void start_again();

  forwarder_actor forwarder() const { return caf::actor_cast<forwarder_actor>(entrance); }

  /// As a client's, at this node.
  call ask_here(const mailbox_id& box, mailbox_op op, std::string id, std::string home = "eu1",
                tenant_ptr who = nullptr) {
    auto what = *command_of(box, std::move(op), std::move(id), std::move(who));
    what.region = std::move(home);
    return ask(forwarder(), std::make_shared<const command>(std::move(what)));
  }

  cluster_stage& all;
  std::string name;
  replicator_actor replicator;
};

class cluster_stage {
public:
  /// Names and regions of its nodes.
  explicit cluster_stage(std::vector<std::pair<std::string, std::string>> nodes,
                         size_t replicas = 1, numbering_plan plan = {})
      : replicas{replicas}
      , numbering{std::move(plan)} {
    std::vector<std::string> regions;
    for (const auto& [name, region] : nodes)
      regions.push_back(region);
    uint32_t lane = 0;
    for (const auto& [name, region] : nodes) {
      member one;
      one.name = name;
      one.region = region;
      one.lane = lane++;
      members.push_back(one);
    }
    lane = 0;
    for (const auto& [name, region] : nodes) {
      auto lanes = static_cast<uint32_t>(nodes.size());
      this->nodes.emplace(name, std::make_unique<cluster_node>(
                                    *this, name,
                                    stage::place{region, lane + 1u, lane, lanes, regions,
                                                 [this, name = name](stage& at) {
                                                   return node_actor{forwarder_of(at, name)};
                                                 }}));
      ++lane;
    }
    for (auto& [name, node] : this->nodes)
      node->begin();
    for (auto& [name, node] : this->nodes)
      connect(name);
    settle();
  }

  cluster_node& operator[](const std::string& name) { return *nodes.at(name); }

  forwarder_actor forwarder_of(stage& at, const std::string& name) {
    at.tenants->put({.name = "operator", .is = role::operator_});
    forwarder_options how{name, at.node, at.environment, at.tenants};
    how.numbering = numbering;
    how.send = [this, name](peer_outbound what) { send(name, std::move(what)); };
    return at.keep(spawn_forwarder(at.sys, std::move(how)));
  }

  [[nodiscard]] membership_ptr seen_by(const std::string& name) const {
    return std::make_shared<const membership>(membership{name, members});
  }

  [[nodiscard]] bool joined(const std::string& a, const std::string& b) const {
    return !cuts.contains({a, b}) && !down.contains(a) && !down.contains(b);
  }

  void send(const std::string& from, peer_outbound what) {
    wire.push_back({from, std::move(what)});
  }

  /// Its connections to the others come up, and theirs to it.
  void connect(const std::string& name) {
    for (auto& [other, node] : nodes)
      if (other != name && joined(name, other)) {
        link(name, other, true);
        link(other, name, true);
      }
  }

  void link(const std::string& at, const std::string& to, bool up) {
    if (down.contains(at))
      return;
    auto events = std::make_shared<std::vector<peer_event>>();
    events->push_back(peer_connection{to, true, up});
    nodes.at(at)->hear(events);
  }

  void cut(const std::string& a, const std::string& b) {
    cuts.insert({a, b});
    cuts.insert({b, a});
    link(a, b, false);
    link(b, a, false);
    settle();
  }

  void heal(const std::string& a, const std::string& b) {
    cuts.erase({a, b});
    cuts.erase({b, a});
    link(a, b, true);
    link(b, a, true);
    settle();
  }

  /// Until nothing is under way any more; time stands still.
  void settle() {
    for (bool more = true; more;) {
      more = false;
      for (auto& [name, node] : nodes)
        node->run();
      while (!wire.empty()) {
        auto [from, what] = std::move(wire.front());
        wire.pop_front();
        more = true;
        ++carried;
        if (!joined(from, what.peer) || (loses && loses(from, what)))
          continue;
        deliver(from, what);
      }
    }
  }

  void deliver(const std::string& from, const peer_outbound& what) {
    auto coded = peer::encode(what.what); // as it would be on a socket
    auto read = peer::decode(coded.envelope, coded.media);
    BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().text);
    auto events = std::make_shared<std::vector<peer_event>>();
    events->push_back(peer_inbound{from, !what.ours, std::move(*read)});
    nodes.at(what.peer)->hear(events);
  }

  void pass(caf::timespan time) {
    constexpr auto step = std::chrono::milliseconds{250};
    for (caf::timespan gone{0}; gone < time; gone += step) {
      for (auto& [name, node] : nodes)
        node->advance(step);
      settle();
    }
  }

  size_t replicas;
  numbering_plan numbering;
  std::vector<member> members;
  std::map<std::string, std::unique_ptr<cluster_node>> nodes;
  std::set<std::pair<std::string, std::string>> cuts;
  std::set<std::string> down;
  std::deque<std::pair<std::string, peer_outbound>> wire;
  /// Loses a message, or changes it; may be none.
  std::function<bool(const std::string& from, peer_outbound&)> loses;
  size_t carried = 0;
};

inline cluster_node::cluster_node(cluster_stage& all, std::string its_name, place where)
    : stage{std::move(where)}
    , all{all}
    , name{std::move(its_name)} {}

inline void cluster_node::begin() {
  replicator_options how{writer, reader, node, directory, environment};
  how.cluster.bytes.fill(1);
  how.members = all.seen_by(name);
  how.replicas = all.replicas;
  how.newest = newest;
  how.verify_every = std::chrono::seconds{2};
  how.send = [this](peer_outbound what) { all.send(name, std::move(what)); };
  how.listener = standing_listener{forwarder()};
  how.fatal = [bad = fatal](const failure& why) { bad->push_back(why); };
  replicator = keep(spawn_replicator(sys, std::move(how)));
  tell(forwarder(), carried_out_by{directory, replicator});
  tell(writer, caf::actor_cast<log_listener_actor>(replicator));
  run();
}

inline void cluster_node::start_again() {
  restart();
  begin();
}

} // namespace restante
