#include "tests/simulation/cluster.hpp"

#include <algorithm>

namespace restante::simulation {

namespace {

/// How exactly actors' timers are kept.
constexpr moment tick = 125;

constexpr const char* names[] = {"amber", "birch", "cedar", "delta", "ember"};

} // namespace

cluster::cluster(const std::vector<std::string>& regions, size_t replicas, uint64_t seed,
                 trace& log)
    : trace_{log}
    , draw_{seed}
    , was_running_(regions.size(), true)
    , crashes_(regions.size()) {
  around_.replicas = replicas;
  std::vector<std::string> all;
  for (size_t i = 0; i < regions.size(); ++i) {
    member one;
    one.name = names[i];
    one.region = regions[i];
    one.lane = static_cast<uint32_t>(i);
    around_.members.push_back(one);
    all.push_back(one.name);
    if (std::find(around_.regions.begin(), around_.regions.end(), regions[i]) ==
        around_.regions.end())
      around_.regions.push_back(regions[i]);
  }
  around_.send = [this](size_t from, peer_outbound what) {
    if (from < nodes_.size() && !nodes_[from]->dead())
      network_->send(from, std::move(what), now_);
  };
  network_ = std::make_unique<network>(all, random_source{seed + 1}, trace_,
                                       [this](size_t at, peer_event what) {
                                         if (nodes_[at]->running() && !nodes_[at]->dead())
                                           nodes_[at]->hear(std::move(what));
                                       });
  for (size_t i = 0; i < regions.size(); ++i)
    nodes_.push_back(std::make_unique<simulated_node>(around_, i, random_source{seed + 2 + i}));
}

void cluster::run_until(moment end) {
  while (now_ < end) {
    auto next = std::min({end, (now_ / tick + 1) * tick, network_->next()});
    if (!agenda_.empty())
      next = std::min(next, agenda_.begin()->first);
    now_ = std::max(now_, next);
    for (auto& node : nodes_)
      node->advance_to(now_);
    while (!agenda_.empty() && agenda_.begin()->first <= now_) {
      auto what = std::move(agenda_.begin()->second);
      agenda_.erase(agenda_.begin());
      what();
    }
    network_->run(now_);
    settle();
  }
}

/// What takes no time.
void cluster::settle() {
  std::vector<size_t> order(nodes_.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  draw_.shuffle(order);
  for (auto i : order) {
    nodes_[i]->work();
    if (!nodes_[i]->running() && was_running_[i]) {
      was_running_[i] = false;
      say(nodes_[i]->name() + " has ended");
      network_->leave(i, crashes_[i].silently, now_);
      on_end(i);
      after(crashes_[i].down_for, [this, i] { start_again(i); });
    }
  }
  on_rest();
}

void cluster::crash(size_t who, const crash_plan& how) {
  if (!nodes_[who]->running())
    return;
  crashes_[who] = how;
  if (how.in_sync)
    nodes_[who]->crash_in_sync();
  else
    nodes_[who]->crash_after(how.after_steps);
}

void cluster::start_again(size_t who) {
  if (nodes_[who]->running())
    return;
  say(nodes_[who]->name() + " starts");
  nodes_[who]->start_again();
  was_running_[who] = true;
  network_->enter(who, now_);
}

void cluster::restart(size_t who) {
  if (!nodes_[who]->running())
    return;
  say(nodes_[who]->name() + " restarts");
  on_end(who);
  nodes_[who]->restart_gracefully();
  network_->leave(who, false, now_);
  network_->enter(who, now_);
}

} // namespace restante::simulation
