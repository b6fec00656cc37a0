// restante-bench: what a node does on this machine.
#include "benchmarks/deposit_bench.hpp"
#include "schemas/error.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace {

using namespace restante;

constexpr const char* footer = R"(
Examples:
  restante-bench deposit                                     1 KiB, ipc, without CURVE
  restante-bench deposit --size 40000 --count 20000          25 s of AMR each
  restante-bench deposit --transport tcp --security curve --json

Figures are of this machine, client included; compare runs of one machine only.)";

void print(const bench::deposit_options& how, const bench::deposit_figures& got) {
  std::printf("%-26s %zu of %zu bytes over %zu mailboxes, %zu open, %s, %s\n", "deposits",
              how.count, how.size, how.mailboxes, how.window, how.tcp ? "tcp" : "ipc",
              how.curve ? "CURVE" : "no CURVE");
  std::printf("%-26s %.0f\n", "acknowledged per second", got.acked_per_second);
  std::printf("%-26s p50 %.2f  p99 %.2f  p99.9 %.2f  max %.2f\n", "latency, ms", got.latency_p50_ms,
              got.latency_p99_ms, got.latency_p999_ms, got.latency_max_ms);
  std::printf("%-26s %.2f\n", "bytes written per byte", got.bytes_written_per_byte);
  std::printf("%-26s %.1f\n", "CPU per deposit, us", got.cpu_us_per_deposit);
  std::printf("%-26s %llu\n", "refused", static_cast<unsigned long long>(got.refused));
}

nlohmann::json to_json(const bench::deposit_options& how, const bench::deposit_figures& got) {
  return {{"size", how.size},
          {"window", how.window},
          {"count", how.count},
          {"mailboxes", how.mailboxes},
          {"transport", how.tcp ? "tcp" : "ipc"},
          {"security", how.curve ? "curve" : "null"},
          {"seconds", got.seconds},
          {"acked_per_second", got.acked_per_second},
          {"latency_ms",
           {{"p50", got.latency_p50_ms},
            {"p99", got.latency_p99_ms},
            {"p99_9", got.latency_p999_ms},
            {"max", got.latency_max_ms}}},
          {"bytes_written_per_byte", got.bytes_written_per_byte},
          {"cpu_us_per_deposit", got.cpu_us_per_deposit},
          {"refused", got.refused}};
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"restante-bench: what a node does on this machine"};
  app.footer(footer);
  app.require_subcommand(1);
  bench::deposit_options how;
  std::string transport = "ipc", security = "null";
  bool json = false;
  auto* deposit = app.add_subcommand("deposit", "deposits a second, with a node of its own");
  deposit->add_option("--size", how.size, "bytes of a recording")->check(CLI::Range(38, 8 << 20));
  deposit->add_option("--window", how.window, "deposits open at a time")
      ->check(CLI::Range(1, 8192));
  deposit->add_option("--count", how.count, "deposits measured")->check(CLI::Range(1, 1 << 30));
  deposit->add_option("--mailboxes", how.mailboxes, "spread over so many")
      ->check(CLI::Range(1, 9'999'999));
  deposit->add_option("--transport", transport)->check(CLI::IsMember({"ipc", "tcp"}));
  deposit->add_option("--security", security)->check(CLI::IsMember({"null", "curve"}));
  deposit->add_option("--directory", how.directory, "where the node's data go");
  deposit->add_flag("--json", json, "for programs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_code::ok : exit_code::usage;
  }
  how.tcp = transport == "tcp";
  how.curve = security == "curve";
  try {
    auto got = bench::run_deposits(how);
    if (json)
      std::cout << to_json(how, got).dump(2) << "\n";
    else
      print(how, got);
  } catch (const std::exception& e) {
    std::cerr << "restante-bench: " << e.what() << "\n";
    return exit_code::failed;
  }
  return exit_code::ok;
}
