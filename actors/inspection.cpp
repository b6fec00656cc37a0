#include "actors/inspection.hpp"

#include <algorithm>

namespace restante {

answer::copy_of_mailbox line_of(const member& node, const outcome& said) {
  answer::copy_of_mailbox out;
  if (auto* copies = std::get_if<answer::copies>(&said); copies != nullptr && !copies->all.empty())
    out = copies->all.front();
  else if (auto* why = std::get_if<failure>(&said); why != nullptr && why->code != errc::not_found)
    out.problem = why->text;
  out.node = node.name;
  out.region = node.region;
  return out;
}

answer::copies with_roles(std::vector<answer::copy_of_mailbox> all, const inspected& what,
                          const placement& places) {
  const auto partition = partition_of(what.mailbox);
  std::string location;
  for (const auto& each : all)
    if (each.there && !each.location.empty())
      location = each.location;
  answer::copies out;
  auto move_over = [&](std::string_view region, bool guest) {
    for (const auto* holder : places.holders(region, partition)) {
      auto at = std::find_if(all.begin(), all.end(),
                             [&](const auto& each) { return each.node == holder->name; });
      if (at == all.end())
        continue;
      at->role = guest ? "roaming" : out.all.empty() ? "home" : "standby";
      out.all.push_back(std::move(*at));
      all.erase(at);
    }
  };
  move_over(what.home, false);
  if (!location.empty() && location != what.home)
    move_over(location, true);
  for (auto& each : all)
    if (each.there || !each.problem.empty())
      out.all.push_back(std::move(each));
  return out;
}

} // namespace restante
