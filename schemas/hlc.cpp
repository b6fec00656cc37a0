#include "schemas/hlc.hpp"

#include "schemas/limits.hpp"

#include <algorithm>
#include <chrono>

namespace restante {

wall_ms system_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

stamp hybrid_clock::next() {
  auto wall = static_cast<uint64_t>(std::max<wall_ms>(wall_(), 0)) << 16;
  auto seen = latest_.load(std::memory_order_relaxed);
  uint64_t mine = 0;
  do {
    mine = std::max(wall, seen + 1);
  } while (!latest_.compare_exchange_weak(seen, mine, std::memory_order_relaxed));
  return {mine, incarnation_};
}

result<void> hybrid_clock::observe(const stamp& remote) {
  using std::chrono::milliseconds;
  auto ahead = milliseconds{remote.milliseconds() - wall_()};
  if (ahead > limits::clock_offset_max)
    return fail(errc::invalid_request, "clock_ahead",
                "the time stamp is " + std::to_string(ahead.count() / 1000) +
                    " s ahead of this node's clock; correct the sender's clock");
  auto seen = latest_.load(std::memory_order_relaxed);
  while (seen < remote.hlc &&
         !latest_.compare_exchange_weak(seen, remote.hlc, std::memory_order_relaxed)) {
  }
  return {};
}

} // namespace restante
