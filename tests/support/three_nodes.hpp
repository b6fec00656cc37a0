// A cluster of three nodes, and one mailbox at home in its larger region. Owner: a test.
#pragma once

#include "tests/support/cluster_stage.hpp"

namespace restante {

using namespace std::chrono_literals;

/// A region of two nodes that hold everything both, and another of one.
struct three_nodes : cluster_stage {
  three_nodes() : cluster_stage{{{"paris", "eu1"}, {"lyon", "eu1"}, {"boston", "us1"}}, 2} {
    pass(2s);
    id = (*this)["paris"].register_device();
    settle();
    const placement places{seen_by("paris"), 2};
    auto holders = places.holders("eu1", partition_of(id));
    home = holders[0]->name;
    standby = holders[1]->name;
    pass(2s);
  }

  std::string ask_at(const std::string& node, mailbox_op what, const std::string& request,
                     const std::string& region = "eu1") {
    auto done = (*this)[node].ask_here(id, std::move(what), request, region);
    settle();
    pass(1s);
    return done.reason();
  }
  std::string deposit_at(const std::string& node, const std::string& request) {
    return ask_at(node, (*this)[node].voicemail(), request);
  }
  /// Figures of its status, or of one of its peers ("peer.<name>.<fact>" without the name).
  std::map<std::string, std::string> figures(const std::string& node,
                                             const std::string& peer = {}) {
    auto done = (*this)[node].ask((*this)[node].replicator, node_status_request{});
    settle();
    std::map<std::string, std::string> out;
    const auto prefix = peer.empty() ? std::string{} : "peer." + peer + ".";
    for (const auto& [name, value] : done.as<answer::status>().figures)
      if (name.starts_with(prefix))
        out.emplace(name.substr(prefix.size()), value);
    return out;
  }
  size_t messages(const std::string& node) { return (*this)[node].on_disk(id).messages.size(); }

  /// As if its process had ended.
  void lose(const std::string& name) {
    for (const auto& [other, node] : nodes)
      if (other != name)
        cut(name, other);
    down.insert(name);
  }
  void find(const std::string& name) {
    down.erase(name);
    for (const auto& [other, node] : nodes)
      if (other != name)
        heal(name, other);
  }

  /// A message that came from another node, which is lost then: it is in no log that there is.
  op::deposit leave_at_home_only(const std::string& request) {
    BOOST_TEST(deposit_at(home, "one") == "accepted");
    BOOST_TEST(ask_at(home, op::locate{"us1"}, "travel") == "accepted");
    pass(3s);
    cut("boston", standby);
    cut(home, standby);
    auto what = (*this)["boston"].voicemail();
    BOOST_TEST(ask_at("boston", what, request) == "accepted");
    lose("boston");
    BOOST_TEST(messages(home) == 2U);
    BOOST_TEST(messages(standby) == 1U);
    heal(home, standby);
    return what;
  }

  mailbox_id id;
  std::string home, standby;
};

} // namespace restante
