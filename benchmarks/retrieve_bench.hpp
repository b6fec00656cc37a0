// Retrievals by a tenant, of messages that lie on disk and of the same again: each is read,
// checked, marked as played and told to the subscriber, so it waits for the disk as a deposit does.
#pragma once

#include "benchmarks/load.hpp"

#include <filesystem>

namespace restante::bench {

struct retrieve_options {
  size_t size = 1024;    // bytes of one recording
  size_t window = 64;    // retrievals open at a time
  size_t count = 20'000; // messages, each in a mailbox of its own
  std::filesystem::path directory;
};

struct retrieve_figures {
  load_figures from_disk; // mailboxes not loaded, nothing of the store's files in memory
  load_figures again;
};

/// Runs it, telling progress on standard error. Throws std::runtime_error with what went wrong.
[[nodiscard]] retrieve_figures run_retrievals(const retrieve_options& how);

} // namespace restante::bench
