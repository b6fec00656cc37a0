#include "benchmarks/sample.hpp"

#include <cstdint>
#include <random>

namespace restante::bench {

std::string amr_of_size(size_t size, uint64_t salt) {
  constexpr size_t frame = 32; // one byte of header and 31 of speech, 20 ms
  std::string out = "#!AMR\n";
  std::mt19937_64 noise{salt};
  while (out.size() + frame <= size) {
    out += '\x3C'; // mode 12.2, good frame
    for (size_t i = 1; i < frame; ++i)
      out += static_cast<char>(noise());
  }
  // What is left is filled with frames that hold nothing, one byte each.
  out.append(size - out.size(), '\x7C');
  return out;
}

} // namespace restante::bench
