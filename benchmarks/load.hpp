// The client's half of every benchmark: one client that keeps a window of requests open at whatever
// answers at the other end, or sends at a fixed rate, and what it saw.
#pragma once

#include "benchmarks/sample.hpp"
#include "bridges/client.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace restante::bench {

struct load_shape {
  const char* doing;     // for progress: "deposits"
  size_t count = 50'000; // requests
  size_t window = 256;   // open at a time
  size_t rate = 0;       // sent a second, whatever is answered; 0: as fast as the window lets them
  size_t bytes_each = 0; // media in a request, for bytes_written_per_byte
  pid_t server = 0;      // the process that serves; 0: this one
};

struct load_figures {
  double seconds = 0;
  double per_second = 0; // answered, without those refused
  // From handing a request to the socket until its answer. At a rate: from the moment it was due,
  // so that a server that stalls, or a client that is late, is not spared what it held up.
  double latency_p50_ms = 0, latency_p99_ms = 0, latency_p999_ms = 0, latency_max_ms = 0;
  double bytes_written_per_byte = 0; // by the server's process, for each byte of media
  double cpu_us_each = 0;            // server and client together
  double others_share = 0;           // of the machine's CPU time, used by other processes: 0 to 1
  uint64_t refused = 0;              // failures; they are not in the latencies
  std::map<std::string, uint64_t> refusals; // the same by code: "mailbox_full", "busy"

  /// Then the other figures say nothing about what was asked for.
  [[nodiscard]] bool mostly_refused(size_t count) const { return 2 * refused > count; }
};

/// Asks `how.count` times what `what` answers for 0, 1, 2 ... Throws std::runtime_error when the
/// server stops answering.
[[nodiscard]] load_figures measure(client& to, const load_shape& how,
                                   const std::function<operation(size_t number)>& what);

/// Recordings for deposits, different ones in turn.
class recordings {
public:
  explicit recordings(size_t size); // bytes of each

  /// A deposit of the next one.
  [[nodiscard]] operation deposit_into(subscriber_ref to, size_t number) const;

private:
  std::vector<chunk> all_;
};

/// The round in the middle by answers a second, of an even number the slower; of one at least.
[[nodiscard]] load_figures middle(std::vector<load_figures> rounds);

} // namespace restante::bench
