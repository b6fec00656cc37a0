#include "benchmarks/deposit_bench.hpp"

#include "benchmarks/bench_node.hpp"
#include "benchmarks/floor.hpp"
#include "benchmarks/mailboxes.hpp"

#include <stdexcept>

namespace restante::bench {

namespace {

/// Names as long as a node's, of mailboxes nobody made: the floor asks no mailbox.
std::vector<std::string> made_up_profiles(size_t count) {
  std::vector<std::string> out;
  out.reserve(count);
  for (size_t i = 0; i < count; ++i)
    out.push_back(to_string(profile_id{"bench", *mailbox_id::from(random_bytes(16))}));
  return out;
}

load_figures deposits(client& load, const std::vector<std::string>& profiles,
                      const deposit_options& how) {
  recordings media{how.size};
  return measure(load, {"deposits", how.count, how.window, how.rate, how.size}, [&](size_t number) {
    auto box = number % profiles.size();
    using by = subscriber_ref::by;
    return media.deposit_into(how.by_number ? subscriber_ref{by::number, number_of(box)}
                                            : subscriber_ref{by::profile, profiles[box]},
                              number);
  });
}

load_figures run_floor(const deposit_options& how) {
  floor_server server{how.at};
  client load{server.depositor()};
  auto out = deposits(load, made_up_profiles(how.mailboxes), how);
  if (server.finish() != how.count)
    throw std::runtime_error("the floor acknowledged what it did not store");
  return out;
}

} // namespace

load_figures run_deposits(const deposit_options& how) {
  init_crypto();
  bench_node node{how.at};
  client load{node.depositor()};
  auto profiles = make_mailboxes(load, how.mailboxes);
  return deposits(load, profiles, how);
}

floor_comparison run_against_floor(const deposit_options& how, size_t rounds) {
  init_crypto();
  // A page of memory that was never used costs its first user most: the first run does not count.
  (void)run_deposits(how);
  floor_comparison out;
  for (size_t round = 0; round < rounds; ++round) {
    out.floors.push_back(run_floor(how));
    out.engines.push_back(run_deposits(how));
  }
  out.floor = middle(out.floors);
  out.engine = middle(out.engines);
  out.ratio = out.engine.per_second / out.floor.per_second;
  return out;
}

} // namespace restante::bench
