// The real `restanted`, in a process of its own, as an operator starts, stops and loses it: for
// what only a fresh process shows, start-up and memory. One tenant, whose client connects over ipc
// without CURVE. Its data live in a fresh directory and go with it.
#pragma once

#include "benchmarks/site.hpp"
#include "bridges/client.hpp"

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace restante::bench {

class served_node {
public:
  struct tuning {
    uint64_t cache_mib = 256;              // of the store; this is the default
    std::chrono::seconds mailbox_idle{60}; // until it leaves memory; so is this
    bool exact_memory = false;             // freed memory goes back to the system at once; slower
  };

  /// Starts a node with an empty store and makes the tenant. `under`: where its directory is made;
  /// empty: the system's temporary one. Throws std::runtime_error, as everything here.
  explicit served_node(const std::filesystem::path& under);
  ~served_node(); // kills it
  served_node(const served_node&) = delete;
  served_node& operator=(const served_node&) = delete;

  /// Starts it again, with nothing of its files in memory; seconds from the program's start until
  /// it answers a ping.
  double start(const tuning& how);
  double start() { return start(tuning{}); }

  /// SIGTERM, and until it has ended.
  void stop();
  /// SIGKILL.
  void kill();

  /// A client of the tenant. Those made before a stop or kill must be gone by then.
  [[nodiscard]] client connect() const;

  [[nodiscard]] pid_t process() const { return process_; }

  /// A figure of `restante status`.
  [[nodiscard]] uint64_t status(const std::string& name) const;

  /// Waits until it does next to nothing any more (flushes, compactions), for a minute at most.
  void settle() const;

  /// What the next start has to read back.
  [[nodiscard]] uint64_t log_bytes() const;

private:
  void configure(const tuning& how) const;
  void spawn(const tuning& how);
  void forget_files() const;
  void wait_until_gone();
  [[nodiscard]] bool has_ended();
  [[nodiscard]] std::string last_words() const;
  [[nodiscard]] std::string address(const char* name) const;

  scratch home_;
  pid_t process_ = 0; // 0: none runs
};

} // namespace restante::bench
