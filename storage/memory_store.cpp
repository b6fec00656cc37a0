#include "storage/memory_store.hpp"

#include <algorithm>
#include <limits>

namespace restante {

result<std::optional<chunk>> memory_store::get(family in, std::string_view key) const {
  std::scoped_lock lock{mutex_};
  const rows& all = families_[static_cast<size_t>(in)];
  const auto found = all.find(key);
  if (found == all.end())
    return std::nullopt;
  return found->second;
}

result<std::vector<key_value>> memory_store::scan(family in, std::string_view prefix,
                                                  std::string_view from, size_t limit) const {
  std::scoped_lock lock{mutex_};
  const rows& all = families_[static_cast<size_t>(in)];
  std::vector<key_value> page;
  size_t bytes = 0;
  for (auto at = all.lower_bound(std::max(prefix, from)); at != all.end(); ++at) {
    if (page.size() >= limit || bytes >= scan_page_bytes || !at->first.starts_with(prefix))
      break;
    page.push_back({at->first, std::string{at->second.view()}});
    bytes += at->second.size();
  }
  return page;
}

result<std::optional<key_value>> memory_store::last(family in) const {
  std::scoped_lock lock{mutex_};
  const rows& all = families_[static_cast<size_t>(in)];
  if (all.empty())
    return std::nullopt;
  const auto& [key, value] = *all.rbegin();
  return key_value{key, std::string{value.view()}};
}

uint64_t memory_store::free_bytes() const { return std::numeric_limits<uint64_t>::max(); }

void memory_store::fail_next(failure what, bool stored_anyway) {
  std::scoped_lock lock{mutex_};
  next_failure_ = injected{std::move(what), stored_anyway};
}

void memory_store::reopen() {
  std::scoped_lock lock{mutex_};
  stopped_ = false;
}

result<void> memory_store::write(std::span<const group> groups, commit_class) {
  std::scoped_lock lock{mutex_};
  if (stopped_)
    return fail(errc::storage_failure, "stopped",
                "The store stopped after a failed write: open it again and verify.");
  if (std::ranges::all_of(groups, [](group rows) { return rows.empty(); }))
    return {};
  const auto failing = std::exchange(next_failure_, std::nullopt);
  if (failing)
    stopped_ = failing->what.code == errc::storage_failure;
  if (!failing || (stopped_ && failing->stored_anyway)) {
    for (group rows : groups) {
      for (const row& step : rows) {
        auto& into = families_[static_cast<size_t>(step.in)];
        if (step.erase)
          into.erase(step.key);
        else
          into.insert_or_assign(step.key, step.value);
      }
    }
  }
  if (failing)
    return tl::unexpected<failure>{failing->what};
  return {};
}

} // namespace restante
