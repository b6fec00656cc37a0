// What a waiting person is told on standard error: how far it is, and for how long yet. An
// interrupt (Ctrl-C, SIGTERM) is noticed while one waits, so that what a benchmark has made goes
// with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <thread>

namespace restante::bench {

/// From now on SIGINT and SIGTERM only leave a mark that what waits notices.
void heed_interrupts();

/// Throws std::runtime_error when there was one.
void end_if_interrupted();

/// Looks every `pause` whether it holds; false when it does not within `patience`. Throws
/// std::runtime_error after an interrupt.
template <class Condition>
bool eventually(std::chrono::steady_clock::duration patience, std::chrono::milliseconds pause,
                Condition holds) {
  for (auto end = std::chrono::steady_clock::now() + patience; !holds();) {
    end_if_interrupted();
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

class progress {
public:
  progress(const char* doing, size_t total);
  ~progress(); // ends the line

  /// Says so, at most once a second. Throws std::runtime_error after an interrupt.
  void reached(size_t done);

private:
  void say() const;

  const char* doing_;
  size_t total_, done_ = 0;
  std::chrono::steady_clock::time_point began_, told_;
};

} // namespace restante::bench
