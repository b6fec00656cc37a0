// Two nodes of a region and one abroad, in this process, and the same deposits at one node that is
// alone: what a second disk costs, how far behind the second node is, how long a mailbox takes to
// follow its subscriber. Everything shares this machine's processors, the client too.
#pragma once

#include "benchmarks/load.hpp"

#include <filesystem>
#include <vector>

namespace restante::bench {

struct cluster_options {
  size_t window = 256;
  size_t count = 20'000; // deposits of 1 KiB a round; of 40,000 bytes a quarter of them
  size_t mailboxes = 2'000;
  size_t rounds = 3;
  std::filesystem::path directory;
};

/// Deposits of one size, in turn at the node that is alone and at the cluster.
struct cluster_deposits {
  size_t size = 0;
  load_figures alone, replicated; // the rounds in the middle
  double ratio = 0;               // replicated to alone, of those
  // How long changes of the node that was asked had waited for the other one, looked at every 20 ms
  // during the rounds: milliseconds.
  double lag_p50_ms = 0, lag_p99_ms = 0, lag_max_ms = 0;
};

struct cluster_figures {
  std::vector<cluster_deposits> sizes;
  std::vector<double> roaming_ms; // from the location update until the copy abroad was whole
  double roaming_middle_ms = 0;
  // Memory that one more active mailbox with a message of 1 KiB took, its rows that were not yet in
  // tables among it: made here, and as the copy of one whose subscriber roams. Bytes.
  double local_mailbox_bytes = 0, roaming_mailbox_bytes = 0;
};

/// Throws std::runtime_error with what went wrong.
[[nodiscard]] cluster_figures run_cluster(const cluster_options& how);

} // namespace restante::bench
