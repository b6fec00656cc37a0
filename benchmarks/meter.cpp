#include "benchmarks/meter.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>

/// jemalloc's, where it is linked.
extern "C" int mallctl(const char* name, void* old, size_t* old_bytes, void* fresh,
                       size_t fresh_bytes) __attribute__((weak));

namespace restante::bench {

namespace {

std::string proc_file(pid_t process, const char* name) {
  return "/proc/" + (process == 0 ? "self" : std::to_string(process)) + "/" + name;
}

uint64_t written_so_far(pid_t process) {
  std::ifstream io{proc_file(process, "io")};
  std::string name;
  uint64_t value = 0;
  while (io >> name >> value)
    if (name == "write_bytes:")
      return value;
  return 0;
}

double seconds_of(clockid_t which) {
  timespec t{};
  clock_gettime(which, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
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

meter::meter(pid_t server)
    : server_{server}
    , began_{std::chrono::steady_clock::now()}
    , cpu_{cpu_so_far()}
    , written_{written_so_far(server)}
    , busy_{busy_so_far()} {}

double meter::cpu_so_far() const {
  clockid_t served = CLOCK_PROCESS_CPUTIME_ID;
  double out = seconds_of(served);
  if (server_ != 0 && clock_getcpuclockid(server_, &served) == 0)
    out += seconds_of(served);
  return out;
}

double meter::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

double meter::cpu_seconds() const { return cpu_so_far() - cpu_; }

double meter::others_share() const {
  auto machine = seconds() * std::max(1U, std::thread::hardware_concurrency());
  return std::clamp((busy_so_far() - busy_ - cpu_seconds()) / machine, 0.0, 1.0);
}

uint64_t meter::bytes_written() const { return written_so_far(server_) - written_; }

uint64_t resident_bytes(pid_t process) {
  std::ifstream statm{proc_file(process, "statm")};
  uint64_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t allocated_bytes() {
  if (mallctl == nullptr) { // under a sanitizer
    const auto all = ::mallinfo2();
    return all.uordblks + all.hblkhd;
  }
  uint64_t epoch = 1;
  size_t out = 0, size = sizeof out;
  (void)mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch); // what was counted until now
  (void)mallctl("stats.allocated", &out, &size, nullptr, 0);
  return out;
}

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty())
    return 0;
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

} // namespace restante::bench
