#include "benchmarks/deposit_load.hpp"

#include "benchmarks/meter.hpp"
#include "benchmarks/pump.hpp"
#include "benchmarks/sample.hpp"

#include <unistd.h>

#include <algorithm>
#include <unordered_map>

namespace restante::bench {

namespace {

using clock = std::chrono::steady_clock;
constexpr uint64_t different_recordings = 64;

op::deposit deposit_of(const chunk& recording) {
  op::deposit out;
  out.caller = "+15055551212";
  out.called_at = system_now();
  out.parts.push_back({media_type::amr, recording});
  return out;
}

} // namespace

deposit_figures measure_deposits(client& load, const std::vector<std::string>& profiles,
                                 const deposit_options& how) {
  std::vector<chunk> recordings;
  for (uint64_t i = 0; i < different_recordings; ++i)
    recordings.emplace_back(amr_of_size(how.size, i));
  deposit_figures out;
  std::vector<double> latencies;
  latencies.reserve(how.count);
  std::unordered_map<uint64_t, clock::time_point> open;
  // What came before must not be written to the disk at this measurement's expense.
  ::sync();
  meter used;
  pump(
      load, how.count, how.window, "deposits",
      [&](size_t number) {
        auto correlation = load.post(
            ask::of_mailbox{{subscriber_ref::by::profile, profiles[number % profiles.size()]},
                            deposit_of(recordings[number % recordings.size()])});
        open[correlation] = clock::now();
      },
      [&](const reply& got) {
        auto since = open.extract(got.correlation).mapped();
        if (std::holds_alternative<answer::deposited>(got.what))
          latencies.push_back(
              std::chrono::duration<double, std::milli>(clock::now() - since).count());
        else
          ++out.refused;
      });
  out.seconds = used.seconds();
  out.others_share = used.others_share();
  auto acked = static_cast<double>(latencies.size());
  out.acked_per_second = acked / out.seconds;
  out.cpu_us_per_deposit = used.cpu_seconds() * 1e6 / static_cast<double>(how.count);
  out.bytes_written_per_byte =
      static_cast<double>(used.bytes_written()) / (acked * static_cast<double>(how.size));
  std::sort(latencies.begin(), latencies.end());
  out.latency_p50_ms = percentile(latencies, 0.5);
  out.latency_p99_ms = percentile(latencies, 0.99);
  out.latency_p999_ms = percentile(latencies, 0.999);
  out.latency_max_ms = percentile(latencies, 1);
  return out;
}

} // namespace restante::bench
