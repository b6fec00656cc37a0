// How far a peer is behind this node's log, in time: since when the oldest change that it does not
// have yet has been there. Pure; sampled whenever something is shipped or acknowledged.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace restante {

class shipping_lag {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// From time to time: the newest change now, and the last one that the peer has.
  void sample(time_point now, uint64_t newest, uint64_t acknowledged) {
    while (!samples_.empty() && samples_.front().newest <= acknowledged)
      samples_.pop_front();
    if (newest <= acknowledged || (!samples_.empty() && samples_.back().newest >= newest))
      return;
    if (samples_.size() < most)
      samples_.push_back({now, newest});
    else
      samples_.back().newest = newest; // a peer that is away for long: told as older, never younger
  }

  [[nodiscard]] std::chrono::milliseconds at(time_point now) const {
    if (samples_.empty())
      return std::chrono::milliseconds{0};
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - samples_.front().seen);
  }

private:
  static constexpr size_t most = 4096;
  struct seen_at {
    time_point seen;
    uint64_t newest = 0;
  };
  std::deque<seen_at> samples_; // in order of both
};

} // namespace restante
