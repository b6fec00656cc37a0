// Which region is home of a telephone number: the longest E.164 prefix that somebody configured.
// Immutable and pure; made from the configuration once.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restante {

class numbering_plan {
public:
  /// Knows no number.
  numbering_plan() = default;
  /// Prefix and region, in any order; "+33" and "33" are the same. Of two regions for one prefix
  /// the first counts, and a prefix without digits is passed over: the configuration refuses both.
  explicit numbering_plan(const std::vector<std::pair<std::string, std::string>>& prefixes);

  /// The region of a number in E.164, with or without '+'; nothing when no prefix of it is known:
  /// then the node's own region is meant. Lives as long as the plan.
  [[nodiscard]] std::optional<std::string_view> region_of(std::string_view number) const;

private:
  std::map<std::string, std::string, std::less<>> regions_; // by prefix, without '+'
  size_t longest_ = 0;                                      // prefix, in digits
};

} // namespace restante
