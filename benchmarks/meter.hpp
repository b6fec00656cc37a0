// What this process has used since a moment: time, CPU, bytes handed to the disk; and how much of
// the machine others used meanwhile, which tells whether the figures mean anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace restante::bench {

class meter {
public:
  meter(); // starts it

  [[nodiscard]] double seconds() const;
  [[nodiscard]] double cpu_seconds() const;     // of all threads, user and kernel
  [[nodiscard]] uint64_t bytes_written() const; // that reach the disk; 0 when the system hides it
  [[nodiscard]] double others_share() const;    // 0 to 1: of all CPUs' time; 0 when hidden

private:
  std::chrono::steady_clock::time_point began_;
  double cpu_ = 0;
  uint64_t written_ = 0;
  double busy_ = 0; // seconds of all CPUs, of all processes
};

/// The value below which `share` (0 to 1) of the sorted ones lie; 0 of none.
[[nodiscard]] double percentile(const std::vector<double>& sorted, double share);

} // namespace restante::bench
