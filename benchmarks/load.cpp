#include "benchmarks/load.hpp"

#include "benchmarks/meter.hpp"
#include "benchmarks/pump.hpp"

#include <unistd.h>

#include <algorithm>
#include <unordered_map>

namespace restante::bench {

namespace {

using clock = std::chrono::steady_clock;
constexpr uint64_t different_recordings = 64;

} // namespace

load_figures measure(client& to, const load_shape& how,
                     const std::function<operation(size_t number)>& what) {
  load_figures out;
  std::vector<double> latencies;
  latencies.reserve(how.count);
  std::unordered_map<uint64_t, clock::time_point> open;
  auto post = [&](size_t number) {
    auto correlation = to.post(what(number));
    if (correlation == 0)
      throw std::runtime_error(std::string{how.doing} + ": the server takes nothing any more");
    return correlation;
  };
  auto take = [&](const reply& got) {
    auto since = open.extract(got.correlation).mapped();
    if (const auto* refusal = std::get_if<failure>(&got.what)) {
      ++out.refused;
      ++out.refusals[std::string{to_string(refusal->code)}];
    } else {
      latencies.push_back(std::chrono::duration<double, std::milli>(clock::now() - since).count());
    }
  };
  // What came before must not be written to the disk at this measurement's expense.
  ::sync();
  meter used{how.server};
  if (how.rate > 0)
    pace(
        to, how.count, how.rate, how.doing,
        [&](size_t number, clock::time_point due) { open[post(number)] = due; }, take);
  else
    pump(
        to, how.count, how.window, how.doing,
        [&](size_t number) {
          auto correlation = post(number);
          open[correlation] = clock::now();
        },
        take);
  out.seconds = used.seconds();
  out.others_share = used.others_share();
  auto answered = static_cast<double>(latencies.size());
  out.per_second = answered / out.seconds;
  out.cpu_us_each = used.cpu_seconds() * 1e6 / static_cast<double>(how.count);
  if (how.bytes_each != 0 && answered != 0)
    out.bytes_written_per_byte = static_cast<double>(used.bytes_written()) /
                                 (answered * static_cast<double>(how.bytes_each));
  std::sort(latencies.begin(), latencies.end());
  out.latency_p50_ms = percentile(latencies, 0.5);
  out.latency_p99_ms = percentile(latencies, 0.99);
  out.latency_p999_ms = percentile(latencies, 0.999);
  out.latency_max_ms = percentile(latencies, 1);
  return out;
}

recordings::recordings(size_t size) {
  for (uint64_t i = 0; i < different_recordings; ++i)
    all_.emplace_back(amr_of_size(size, i));
}

operation recordings::deposit_into(subscriber_ref to, size_t number) const {
  op::deposit out;
  out.caller = "+15055551212";
  out.called_at = system_now();
  out.parts.push_back({media_type::amr, all_[number % all_.size()]});
  return ask::of_mailbox{std::move(to), std::move(out)};
}

load_figures middle(std::vector<load_figures> rounds) {
  auto at = rounds.begin() + static_cast<std::ptrdiff_t>((rounds.size() - 1) / 2);
  std::nth_element(rounds.begin(), at, rounds.end(),
                   [](auto& a, auto& b) { return a.per_second < b.per_second; });
  return *at;
}

} // namespace restante::bench
