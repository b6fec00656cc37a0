#include "tests/simulation/weather.hpp"

#include <algorithm>

namespace restante::simulation {

namespace {

constexpr const char* names[] = {"one-way cuts", "cuts",        "isolation", "resets",
                                 "slow paths",   "crashes",     "restarts",  "slow disks",
                                 "clock jumps",  "disagreement"};

} // namespace

weather::weather(cluster& all, uint64_t seed, bool calm) : all_{all}, draw_{seed} {
  for (uint8_t each = 0; each < kinds && !calm; ++each)
    if (draw_.one_in(2))
      some_.push_back(static_cast<kind>(each));
  pause_ = 500 + draw_.below(8000);
  longest_ = 1000 + draw_.below(20'000);
}

std::string weather::describe() const {
  std::string out;
  for (auto each : some_)
    out += (out.empty() ? "" : ", ") + std::string{names[each]};
  return out.empty() ? "calm" : out;
}

bool weather::has(kind what) const {
  return std::find(some_.begin(), some_.end(), what) != some_.end();
}

void weather::begin(moment until) {
  until_ = until;
  if (!some_.empty())
    all_.after(static_cast<moment>(draw_.below(pause_)), [this] { strike(); });
}

void weather::strike() {
  if (all_.now() >= until_)
    return;
  strike(draw_.pick(some_));
  all_.after(static_cast<moment>(draw_.below(2 * pause_)), [this] { strike(); });
}

size_t weather::other_than(size_t one) {
  return (one + 1 + draw_.below(all_.size() - 1)) % all_.size();
}

void weather::cut_path(size_t from, size_t to, moment lasts) {
  all_.say("cut " + all_[from].name() + " -> " + all_[to].name());
  all_.net().cut(from, to, all_.now());
  all_.after(lasts, [this, from, to] {
    all_.say("mended " + all_[from].name() + " -> " + all_[to].name());
    all_.net().mend(from, to);
  });
}

void weather::strike(kind what) {
  const size_t a = draw_.below(all_.size()), b = other_than(a);
  const moment lasts = while_();
  switch (what) {
  case one_way_cut:
    return cut_path(a, b, lasts);
  case cut:
    cut_path(a, b, lasts);
    return cut_path(b, a, lasts);
  case isolation:
    for (size_t other = 0; other < all_.size(); ++other)
      if (other != a) {
        cut_path(a, other, lasts);
        cut_path(other, a, lasts);
      }
    return;
  case reset:
    return all_.net().reset(a, b, all_.now());
  case slow_path:
    all_.net().slow(a, b, static_cast<moment>(draw_.below(3000)));
    all_.after(lasts, [this, a, b] { all_.net().slow(a, b, 0); });
    return;
  case crash: {
    const bool in_sync = draw_.one_in(2);
    all_.say("power goes at " + all_[a].name() + (in_sync ? " in a sync" : ""));
    return all_.crash(a, {draw_.below(60), in_sync, draw_.one_in(2), lasts});
  }
  case restart:
    return all_.restart(a);
  case slow_disk: {
    all_.say("the disk of " + all_[a].name() + " hangs");
    all_[a].hold_disk();
    all_.after(draw_.below(4000), [this, a] { all_[a].let_disk_go(); });
    return;
  }
  case clock_jump: {
    const auto ahead = static_cast<moment>(draw_.below(55'000)) * (draw_.one_in(2) ? 1 : -1);
    all_.say("the clock of " + all_[a].name() + " is " + std::to_string(ahead) + " ms ahead");
    all_[a].set_clock(ahead);
    return;
  }
  case disagreement:
    disagree(a);
    all_.after(lasts, [this, a] {
      for (size_t other = 0; other < all_.size(); ++other)
        if (other != a)
          all_.net().know(a, other, true, all_.now());
      if (all_[a].running())
        all_[a].set_members(all_[a].all_members());
    });
    return;
  case kinds:
    return;
  }
}

/// It takes somebody for gone, for leaving, or has never heard of them.
void weather::disagree(size_t at) {
  if (!all_[at].running())
    return;
  auto seen = all_[at].all_members();
  const auto who = other_than(at);
  switch (draw_.below(3)) {
  case 0:
    seen.members[who].alive = false;
    break;
  case 1:
    seen.members[who].draining = true;
    break;
  default:
    seen.members.erase(seen.members.begin() + static_cast<ptrdiff_t>(who));
    all_.net().know(at, who, false, all_.now());
  }
  all_.say(all_[at].name() + " has another list of members about " + all_[who].name());
  all_[at].set_members(seen);
}

void weather::clear() {
  until_ = all_.now();
  all_.say("all is made whole");
  for (size_t a = 0; a < all_.size(); ++a) {
    for (size_t b = 0; b < all_.size(); ++b)
      if (a != b) {
        all_.net().mend(a, b);
        all_.net().slow(a, b, 0);
        all_.net().know(a, b, true, all_.now());
      }
    all_.spare(a);
    all_.start_again(a);
    all_[a].set_clock(0);
    all_[a].let_disk_go();
    all_[a].set_members(all_[a].all_members());
  }
}

} // namespace restante::simulation
