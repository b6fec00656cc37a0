#include "benchmarks/deposit_report.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace restante::bench {

namespace {

void print_options(const deposit_options& how) {
  std::printf("%-26s %zu of %zu bytes over %zu mailboxes, %zu open, %s, %s\n", "deposits",
              how.count, how.size, how.mailboxes, how.window, how.at.tcp ? "tcp" : "ipc",
              how.at.curve ? "CURVE" : "no CURVE");
}

nlohmann::json figures_to_json(const deposit_figures& got) {
  return {{"seconds", got.seconds},
          {"acked_per_second", got.acked_per_second},
          {"latency_ms",
           {{"p50", got.latency_p50_ms},
            {"p99", got.latency_p99_ms},
            {"p99_9", got.latency_p999_ms},
            {"max", got.latency_max_ms}}},
          {"bytes_written_per_byte", got.bytes_written_per_byte},
          {"cpu_us_per_deposit", got.cpu_us_per_deposit},
          {"others_share", got.others_share},
          {"refused", got.refused}};
}

} // namespace

void print(const deposit_options& how, const deposit_figures& got) {
  print_options(how);
  std::printf("%-26s %.0f\n", "acknowledged per second", got.acked_per_second);
  std::printf("%-26s p50 %.2f  p99 %.2f  p99.9 %.2f  max %.2f\n", "latency, ms", got.latency_p50_ms,
              got.latency_p99_ms, got.latency_p999_ms, got.latency_max_ms);
  std::printf("%-26s %.2f\n", "bytes written per byte", got.bytes_written_per_byte);
  std::printf("%-26s %.1f\n", "CPU per deposit, us", got.cpu_us_per_deposit);
  std::printf("%-26s %.0f %%\n", "CPU used by others", 100 * got.others_share);
  std::printf("%-26s %llu\n", "refused", static_cast<unsigned long long>(got.refused));
}

void print(const deposit_options& how, const floor_comparison& got) {
  print_options(how);
  std::printf("%-26s %10s %10s\n", "", "floor", "engine");
  for (size_t i = 0; i < got.floors.size(); ++i)
    std::printf("round %-20zu %10.0f %10.0f\n", i + 1, got.floors[i].acked_per_second,
                got.engines[i].acked_per_second);
  auto line = [&](const char* what, double deposit_figures::*which, int digits) {
    std::printf("%-26s %10.*f %10.*f\n", what, digits, got.floor.*which, digits, got.engine.*which);
  };
  line("acknowledged per second", &deposit_figures::acked_per_second, 0);
  line("latency p50, ms", &deposit_figures::latency_p50_ms, 2);
  line("latency p99, ms", &deposit_figures::latency_p99_ms, 2);
  line("bytes written per byte", &deposit_figures::bytes_written_per_byte, 2);
  line("CPU per deposit, us", &deposit_figures::cpu_us_per_deposit, 1);
  std::printf("%-26s %8.0f %% %8.0f %%\n", "CPU used by others", 100 * got.floor.others_share,
              100 * got.engine.others_share);
  std::printf("%-26s %.2f of the floor, %llu refused\n", "the engine reaches", got.ratio,
              static_cast<unsigned long long>(got.engine.refused));
}

nlohmann::json to_json(const deposit_options& how, const deposit_figures& got) {
  nlohmann::json out{{"size", how.size},
                     {"window", how.window},
                     {"count", how.count},
                     {"mailboxes", how.mailboxes},
                     {"transport", how.at.tcp ? "tcp" : "ipc"},
                     {"security", how.at.curve ? "curve" : "null"}};
  out.update(figures_to_json(got));
  return out;
}

nlohmann::json to_json(const deposit_options& how, const floor_comparison& got) {
  auto out = to_json(how, got.engine);
  out["floor_acked_per_second"] = got.floor.acked_per_second;
  out["ratio"] = got.ratio;
  out["floor"] = figures_to_json(got.floor);
  auto& rounds = out["rounds"] = nlohmann::json::array();
  for (size_t i = 0; i < got.floors.size(); ++i)
    rounds.push_back({{"floor_acked_per_second", got.floors[i].acked_per_second},
                      {"acked_per_second", got.engines[i].acked_per_second}});
  return out;
}

} // namespace restante::bench
