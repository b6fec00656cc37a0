// The client's half of a deposit benchmark: one client that keeps a window of deposits open at
// whatever answers at the other end, and what it saw. The node and the floor get the same one.
#pragma once

#include "benchmarks/site.hpp"
#include "bridges/client.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace restante::bench {

struct deposit_options {
  size_t size = 1024;        // bytes of one recording
  size_t window = 256;       // deposits open at a time
  size_t count = 50'000;     // deposits measured
  size_t mailboxes = 20'000; // they are spread over
  site at;
};

struct deposit_figures {
  double seconds = 0;
  double acked_per_second = 0;
  double latency_p50_ms = 0, latency_p99_ms = 0, latency_p999_ms = 0, latency_max_ms = 0;
  double bytes_written_per_byte = 0; // by the process, per byte of media
  double cpu_us_per_deposit = 0;     // server and client together
  double others_share = 0;           // of the machine's CPU time, used by other processes: 0 to 1
  uint64_t refused = 0;              // busy answers; they are not in the latencies
};

/// Deposits `how.count` recordings, in turn into the mailboxes of `profiles`. Throws
/// std::runtime_error when the server stops answering.
[[nodiscard]] deposit_figures measure_deposits(client& load,
                                               const std::vector<std::string>& profiles,
                                               const deposit_options& how);

} // namespace restante::bench
