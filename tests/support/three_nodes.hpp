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

  mailbox_id id;
  std::string home, standby;
};

} // namespace restante
