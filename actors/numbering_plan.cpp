#include "actors/numbering_plan.hpp"

#include <algorithm>

namespace restante {

namespace {

std::string_view digits_of(std::string_view number) {
  return number.substr(number.starts_with('+') ? 1 : 0);
}

} // namespace

numbering_plan::numbering_plan(const std::vector<std::pair<std::string, std::string>>& prefixes) {
  for (const auto& [prefix, region] : prefixes) {
    const auto digits = digits_of(prefix);
    if (digits.empty())
      continue;
    regions_.emplace(digits, region);
    longest_ = std::max(longest_, digits.size());
  }
}

std::optional<std::string_view> numbering_plan::region_of(std::string_view number) const {
  const auto digits = digits_of(number);
  for (auto length = std::min(longest_, digits.size()); length > 0; --length)
    if (const auto at = regions_.find(digits.substr(0, length)); at != regions_.end())
      return at->second;
  return std::nullopt;
}

} // namespace restante
