// restante-bench: what a node does on this machine.
#include "benchmarks/deposit_report.hpp"
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
  restante-bench deposit --against-floor --rounds 5          and the least program that can do it

Figures are of this machine, client included; compare runs of one machine only.)";

struct deposit_command {
  bench::deposit_options how;
  std::string transport = "ipc", security = "null";
  bool json = false, against_floor = false;
  size_t rounds = 3;

  explicit deposit_command(CLI::App& app) {
    auto* to = app.add_subcommand("deposit", "deposits a second, with a node of its own");
    to->add_option("--size", how.size, "bytes of a recording")->check(CLI::Range(38, 8 << 20));
    to->add_option("--window", how.window, "deposits open at a time")->check(CLI::Range(1, 8192));
    to->add_option("--count", how.count, "deposits measured")->check(CLI::Range(1, 1 << 30));
    to->add_option("--mailboxes", how.mailboxes, "spread over so many")
        ->check(CLI::Range(1, 9'999'999));
    to->add_option("--transport", transport)->check(CLI::IsMember({"ipc", "tcp"}));
    to->add_option("--security", security)->check(CLI::IsMember({"null", "curve"}));
    to->add_option("--directory", how.at.directory, "where the node's data go");
    auto* against =
        to->add_flag("--against-floor", against_floor,
                     "in turn with the least program that stores durably; tells the ratio");
    to->add_option("--rounds", rounds, "of floor and engine; the middle ones count")
        ->check(CLI::Range(1, 1'000))
        ->needs(against);
    to->add_flag("--json", json, "for programs");
  }

  void run() {
    how.at.tcp = transport == "tcp";
    how.at.curve = security == "curve";
    if (against_floor)
      tell(bench::run_against_floor(how, rounds));
    else
      tell(bench::run_deposits(how));
  }

  template <class Figures>
  void tell(const Figures& got) const {
    if (json)
      std::cout << bench::to_json(how, got).dump(2) << "\n";
    else
      bench::print(how, got);
  }
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"restante-bench: what a node does on this machine"};
  app.footer(footer);
  app.require_subcommand(1);
  deposit_command deposit{app};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_code::ok : exit_code::usage;
  }
  try {
    deposit.run();
  } catch (const std::exception& e) {
    std::cerr << "restante-bench: " << e.what() << "\n";
    return exit_code::failed;
  }
  return exit_code::ok;
}
