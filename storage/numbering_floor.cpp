#include "storage/numbering_floor.hpp"

#include <charconv>

namespace restante {

std::string encode(const numbering_floor& what) {
  return std::to_string(what.change) + " " + std::to_string(what.record);
}

numbering_floor decode_numbering_floor(std::string_view value) {
  numbering_floor out;
  const auto* end = value.data() + value.size();
  const auto change = std::from_chars(value.data(), end, out.change);
  if (change.ec != std::errc{} || change.ptr == end || *change.ptr != ' ')
    return {};
  const auto record = std::from_chars(change.ptr + 1, end, out.record);
  return record.ec == std::errc{} && record.ptr == end ? out : numbering_floor{};
}

} // namespace restante
