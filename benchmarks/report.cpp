#include "benchmarks/report.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace restante::bench {

namespace {

void print_options(const deposit_options& how) {
  auto load =
      how.rate > 0 ? std::to_string(how.rate) + " a second" : std::to_string(how.window) + " open";
  std::printf("%-26s %zu of %zu bytes over %zu mailboxes%s, %s, %s, %s\n", "deposits", how.count,
              how.size, how.mailboxes, how.by_number ? " by number" : "", load.c_str(),
              how.at.tcp ? "tcp" : "ipc", how.at.curve ? "CURVE" : "no CURVE");
}

/// Nothing is told on a file system in memory.
bool tells_writes(const load_figures& got) { return got.bytes_written_per_byte > 0; }

std::string written_of(const load_figures& got) {
  char out[32];
  std::snprintf(out, sizeof out, "%.2f", got.bytes_written_per_byte);
  return tells_writes(got) ? out : "not told";
}

/// With keys such as acked_per_second and cpu_us_per_deposit.
nlohmann::json figures_to_json(const load_figures& got, const std::string& done = "acked",
                               const std::string& each = "deposit") {
  return {{"seconds", got.seconds},
          {done + "_per_second", got.per_second},
          {"latency_ms",
           {{"p50", got.latency_p50_ms},
            {"p99", got.latency_p99_ms},
            {"p99_9", got.latency_p999_ms},
            {"max", got.latency_max_ms}}},
          {"bytes_written_per_byte", tells_writes(got) ? nlohmann::json(got.bytes_written_per_byte)
                                                       : nlohmann::json(nullptr)},
          {"cpu_us_per_" + each, got.cpu_us_each},
          {"others_share", got.others_share},
          {"refused", got.refused},
          {"refusals", got.refusals}};
}

/// "0", or "12 (8 a_reason, 4 another)".
std::string refusals_of(const load_figures& got) {
  std::string reasons;
  for (const auto& [reason, count] : got.refusals)
    reasons += (reasons.empty() ? " (" : ", ") + std::to_string(count) + " " + reason;
  return std::to_string(got.refused) + reasons + (reasons.empty() ? "" : ")");
}

void print_latency(const char* what, const load_figures& got) {
  std::printf("%-26s p50 %.2f  p99 %.2f  p99.9 %.2f  max %.2f\n", what, got.latency_p50_ms,
              got.latency_p99_ms, got.latency_p999_ms, got.latency_max_ms);
}

double mib(double bytes) { return bytes / (1024 * 1024); }

} // namespace

void print(const deposit_options& how, const load_figures& got) {
  print_options(how);
  std::printf("%-26s %.0f\n", "acknowledged per second", got.per_second);
  print_latency("latency, ms", got);
  std::printf("%-26s %s\n", "bytes written per byte", written_of(got).c_str());
  std::printf("%-26s %.1f\n", "CPU per deposit, us", got.cpu_us_each);
  std::printf("%-26s %.0f %%\n", "CPU used by others", 100 * got.others_share);
  std::printf("%-26s %s\n", "refused", refusals_of(got).c_str());
}

void print(const deposit_options& how, const floor_comparison& got) {
  print_options(how);
  std::printf("%-26s %10s %10s\n", "", "floor", "engine");
  for (size_t i = 0; i < got.floors.size(); ++i)
    std::printf("round %-20zu %10.0f %10.0f\n", i + 1, got.floors[i].per_second,
                got.engines[i].per_second);
  auto line = [&](const char* what, double load_figures::*which, int digits) {
    std::printf("%-26s %10.*f %10.*f\n", what, digits, got.floor.*which, digits, got.engine.*which);
  };
  line("acknowledged per second", &load_figures::per_second, 0);
  line("latency p50, ms", &load_figures::latency_p50_ms, 2);
  line("latency p99, ms", &load_figures::latency_p99_ms, 2);
  std::printf("%-26s %10s %10s\n", "bytes written per byte", written_of(got.floor).c_str(),
              written_of(got.engine).c_str());
  line("CPU per deposit, us", &load_figures::cpu_us_each, 1);
  std::printf("%-26s %8.0f %% %8.0f %%\n", "CPU used by others", 100 * got.floor.others_share,
              100 * got.engine.others_share);
  std::printf("%-26s %.2f of the floor, %s refused\n", "the engine reaches", got.ratio,
              refusals_of(got.engine).c_str());
}

