// What a repair leaves in `meta` about numbers of changes and records: none up to here is given out
// again, whether it can still be read or not, and gaps up to here are known. Who follows changes or
// polls records remembers these numbers.
// Owner: a repair writes it; the writer begins behind it, a check does not tell of its gaps again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace restante {

struct numbering_floor {
  /// The row's name.
  static constexpr std::string_view name = "repaired";

  uint64_t change = 0;
  uint64_t record = 0;
};

[[nodiscard]] std::string encode(const numbering_floor& what);
/// Zeros for what is none.
[[nodiscard]] numbering_floor decode_numbering_floor(std::string_view value);

} // namespace restante
