// Time zones by their IANA names, for the times subscribers read.
#pragma once

#include "schemas/hlc.hpp"

#include <string>
#include <string_view>

namespace restante {

/// Reads the time zone database once, before the first actor runs: it is files.
void load_time_zones();

[[nodiscard]] bool known_time_zone(std::string_view name);

/// "2026-11-20 17:05" in the zone; in UTC when the zone is empty or unknown.
[[nodiscard]] std::string local_text(wall_ms at, std::string_view zone);

} // namespace restante
