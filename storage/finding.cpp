#include "storage/finding.hpp"

#include <numeric>

namespace restante {

std::string_view to_string(fate what) {
  switch (what) {
  case fate::seen:
    return "seen";
  case fate::rebuilt:
    return "rebuilt";
  case fate::lost:
    return "lost";
  case fate::unused:
    return "unused";
  }
  return "unknown";
}

void finding_list::add(finding each) {
  ++by_fate_[static_cast<size_t>(each.becomes)];
  if (each.becomes == fate::lost)
    lost_rows_ += each.rows;
  // "messages", "media 0a1b...", "profiles, keys behind ...": the family comes first.
  auto& of_kind = by_kind_[{each.where.substr(0, each.where.find_first_of(" ,")), each.becomes}];
  if (++of_kind <= kept_max)
    kept_.push_back(std::move(each));
}

uint64_t finding_list::all() const {
  return std::accumulate(by_fate_.begin(), by_fate_.end(), uint64_t{0});
}

std::vector<finding_list::rest> finding_list::more() const {
  std::vector<rest> out;
  for (const auto& [kind, count] : by_kind_)
    if (count > kept_max)
      out.push_back({kind.second, kind.first, count - kept_max});
  return out;
}

} // namespace restante