nlohmann::json to_json(const deposit_options& how, const load_figures& got) {
  nlohmann::json out{{"size", how.size},
                     {"window", how.window},
                     {"rate", how.rate},
                     {"count", how.count},
                     {"mailboxes", how.mailboxes},
                     {"by", how.by_number ? "number" : "profile"},
                     {"transport", how.at.tcp ? "tcp" : "ipc"},
                     {"security", how.at.curve ? "curve" : "null"}};
  out.update(figures_to_json(got));
  return out;
}

nlohmann::json to_json(const deposit_options& how, const floor_comparison& got) {
  auto out = to_json(how, got.engine);
  out["floor_acked_per_second"] = got.floor.per_second;
  out["ratio"] = got.ratio;
  out["floor"] = figures_to_json(got.floor);
  auto& rounds = out["rounds"] = nlohmann::json::array();
  for (size_t i = 0; i < got.floors.size(); ++i)
    rounds.push_back({{"floor_acked_per_second", got.floors[i].per_second},
                      {"acked_per_second", got.engines[i].per_second}});
  return out;
}

void print(const retrieve_options& how, const retrieve_figures& got) {
  std::printf("%-26s %zu of %zu bytes, each in its mailbox, %zu open\n", "retrievals", how.count,
              how.size, how.window);
  for (auto [what, figures] :
       {std::pair{"from disk", &got.from_disk}, std::pair{"again", &got.again}}) {
    std::printf("%-26s %.0f a second, %.1f us of CPU each, %s refused, others %.0f %%\n", what,
                figures->per_second, figures->cpu_us_each, refusals_of(*figures).c_str(),
                100 * figures->others_share);
    print_latency("  latency, ms", *figures);
  }
}

void print(const scale_options& how, const scale_figures& got) {
  std::printf("%-26s %zu of %zu bytes a round, %zu open, ipc, no CURVE\n", "deposits", how.count,
              how.size, how.window);
  std::printf("%-26s %10s %10s %10s %10s\n", "mailboxes", "a second", "CPU us", "p99 ms", "others");
  for (const auto& at : got.sizes)
    for (auto [words, part] : {std::pair{"", &at.first}, std::pair{" again", &at.again}})
      std::printf("%-26s %10.0f %10.1f %10.2f %8.0f %%\n",
                  (std::to_string(at.mailboxes) + words).c_str(), part->middle.per_second,
                  part->middle.cpu_us_each, part->middle.latency_p99_ms,
                  100 * part->middle.others_share);
  std::printf("%-26s %.1f %%, again %.1f %%\n", "slower at the most", 100 * got.slower,
              100 * got.slower_again);
  std::printf("%-26s %.2f s, with %.0f MiB of log to read back\n", "start after kill -9",
              got.start_after_kill_seconds, mib(static_cast<double>(got.log_bytes_read_back)));
  std::printf("%-26s %.2f s\n", "start after a stop", got.start_seconds);
  std::printf("%-26s %.1f MiB at %zu mailboxes, %.1f MiB at %zu: %.1f bytes each\n",
              "resident after a start", mib(got.resident_few), few_mailboxes, mib(got.resident_all),
              how.mailboxes, got.idle_bytes);
  std::printf("%-26s %.0f bytes (of %zu); %.0f stay when it has left memory\n", "active mailbox",
              got.active_bytes, got.active_measured, got.passivated_bytes);
  print_latency("first deposit, ms", got.first_deposits);
  print_latency("next deposit, ms", got.next_deposits);
}

