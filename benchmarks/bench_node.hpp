// A node of the benchmark's own, in this process: one endpoint to measure, one to administer it,
// one tenant. Its data live in a fresh directory and go with it.
#pragma once

#include "benchmarks/site.hpp"
#include "cluster/engine.hpp"

#include <memory>

namespace restante::bench {

class bench_node {
public:
  /// Starts it. Throws std::runtime_error with the node's own words.
  explicit bench_node(const site& where);

  /// What a depositor of the tenant needs to reach it.
  [[nodiscard]] const identity& depositor() const { return depositor_; }

private:
  scratch home_; // goes last: the engine writes into it
  std::unique_ptr<engine> running_;
  identity depositor_;
};

} // namespace restante::bench
