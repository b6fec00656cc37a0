// The figures of the deposit benchmark for people and for programs.
#pragma once

#include "benchmarks/deposit_bench.hpp"

#include <nlohmann/json_fwd.hpp>

namespace restante::bench {

void print(const deposit_options& how, const deposit_figures& got);
void print(const deposit_options& how, const floor_comparison& got);

/// Options and figures in one object, flat.
[[nodiscard]] nlohmann::json to_json(const deposit_options& how, const deposit_figures& got);

/// The same for the engine's round in the middle, and `floor_acked_per_second`, `ratio`, `floor`
/// (the figures of the floor's round in the middle) and `rounds` (acked per second of each).
[[nodiscard]] nlohmann::json to_json(const deposit_options& how, const floor_comparison& got);

} // namespace restante::bench
