// What goes wrong in a history: each seed draws which kinds of trouble there are and how often,
// then when and where each strikes. Everything that begins ends again; `clear` ends all that is
// left.
#pragma once

#include "tests/simulation/cluster.hpp"

#include <set>

namespace restante::simulation {

class weather {
public:
  enum kind : uint8_t {
    one_way_cut,
    cut,
    isolation,
    reset,
    slow_path,
    crash,
    restart,
    slow_disk,
    clock_jump,
    disagreement,
    kinds
  };

  /// `calm`: nothing ever goes wrong.
  weather(cluster& all, uint64_t seed, bool calm);

  void begin(moment until);
  /// All is whole again.
  void clear();

  [[nodiscard]] std::string describe() const;
  [[nodiscard]] bool has(kind what) const;

private:
  void strike();
  void strike(kind what);
  [[nodiscard]] moment while_() { return 200 + static_cast<moment>(draw_.below(longest_)); }
  [[nodiscard]] size_t other_than(size_t one);
  void cut_path(size_t from, size_t to, moment lasts);
  void disagree(size_t at);

  cluster& all_;
  random_source draw_;
  std::vector<kind> some_; // kinds that there are
  uint64_t pause_ = 0;     // between two, on average
  uint64_t longest_ = 0;   // that one lasts
  moment until_ = 0;
};

} // namespace restante::simulation