nlohmann::json to_json(const retrieve_options& how, const retrieve_figures& got) {
  return {{"size", how.size},
          {"window", how.window},
          {"count", how.count},
          {"from_disk", figures_to_json(got.from_disk, "retrieved", "retrieval")},
          {"again", figures_to_json(got.again, "retrieved", "retrieval")}};
}

nlohmann::json to_json(const scale_options& how, const scale_figures& got) {
  nlohmann::json sizes = nlohmann::json::array();
  auto of = [](const scale_figures::measured& part) {
    auto out = figures_to_json(part.middle);
    for (const auto& round : part.rounds)
      out["rounds"].push_back(round.per_second);
    return out;
  };
  for (const auto& at : got.sizes) {
    auto entry = of(at.first);
    entry["mailboxes"] = at.mailboxes;
    entry["again"] = of(at.again);
    sizes.push_back(std::move(entry));
  }
  return {{"mailboxes", how.mailboxes},
          {"size", how.size},
          {"window", how.window},
          {"count", how.count},
          {"rounds", how.rounds},
          {"sizes", std::move(sizes)},
          {"slower", got.slower},
          {"slower_again", got.slower_again},
          {"start_after_kill_seconds", got.start_after_kill_seconds},
          {"log_bytes_read_back", got.log_bytes_read_back},
          {"start_seconds", got.start_seconds},
          {"resident_bytes_few", got.resident_few},
          {"resident_bytes", got.resident_all},
          {"idle_mailbox_bytes", got.idle_bytes},
          {"active_mailboxes", got.active_measured},
          {"active_mailbox_bytes", got.active_bytes},
          {"passivated_mailbox_bytes", got.passivated_bytes},
          {"first_deposit", figures_to_json(got.first_deposits)},
          {"next_deposit", figures_to_json(got.next_deposits)}};
}

void print(const cluster_options& how, const cluster_figures& got) {
  std::printf("%-26s %zu open, %zu mailboxes, %zu rounds in turn, ipc; nodes and client in one "
              "process\n",
              "deposits", how.window, how.mailboxes, how.rounds);
  std::printf("%-26s %10s %10s %8s %10s %10s\n", "bytes", "alone/s", "two disks", "ratio", "CPU us",
              "p99 ms");
  for (const auto& each : got.sizes)
    std::printf("%-26zu %10.0f %10.0f %8.2f %10.1f %10.2f\n", each.size, each.alone.per_second,
                each.replicated.per_second, each.ratio, each.replicated.cpu_us_each,
                each.replicated.latency_p99_ms);
  for (const auto& each : got.sizes)
    std::printf("%-26s p50 %.0f  p99 %.0f  max %.0f\n",
                ("lag at " + std::to_string(each.size) + ", ms").c_str(), each.lag_p50_ms,
                each.lag_p99_ms, each.lag_max_ms);
  std::printf("%-26s %.0f ms in the middle of", "100 recordings abroad", got.roaming_middle_ms);
  for (const auto each : got.roaming_ms)
    std::printf(" %.0f", each);
  std::printf("\n%-26s %.0f bytes more where it roams, %.0f where it was made\n",
              "one more active mailbox", got.roaming_mailbox_bytes, got.local_mailbox_bytes);
}

nlohmann::json to_json(const cluster_options& how, const cluster_figures& got) {
  nlohmann::json out{{"window", how.window},
                     {"count", how.count},
                     {"mailboxes", how.mailboxes},
                     {"rounds", how.rounds},
                     {"roaming_ms", got.roaming_middle_ms},
                     {"roaming_ms_each", got.roaming_ms},
                     {"local_mailbox_bytes", got.local_mailbox_bytes},
                     {"roaming_mailbox_bytes", got.roaming_mailbox_bytes}};
  for (const auto& each : got.sizes)
    out["sizes"].push_back(
        {{"size", each.size},
         {"ratio", each.ratio},
         {"alone", figures_to_json(each.alone)},
         {"replicated", figures_to_json(each.replicated)},
         {"lag_ms",
          {{"p50", each.lag_p50_ms}, {"p99", each.lag_p99_ms}, {"max", each.lag_max_ms}}}});
  return out;
}

} // namespace restante::bench
