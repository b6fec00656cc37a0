// restante-sim: many histories of a simulated cluster, one after the other, until a promise is
// broken.
#include "tests/simulation/history.hpp"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cinttypes>
#include <cstring>
#include <iostream>

namespace restante::simulation {

namespace {

using clock = std::chrono::steady_clock;

constexpr const char* help = R"(usage: restante-sim --seeds A..B
       restante-sim --trace SEED

Simulates clusters of two to four nodes in one process and in virtual time: clients, cuts, crashes,
slow disks, wrong clocks and wrong lists of members, everything drawn from the seed; and checks that
every promise is kept. The same seed is the same history, event by event, with the same hash.

  --seeds A..B  one history for each seed from A to B; ends with the first that breaks a promise,
                and prints what its clients and its weather did last
  --trace SEED  one history, with every event, also each message between nodes
  --help        this

Exit status: 0 all promises were kept, 1 one was broken, 2 the command line is wrong.

  restante-sim --seeds 1..300
  restante-sim --trace 17 | grep 'mailbox 2'
)";

constexpr size_t lines_of_a_failure = 60;

double seconds_since(clock::time_point begin) {
  return std::chrono::duration<double>(clock::now() - begin).count();
}

void print_result(const history& what) {
  std::printf("seed %" PRIu64 ": %s\n", what.seed, what.plan.c_str());
  std::printf("  %.1f s, %zu deposits acknowledged, %zu messages between nodes, %" PRIu64
              " events, hash %016" PRIx64 "\n",
              static_cast<double>(what.lasted) / 1000, what.acknowledged, what.messages, what.lines,
              what.hash);
}

/// The messages between nodes are left out.
void print_last(const history& what) {
  std::vector<const std::string*> lines;
  for (const auto& line : what.trace)
    if (line.compare(10, 4, "    ") != 0)
      lines.push_back(&line);
  const auto skipped = lines.size() - std::min(lines.size(), lines_of_a_failure);
  if (skipped > 0)
    std::printf("  ... %zu lines before; all: restante-sim --trace %" PRIu64 "\n", skipped,
                what.seed);
  for (size_t i = skipped; i < lines.size(); ++i)
    std::printf("%s\n", lines[i]->c_str());
}

int trace_of(uint64_t seed) {
  const auto one = live_through(seed, true);
  for (const auto& line : one.trace)
    std::printf("%s\n", line.c_str());
  print_result(one);
  if (one.broken)
    std::printf("  BROKEN: %s\n", one.broken->c_str());
  return one.broken ? 1 : 0;
}

int run(uint64_t first, uint64_t last) {
  const auto begin = clock::now();
  auto told = begin;
  const bool watched = isatty(STDERR_FILENO) != 0;
  double lived = 0;
  size_t acknowledged = 0, messages = 0;
  uint64_t hashes = 0;
  for (uint64_t seed = first;; ++seed) {
    const auto one = live_through(seed, false);
    lived += static_cast<double>(one.lasted) / 1000;
    acknowledged += one.acknowledged;
    messages += one.messages;
    hashes = hashes * 31 + one.hash;
    if (watched && seconds_since(told) > 1) {
      std::fprintf(stderr, "\rseed %" PRIu64 " of %" PRIu64 ", %.0f s ", seed, last,
                   seconds_since(begin));
      told = clock::now();
    }
    if (one.broken) {
      if (watched)
        std::fprintf(stderr, "\n");
      const auto again = live_through(seed, true);
      print_result(again);
      print_last(again);
      std::printf("BROKEN with seed %" PRIu64 ": %s\n", seed, one.broken->c_str());
      if (again.hash != one.hash)
        std::printf("and a second run was another one: %016" PRIx64 ", not %016" PRIx64 "\n",
                    again.hash, one.hash);
      return 1;
    }
    if (seed == last)
      break;
  }
  if (watched)
    std::fprintf(stderr, "\n");
  const auto took = seconds_since(begin);
  std::printf("%" PRIu64 " histories, %.1f simulated hours in %.1f s: %.1f hours a minute; %zu "
              "deposits acknowledged, %zu messages between nodes, hash %016" PRIx64 "\n",
              last - first + 1, lived / 3600, took, lived / 60 / took, acknowledged, messages,
              hashes);
  return 0;
}

bool read(std::string_view text, uint64_t& into) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

int wrong(const std::string& why) {
  std::cerr << "restante-sim: " << why << "; see --help\n";
  return 2;
}

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "--help" || verb == "-h") {
    std::cout << help;
    return 0;
  }
  if (argc != 3)
    return wrong("one option with one value is wanted");
  const std::string_view value = argv[2];
  uint64_t first = 0, last = 0;
  if (verb == "--trace")
    return read(value, first) ? trace_of(first) : wrong("--trace wants a number");
  const auto dots = value.find("..");
  if (verb != "--seeds")
    return wrong("there is no " + std::string{verb});
  if (dots == std::string_view::npos || !read(value.substr(0, dots), first) ||
      !read(value.substr(dots + 2), last) || last < first)
    return wrong("--seeds wants a range such as 1..300");
  return run(first, last);
}

} // namespace

} // namespace restante::simulation

int main(int argc, char** argv) { return restante::simulation::main(argc, argv); }
