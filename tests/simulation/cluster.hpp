// A cluster in one thread: nodes, the network between them, one time for all, and an agenda of what
// is to happen when.
#pragma once

#include "tests/simulation/network.hpp"
#include "tests/simulation/simulated_node.hpp"

namespace restante::simulation {

class cluster {
public:
  /// Regions of its nodes, in order; the nodes are named after them.
  cluster(const std::vector<std::string>& regions, size_t replicas, uint64_t seed, trace& log);

  [[nodiscard]] size_t size() const { return nodes_.size(); }
  simulated_node& operator[](size_t index) { return *nodes_[index]; }
  network& net() { return *network_; }
  [[nodiscard]] moment now() const { return now_; }
  [[nodiscard]] const surroundings& around() const { return around_; }

  /// Not before the present.
  void at(moment when, std::function<void()> what) { agenda_.emplace(when, std::move(what)); }
  void after(moment pause, std::function<void()> what) { at(now_ + pause, std::move(what)); }
  void say(const std::string& what) { trace_.add(now_, what); }

  void run_until(moment end);

  // --- processes
  // ----------------------------------------------------------------------------------

  struct crash_plan {
    size_t after_steps = 0;
    bool in_sync = false;  // ... or while its disk syncs next
    bool silently = false; // its peers are not told
    moment down_for = 0;
  };
  /// As kill -9 or a power cut.
  void crash(size_t who, const crash_plan& how);
  /// One that has not come yet does not come.
  void spare(size_t who) { nodes_[who]->spare(); }
  void start_again(size_t who);
  void restart(size_t who);

  /// Told when a process has ended: nobody who asked it is answered any more.
  std::function<void(size_t who)> on_end = [](size_t) {};
  /// Told whenever everybody has done what there was to do.
  std::function<void()> on_rest = [] {};

private:
  void settle();

  trace& trace_;
  random_source draw_;
  surroundings around_;
  std::vector<std::unique_ptr<simulated_node>> nodes_;
  std::unique_ptr<network> network_;
  std::multimap<moment, std::function<void()>> agenda_;
  std::vector<bool> was_running_;
  std::vector<crash_plan> crashes_;
  moment now_ = 0;
};

} // namespace restante::simulation
