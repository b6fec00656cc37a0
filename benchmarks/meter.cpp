#include "benchmarks/meter.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

namespace restante::bench {

namespace {

uint64_t written_so_far() {
  std::ifstream io{"/proc/self/io"};
  std::string name;
  uint64_t value = 0;
  while (io >> name >> value)
    if (name == "write_bytes:")
      return value;
  return 0;
}

double cpu_so_far() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) + t.tv_usec / 1e6; };
  return of(used.ru_utime) + of(used.ru_stime);
}

/// Of all CPUs and processes since the system started, with what a hypervisor took.
double busy_so_far() {
  std::ifstream stat{"/proc/stat"};
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, steal = 0;
  stat >> name >> user >> nice >> system >> idle >> waiting >> irq >> softirq >> steal;
  return (user + nice + system + irq + softirq + steal) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

} // namespace

meter::meter()
    : began_{std::chrono::steady_clock::now()}
    , cpu_{cpu_so_far()}
    , written_{written_so_far()}
    , busy_{busy_so_far()} {}

double meter::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

double meter::cpu_seconds() const { return cpu_so_far() - cpu_; }

double meter::others_share() const {
  auto machine = seconds() * std::max(1U, std::thread::hardware_concurrency());
  return std::clamp((busy_so_far() - busy_ - cpu_seconds()) / machine, 0.0, 1.0);
}

uint64_t meter::bytes_written() const { return written_so_far() - written_; }

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty())
    return 0;
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

} // namespace restante::bench
