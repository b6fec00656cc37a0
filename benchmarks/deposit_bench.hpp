// Deposits against a node of its own: the whole path, from an adapter's socket to the disk and
// back. What it reports is what a client sees, on the machine it runs on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace restante::bench {

struct deposit_options {
  size_t size = 1024;        // bytes of one recording
  size_t window = 256;       // deposits open at a time
  size_t count = 50'000;     // deposits measured
  size_t mailboxes = 20'000; // they are spread over
  bool tcp = false;          // else ipc
  bool curve = false;
  std::filesystem::path directory; // where the node lives; empty: the system's temporary one
};

struct deposit_figures {
  double seconds = 0;
  double acked_per_second = 0;
  double latency_p50_ms = 0, latency_p99_ms = 0, latency_p999_ms = 0, latency_max_ms = 0;
  double bytes_written_per_byte = 0; // by the process, per byte of media
  double cpu_us_per_deposit = 0;     // node and client together
  uint64_t refused = 0;              // busy answers; they are not in the latencies
};

/// Runs it, telling progress on standard error. Throws std::runtime_error with what went wrong.
[[nodiscard]] deposit_figures run_deposits(const deposit_options& how);

} // namespace restante::bench
