// A store in memory, for tests of everything above storage: the same contract as rocks_store, and
// failures on demand. It forgets all with its last owner. Every function may be called from any
// thread.
#pragma once

#include "storage/kv_store.hpp"

#include <map>
#include <mutex>

namespace restante {

class memory_store final : public kv_store {
public:
  [[nodiscard]] result<std::optional<chunk>> get(family in, std::string_view key) const override;
  [[nodiscard]] result<std::vector<key_value>>
  scan(family in, std::string_view prefix, std::string_view from, size_t limit) const override;
  [[nodiscard]] result<std::optional<key_value>> last(family in) const override;
  /// Unlimited: memory has no reserve. storage_full comes from fail_next.
  [[nodiscard]] uint64_t free_bytes() const override;

  /// The next commit with rows answers `what`. A storage_failure leaves its outcome open, so a
  /// test chooses: `stored_anyway` keeps the rows although the caller is told of a failure. After
  /// it commits are refused with reason `stopped` until reopen. Other codes store nothing.
  void fail_next(failure what, bool stored_anyway = false);

  /// What ending and opening the store again does: takes back the stop.
  void reopen();

private:
  using rows = std::map<std::string, chunk, std::less<>>;

  struct injected {
    failure what;
    bool stored_anyway = false;
  };

  result<void> write(std::span<const group> groups, commit_class urgency) override;

  mutable std::mutex mutex_;
  std::array<rows, family_count> families_;
  std::optional<injected> next_failure_;
  bool stopped_ = false;
};

} // namespace restante
