#include "actors/time_zone.hpp"

#include <date/tz.h>

#include <algorithm>

namespace restante {

namespace {

const date::time_zone* find(std::string_view name) {
  const auto& zones = date::get_tzdb().zones;
  auto at = std::lower_bound(zones.begin(), zones.end(), name,
                             [](const auto& zone, std::string_view n) { return zone.name() < n; });
  return at != zones.end() && at->name() == name ? &*at : nullptr;
}

} // namespace

void load_time_zones() {
  // get_tzdb lists the zones; each zone's rules are read at its first use, under a lock.
  (void)date::get_tzdb();
}

bool known_time_zone(std::string_view name) { return find(name) != nullptr; }

std::string local_text(wall_ms at, std::string_view zone) {
  auto moment = date::floor<std::chrono::minutes>(
      date::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{at}});
  if (const auto* place = zone.empty() ? nullptr : find(zone))
    return date::format("%F %H:%M", place->to_local(moment));
  return date::format("%F %H:%M", moment);
}

} // namespace restante
