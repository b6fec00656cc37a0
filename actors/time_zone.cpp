#include "actors/time_zone.hpp"

#include <date/tz.h>
#include <fmt/format.h>

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
  date::local_time<std::chrono::minutes> local{moment.time_since_epoch()};
  if (const auto* place = zone.empty() ? nullptr : find(zone))
    local = date::floor<std::chrono::minutes>(place->to_local(moment));
  // date::format goes through a stream and its locale: a fortieth of a deposit.
  auto day = date::floor<date::days>(local);
  date::year_month_day calendar{day};
  date::hh_mm_ss clock{local - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", int{calendar.year()},
                     unsigned{calendar.month()}, unsigned{calendar.day()}, clock.hours().count(),
                     clock.minutes().count());
}

} // namespace restante
