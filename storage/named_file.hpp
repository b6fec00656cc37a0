// A table or blob file held against what the MANIFEST says of it.
// Owner: a check or a repair, which tell of what differs.
#pragma once

#include "storage/store_view.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace restante {

/// Reads the whole file; `read` hears of each piece's bytes. What differs, in words; empty:
/// nothing.
[[nodiscard]] std::string differs(const std::filesystem::path& file, const live_file& named,
                                  const std::function<void(uint64_t bytes)>& read);

} // namespace restante
