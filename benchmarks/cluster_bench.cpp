#include "benchmarks/cluster_bench.hpp"

#include "benchmarks/bench_cluster.hpp"
#include "benchmarks/bench_node.hpp"
#include "benchmarks/mailboxes.hpp"
#include "benchmarks/meter.hpp"
#include "benchmarks/pump.hpp"

#include <algorithm>
#include <atomic>

namespace restante::bench {

namespace {

constexpr size_t small = 1024, large = 40'000;
constexpr size_t voicemails = 100, roamers = 5;
constexpr auto lag_pause = milliseconds{20};

double at(std::vector<double>& sorted, double share) {
  std::sort(sorted.begin(), sorted.end());
  return sorted.empty()
             ? 0
             : sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

/// Looks at how far behind a peer is, until it ends.
class lag_watch {
public:
  lag_watch(const identity& admin, std::string peer)
      : thread_{[this, admin, figure = "peer." + std::move(peer) + ".behind_ms"] {
        client asks{admin};
        while (!ended_) {
          auto got = asks.ask(ask::status{}, {}, patience);
          if (auto* status = got ? std::get_if<answer::status>(&*got) : nullptr)
            for (const auto& [name, value] : status->figures)
              if (name == figure)
                seen_.push_back(std::strtod(value.c_str(), nullptr));
          std::this_thread::sleep_for(lag_pause);
        }
      }} {}
  ~lag_watch() { end(); }

  std::vector<double> end() {
    ended_ = true;
    if (thread_.joinable())
      thread_.join();
    return seen_;
  }

private:
  std::atomic<bool> ended_{false};
  std::vector<double> seen_;
  std::thread thread_;
};

load_figures deposits(client& load, const std::vector<std::string>& profiles, size_t size,
                      size_t count, size_t window, op::durability until) {
  recordings media{size};
  return measure(load, {"deposits", count, window, 0, size}, [&](size_t number) {
    auto out = media.deposit_into({subscriber_ref::by::profile, profiles[number % profiles.size()]},
                                  number);
    std::get<op::deposit>(std::get<ask::of_mailbox>(out).op).until = until;
    return out;
  });
}

cluster_deposits compare(const cluster_options& how, size_t size, size_t count) {
  cluster_deposits out;
  out.size = size;
  std::vector<load_figures> alone, replicated;
  std::vector<double> lags;
  for (size_t round = 0; round < how.rounds; ++round) {
    {
      bench_node node{{.directory = how.directory}};
      client load{node.depositor()};
      alone.push_back(deposits(load, make_mailboxes(load, how.mailboxes), size, count, how.window,
                               op::durability::local));
    }
    bench_cluster nodes{how.directory, {"home", "home"}, 2};
    client load{nodes.depositor(0)};
    auto profiles = make_mailboxes(load, how.mailboxes);
    lag_watch watch{nodes.admin(0), bench_cluster::name_of(1)};
    replicated.push_back(
        deposits(load, profiles, size, count, how.window, op::durability::replicated));
    auto seen = watch.end();
    lags.insert(lags.end(), seen.begin(), seen.end());
  }
  for (const auto* part : {&alone, &replicated})
    for (const auto& round : *part)
      if (round.refused != 0)
        throw std::runtime_error(std::to_string(round.refused) +
                                 " deposits were refused: " + round.refusals.begin()->first);
  out.alone = middle(alone);
  out.replicated = middle(replicated);
  out.ratio = out.replicated.per_second / out.alone.per_second;
  out.lag_p50_ms = at(lags, 0.5);
  out.lag_p99_ms = at(lags, 0.99);
  out.lag_max_ms = at(lags, 1);
  return out;
}

/// Whether the copy at the node that is asked has them all.
bool is_there(client& asks, const subscriber_ref& who, const std::string& node,
              size_t messages = voicemails) {
  auto got = asks.ask(ask::of_mailbox{who, op::inspect{}}, {}, patience);
  auto* copies = got ? std::get_if<answer::copies>(&*got) : nullptr;
  return copies != nullptr && std::any_of(copies->all.begin(), copies->all.end(), [&](auto& copy) {
           return copy.node == node && copy.there && copy.messages == messages;
         });
}

std::vector<double> roam(const cluster_options& how) {
  bench_cluster nodes{how.directory, {"home", "abroad"}, 1};
  client here{nodes.depositor(0)}, asks{nodes.admin(1)}; // copies are the operator's to see
  std::vector<double> out;
  for (const auto& profile : make_mailboxes(here, roamers)) {
    (void)deposits(here, {profile}, large, voicemails, 16, op::durability::local);
    const subscriber_ref who{subscriber_ref::by::profile, profile};
    const auto began = std::chrono::steady_clock::now();
    auto told = here.ask(ask::of_mailbox{who, op::locate{"abroad"}}, {}, patience);
    if (!told || !std::holds_alternative<answer::done>(*told))
      throw std::runtime_error("the location update was refused");
    while (!is_there(asks, who, bench_cluster::name_of(1)))
      if (std::chrono::steady_clock::now() - began > patience)
        throw std::runtime_error("the mailbox did not follow its subscriber");
    out.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
            .count());
  }
  return out;
}

void weigh(const cluster_options& how, cluster_figures& out) {
  bench_cluster nodes{how.directory, {"home", "abroad"}, 1};
  client here{nodes.depositor(0)}, there{nodes.depositor(1)}, asks{nodes.admin(1)};
  const auto held = [] { return static_cast<double>(allocated_bytes()); };
  const auto each = static_cast<double>(how.mailboxes);
  const double before = held();
  const auto profiles = make_mailboxes(here, how.mailboxes);
  (void)deposits(here, profiles, small, profiles.size(), how.window, op::durability::local);
  const double made = held();
  const auto of = [](const std::string& profile) {
    return subscriber_ref{subscriber_ref::by::profile, profile};
  };
  (void)measure(here, {"location updates", profiles.size(), how.window}, [&](size_t number) {
    return operation{ask::of_mailbox{of(profiles[number]), op::locate{"abroad"}}};
  });
  const auto began = std::chrono::steady_clock::now();
  for (const auto& profile : profiles)
    while (!is_there(asks, of(profile), bench_cluster::name_of(1), 1))
      if (std::chrono::steady_clock::now() - began > 4 * patience)
        throw std::runtime_error("not every mailbox followed its subscriber");
  for (const auto& profile : profiles) // served there
    (void)there.ask(ask::of_mailbox{of(profile), op::list{}}, {}, patience);
  out.local_mailbox_bytes = (made - before) / each;
  out.roaming_mailbox_bytes = (held() - made) / each;
}

} // namespace

cluster_figures run_cluster(const cluster_options& how) {
  init_crypto();
  cluster_figures out;
  out.sizes.push_back(compare(how, small, how.count));
  out.sizes.push_back(compare(how, large, std::max<size_t>(how.count / 4, 1)));
  out.roaming_ms = roam(how);
  auto sorted = out.roaming_ms;
  out.roaming_middle_ms = at(sorted, 0.5);
  weigh(how, out);
  return out;
}

} // namespace restante::bench
