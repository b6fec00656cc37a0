#include "benchmarks/scale_bench.hpp"

#include "benchmarks/filled_node.hpp"
#include "benchmarks/meter.hpp"
#include "benchmarks/progress.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace restante::bench {

namespace {

constexpr uint64_t cache_mib_min = 8;
using filled_nodes = std::vector<std::unique_ptr<filled_node>>;

filled_nodes fill(const scale_options& how) {
  filled_nodes out;
  for (size_t count = few_mailboxes; count < how.mailboxes; count *= 10)
    out.push_back(std::make_unique<filled_node>(count, how.size, how.directory));
  out.push_back(std::make_unique<filled_node>(how.mailboxes, how.size, how.directory));
  return out;
}

double restart(served_node& node, const served_node::tuning& how = {}) {
  node.stop();
  return node.start(how);
}

/// Memory once what a start or load set off in the background is done.
double resident_at_rest(const served_node& node) {
  node.settle();
  return static_cast<double>(resident_bytes(node.process()));
}

/// With nothing to read back, so that only what a node begins with is in memory; and with a small
/// cache, which looking through the outbox fills.
double resident_after_start(served_node& node) {
  served_node::tuning how;
  how.cache_mib = cache_mib_min;
  how.exact_memory = true;
  restart(node);
  restart(node, how);
  return resident_at_rest(node);
}

void measure_starts(scale_figures& out, filled_node& few, filled_node& all) {
  all.node().kill();
  out.log_bytes_read_back = all.node().log_bytes();
  out.start_after_kill_seconds = all.node().start();
  out.start_seconds = restart(all.node());
  out.resident_all = resident_after_start(all.node());
  out.resident_few = resident_after_start(few.node());
  out.idle_bytes = (out.resident_all - out.resident_few) /
                   static_cast<double>(all.mailboxes() - few.mailboxes());
}

void measure_first_deposits(scale_figures& out, filled_node& all) {
  const auto count = std::min<size_t>(few_mailboxes, all.mailboxes() / 2);
  out.first_deposits = all.deposits(count, 1, "first deposits");
  out.next_deposits = all.deposits_again(count, 1, "next deposits");
}

void measure_rounds(scale_figures& out, filled_nodes& nodes, const scale_options& how) {
  for (const auto& node : nodes)
    out.sizes.push_back({node->mailboxes(), {}, {}});
  auto settle = [&] {
    for (const auto& each : nodes)
      each->node().settle();
  };
  for (size_t round = 0; round < how.rounds; ++round)
    for (size_t i = 0; i < nodes.size(); ++i) {
      auto& at = out.sizes[i];
      auto doing = "deposits over " + std::to_string(at.mailboxes);
      settle();
      at.first.rounds.push_back(nodes[i]->deposits(how.count, how.window, doing.c_str()));
      settle();
      doing += " again";
      at.again.rounds.push_back(nodes[i]->deposits_again(how.count, how.window, doing.c_str()));
    }
  for (auto& size : out.sizes)
    for (auto* part : {&size.first, &size.again})
      part->middle = middle(part->rounds);
  auto slower = [&](scale_figures::measured scale_figures::at_size::*part) {
    auto per_second = [&](const auto& at) { return (at.*part).middle.per_second; };
    return 1 - per_second(out.sizes.back()) / per_second(out.sizes.front());
  };
  out.slower = slower(&scale_figures::at_size::first);
  out.slower_again = slower(&scale_figures::at_size::again);
}

/// When the store's cache is full and freed memory is returned at once, what grows while mailboxes
/// are loaded is the mailboxes.
void measure_memory(scale_figures& out, filled_node& all) {
  // The first ones fill the cache. Together they are fewer than a node keeps in memory at a time.
  const auto warm = std::min<size_t>(all.mailboxes() / 4, 40'000);
  const auto end = warm + std::min<size_t>(all.mailboxes() / 2, 50'000);
  constexpr size_t slowest_loads = 3'000; // a second
  served_node::tuning how;
  // Not so small that indexes and filters are read again for each mailbox: those of a million need
  // more than 64 MiB.
  how.cache_mib = std::clamp<uint64_t>(all.mailboxes() / 4'000, cache_mib_min, how.cache_mib);
  how.mailbox_idle = std::chrono::seconds{5 + end / slowest_loads};
  how.exact_memory = true;
  auto active = [&] { return static_cast<double>(all.node().status("mailboxes_active")); };
  restart(all.node(), how);
  all.load(0, warm);
  const double before = resident_at_rest(all.node()), active_before = active();
  all.load(warm, end);
  const double loaded = resident_at_rest(all.node()), active_loaded = active();
  if (active_loaded <= active_before)
    throw std::runtime_error("mailboxes left memory faster than they were loaded");
  out.active_measured = static_cast<size_t>(active_loaded - active_before);
  out.active_bytes = (loaded - before) / (active_loaded - active_before);
  if (!eventually(2 * how.mailbox_idle, std::chrono::milliseconds{100},
                  [&] { return active() == 0; }))
    throw std::runtime_error("mailboxes nobody uses stay in memory");
  out.passivated_bytes = out.active_bytes - (loaded - resident_at_rest(all.node())) / active_loaded;
}

} // namespace

scale_figures run_scale(const scale_options& how) {
  init_crypto();
  if (how.mailboxes <= few_mailboxes)
    throw std::runtime_error("more than 1,000 mailboxes are needed, to compare with 1,000");
  scale_figures out;
  auto nodes = fill(how);
  auto &few = *nodes.front(), &all = *nodes.back();
  measure_starts(out, few, all);
  measure_memory(out, all); // while each mailbox has one message
  restart(few.node());
  restart(all.node());
  measure_first_deposits(out, all);
  measure_rounds(out, nodes, how);
  return out;
}

} // namespace restante::bench
