// A table whose index, properties or footer can't be read, made anew around the rows it has: its
// data blocks as they are, with what is missing behind them. A damaged bit there, or a cut-off end,
// would otherwise cost every row of the table.
//
// Part of store_scratch; nothing else includes this.
#pragma once

#include "schemas/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace restante {

/// What a table is, when its own properties can't be read.
struct table_origin {
  uint64_t number = 0;
  std::string family; // empty: not known
  uint64_t family_number = 0;
};

struct mended_table {
  uint64_t rows = 0;                // that can be read
  std::optional<uint64_t> rows_due; // that it had, when its properties say so
  bool whole = false;               // no row is missing
};

/// Writes `to`. Nothing when no row can be read, or nobody knows of which family they are. A
/// failure is one of the disk.
[[nodiscard]] result<std::optional<mended_table>>
mend_table(const std::filesystem::path& from, const std::filesystem::path& to, table_origin known);

} // namespace restante
