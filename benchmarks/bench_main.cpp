// restante-bench: what a node does on this machine.
#include "benchmarks/mailboxes.hpp"
#include "benchmarks/progress.hpp"
#include "benchmarks/report.hpp"
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
  restante-bench deposit --by number                         addressed as switches do
  restante-bench deposit --against-floor --rounds 5          and the least program that can do it
  restante-bench deposit --rate 10000 --count 100000         latency at 10,000 a second
  restante-bench retrieve --size 40000 --count 10000         from disk, and again from memory
  restante-bench scale                                       1,000 to 1,000,000 mailboxes; 6 minutes
  restante-bench scale --mailboxes 20000 --json              quicker
  restante-bench cluster                                     two disks, lag, roaming; a minute

Figures are of this machine, client included; compare runs of one machine only. `./dev bench` runs
them all and prints one page.)";

// What the benchmarks share.
struct common {
  CLI::App* app;
  bool json = false;

  common(CLI::App& parent, const char* name, const char* what, std::filesystem::path& directory,
         size_t& size, size_t& window)
      : app{parent.add_subcommand(name, what)} {
    app->add_option("--size", size, "bytes of a recording")->check(CLI::Range(38, 8 << 20));
    app->add_option("--window", window, "requests open at a time")->check(CLI::Range(1, 8192));
    app->add_option("--directory", directory, "where the node's data go");
    app->add_flag("--json", json, "for programs");
  }

  template <class Options, class Figures>
  void tell(const Options& how, const Figures& got) const {
    if (json)
      std::cout << bench::to_json(how, got).dump(2) << "\n";
    else
      bench::print(how, got);
  }

  /// Throws when most of what was asked for did not happen.
  static void judge(const bench::load_figures& got, size_t count) {
    if (got.mostly_refused(count))
      throw std::runtime_error(std::to_string(got.refused) + " of " + std::to_string(count) +
                               " were refused: these are no figures of what was asked for");
  }
};

struct deposit_command {
  bench::deposit_options how;
  std::string transport = "ipc", security = "null", by = "profile";
  bool against_floor = false;
  size_t rounds = 3;
  common to;

  explicit deposit_command(CLI::App& app)
      : to{app,      "deposit", "deposits a second, with a node of its own", how.at.directory,
           how.size, how.window} {
    to.app->add_option("--count", how.count, "deposits measured")->check(CLI::Range(1, 1 << 30));
    to.app->add_option("--mailboxes", how.mailboxes, "spread over so many")
        ->check(CLI::Range(size_t{1}, bench::mailboxes_max));
    to.app->add_option("--by", by, "how they are addressed; a number has to be looked up")
        ->check(CLI::IsMember({"profile", "number"}));
    to.app->add_option("--transport", transport)->check(CLI::IsMember({"ipc", "tcp"}));
    to.app->add_option("--security", security)->check(CLI::IsMember({"null", "curve"}));
    auto* rate = to.app
                     ->add_option("--rate", how.rate,
                                  "send so many a second, whatever is open; latency then counts "
                                  "from when each was due")
                     ->check(CLI::Range(1, 10'000'000));
    auto* against =
        to.app
            ->add_flag("--against-floor", against_floor,
                       "in turn with the least program that stores durably; tells the ratio")
            ->excludes(rate);
    to.app->add_option("--rounds", rounds, "of floor and engine; the middle ones count")
        ->check(CLI::Range(1, 1'000))
        ->needs(against);
  }

  void run() {
    how.by_number = by == "number";
    how.at.tcp = transport == "tcp";
    how.at.curve = security == "curve";
    if (against_floor) {
      const auto got = bench::run_against_floor(how, rounds);
      to.tell(how, got);
      common::judge(got.engine, how.count);
    } else {
      const auto got = bench::run_deposits(how);
      to.tell(how, got);
      common::judge(got, how.count);
    }
  }
};

struct retrieve_command {
  bench::retrieve_options how;
  common to;

  explicit retrieve_command(CLI::App& app)
      : to{app,           "retrieve", "retrievals a second, of a restanted of its own",
           how.directory, how.size,   how.window} {
    to.app->add_option("--count", how.count, "messages, each in a mailbox of its own")
        ->check(CLI::Range(size_t{1}, bench::mailboxes_max));
  }

  void run() {
    const auto got = bench::run_retrievals(how);
    to.tell(how, got);
    common::judge(got.from_disk, how.count);
    common::judge(got.again, how.count);
  }
};

struct scale_command {
  bench::scale_options how;
  common to;

  explicit scale_command(CLI::App& app)
      : to{app,           "scale",  "start-up, memory and deposits at many mailboxes",
           how.directory, how.size, how.window} {
    to.app
        ->add_option("--mailboxes", how.mailboxes,
                     "of the largest node; more than the 1,000 of the smallest, which it is "
                     "compared with")
        ->check(CLI::Range(bench::few_mailboxes + 1, bench::mailboxes_max));
    to.app->add_option("--count", how.count, "deposits of a round")->check(CLI::Range(1, 1 << 30));
    to.app->add_option("--rounds", how.rounds, "at each number of mailboxes; the middle ones count")
        ->check(CLI::Range(1, 1'000));
  }

  void run() { to.tell(how, bench::run_scale(how)); }
};

struct cluster_command {
  bench::cluster_options how;
  CLI::App* app;
  bool json = false;

  explicit cluster_command(CLI::App& parent)
      : app{parent.add_subcommand("cluster",
                                  "deposits on two disks against one, lag, roaming; a minute")} {
    app->add_option("--count", how.count,
                    "deposits of 1 KiB a round; of 40,000 bytes a quarter of them")
        ->check(CLI::Range(4, 1 << 30));
    app->add_option("--mailboxes", how.mailboxes, "spread over so many")
        ->check(CLI::Range(size_t{1}, bench::mailboxes_max));
    app->add_option("--window", how.window, "requests open at a time")->check(CLI::Range(1, 8192));
    app->add_option("--rounds", how.rounds, "of each in turn; the middle ones count")
        ->check(CLI::Range(1, 1'000));
    app->add_option("--directory", how.directory, "where the nodes' data go");
    app->add_flag("--json", json, "for programs");
  }

  void run() const {
    const auto got = bench::run_cluster(how);
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
  app.option_defaults()->always_capture_default();
  deposit_command deposit{app};
  retrieve_command retrieve{app};
  scale_command scale{app};
  cluster_command cluster{app};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // An unknown word is for CLI11 first of all a missing benchmark.
    const auto strange = app.remaining();
    if (app.get_subcommands().empty() && !strange.empty() && e.get_exit_code() != 0) {
      std::cerr << "restante-bench: there is no benchmark '" << strange.front()
                << "'; they are deposit, retrieve, scale and cluster. --help tells more\n";
      return exit_code::usage;
    }
    return app.exit(e) == 0 ? exit_code::ok : exit_code::usage;
  }
  bench::heed_interrupts();
  try {
    if (deposit.to.app->parsed())
      deposit.run();
    else if (retrieve.to.app->parsed())
      retrieve.run();
    else if (scale.to.app->parsed())
      scale.run();
    else
      cluster.run();
  } catch (const std::exception& e) {
    std::cerr << "restante-bench: " << e.what() << "\n";
    return exit_code::failed;
  }
  return exit_code::ok;
}
