// What this process and, when it is another, the one that serves have used since a moment: time,
// CPU, bytes handed to the disk; and how much of the machine others used meanwhile, which tells
// whether the figures mean anything.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace restante::bench {

class meter {
public:
  /// Starts it. `server`: the process that serves, 0 for this one; it must outlive the meter.
  explicit meter(pid_t server = 0);

  [[nodiscard]] double seconds() const;
  [[nodiscard]] double cpu_seconds() const;     // of all threads of both, user and kernel
  [[nodiscard]] uint64_t bytes_written() const; // by the server; 0 when the system hides it
  [[nodiscard]] double others_share() const;    // 0 to 1: of all CPUs' time; 0 when hidden

private:
  [[nodiscard]] double cpu_so_far() const;

  pid_t server_;
  std::chrono::steady_clock::time_point began_;
  double cpu_ = 0;
  uint64_t written_ = 0;
  double busy_ = 0; // seconds of all CPUs, of all processes
};

/// The resident set of a process, in bytes: memory it has, shared libraries included.
[[nodiscard]] uint64_t resident_bytes(pid_t process);

/// What this process has allocated and not freed, in bytes. Unlike the resident set it does not
/// depend on what was freed before.
[[nodiscard]] uint64_t allocated_bytes();

/// The value below which `share` (0 to 1) of the sorted ones lie; 0 of none.
[[nodiscard]] double percentile(const std::vector<double>& sorted, double share);

} // namespace restante::bench
