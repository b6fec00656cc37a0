// Nodes of a cluster for the benchmarks, in this process, each in a directory of its own that goes
// with it; one tenant, known to all.
#pragma once

#include "benchmarks/site.hpp"
#include "cluster/engine.hpp"

#include <memory>
#include <vector>

namespace restante::bench {

class bench_cluster {
public:
  /// One node for each region named; `replicas` in a region. Returns when they know each other and
  /// serve. Throws std::runtime_error.
  bench_cluster(const std::filesystem::path& under, const std::vector<std::string>& regions,
                size_t replicas);

  /// What a depositor of the tenant needs to reach a node, by its place in `regions`.
  [[nodiscard]] const identity& depositor(size_t node) const { return nodes_[node].depositor; }
  [[nodiscard]] identity admin(size_t node) const {
    return {"operator", nodes_[node].admin, {}, {}, {}};
  }
  [[nodiscard]] static std::string name_of(size_t node) { return "n" + std::to_string(node + 1); }

private:
  struct one {
    std::unique_ptr<scratch> home; // goes last: the engine writes into it
    std::unique_ptr<engine> running;
    identity depositor;
    std::string admin;
  };
  std::vector<one> nodes_;
};

} // namespace restante::bench
