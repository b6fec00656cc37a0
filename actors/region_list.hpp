// The regions of the cluster that were ever known here. They grow while the node runs, as members
// join; one whose members are gone stays known. A node that is alone has none.
//
// Owner: the environment, which all mailboxes share; any thread.
#pragma once

#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

class region_list {
public:
  region_list() = default;
  explicit region_list(const std::vector<std::string>& names)
      : names_{names.begin(), names.end()} {}

  void add(const std::string& name) {
    std::lock_guard lock{mutex_};
    names_.insert(name);
  }
  [[nodiscard]] bool has(std::string_view name) const {
    std::shared_lock lock{mutex_};
    return names_.contains(name);
  }
  /// No cluster.
  [[nodiscard]] bool empty() const {
    std::shared_lock lock{mutex_};
    return names_.empty();
  }

private:
  mutable std::shared_mutex mutex_;
  std::set<std::string, std::less<>> names_; // guarded by mutex_
};

} // namespace restante
