// The figures of every benchmark for people and for programs. JSON: options and figures in one
// object; README.md says what they are.
#pragma once

#include "benchmarks/cluster_bench.hpp"
#include "benchmarks/deposit_bench.hpp"
#include "benchmarks/retrieve_bench.hpp"
#include "benchmarks/scale_bench.hpp"

#include <nlohmann/json_fwd.hpp>

namespace restante::bench {

void print(const deposit_options& how, const load_figures& got);
void print(const deposit_options& how, const floor_comparison& got);
void print(const retrieve_options& how, const retrieve_figures& got);
void print(const scale_options& how, const scale_figures& got);
void print(const cluster_options& how, const cluster_figures& got);

[[nodiscard]] nlohmann::json to_json(const deposit_options& how, const load_figures& got);
/// Of the engine's round in the middle, and `floor_acked_per_second`, `ratio`, `floor` (the figures
/// of the floor's round in the middle) and `rounds` (acked per second of each).
[[nodiscard]] nlohmann::json to_json(const deposit_options& how, const floor_comparison& got);
[[nodiscard]] nlohmann::json to_json(const retrieve_options& how, const retrieve_figures& got);
[[nodiscard]] nlohmann::json to_json(const scale_options& how, const scale_figures& got);
[[nodiscard]] nlohmann::json to_json(const cluster_options& how, const cluster_figures& got);

} // namespace restante::bench
