// A mutation that knows Cap'n Proto: another length for one text. A text that grows has to move and
// its pointer with it, which libFuzzer's own mutations do not find, so that bounds of texts would
// never be tried. For inputs whose envelope is one segment (see envelope() in input.hpp).
#pragma once

#include "schemas/limits.hpp"

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t size_max);

namespace restante::fuzz {

/// Gives a text or blob of the segment that begins at `begin` another length; false when it has
/// none.
inline bool stretch_a_text(std::string& input, size_t begin, std::minstd_rand& draw) {
  constexpr uint64_t kind_bits = 3 | uint64_t{7} << 32, byte_list = 1 | uint64_t{2} << 32;
  constexpr size_t near[] = {0,
                             1,
                             limits::name_bytes_max,
                             128, // a challenge
                             limits::alias_bytes_max,
                             limits::caller_bytes_max,
                             limits::sms_text_bytes_max};
  const auto words = (input.size() - begin + 7) / 8;
  std::vector<size_t> texts;
  for (size_t at = 0; at < words && begin + at * 8 + 8 <= input.size(); ++at) {
    uint64_t word = 0;
    std::memcpy(&word, &input[begin + at * 8], 8);
    if ((word & kind_bits) == byte_list)
      texts.push_back(at);
  }
  if (texts.empty())
    return false;
  const auto at = texts[draw() % texts.size()];
  const auto size = near[draw() % std::size(near)] + draw() % 3; // the bound, and above
  const uint64_t pointer = byte_list | (words - at - 1) << 2 | (uint64_t{size} + 1) << 35;
  input.resize(begin + words * 8);
  std::memcpy(&input[begin + at * 8], &pointer, 8);
  input.append(size, '7').append(1, '\0');
  return true;
}

/// The custom mutator's work: one time in eight stretches a text, else leaves it to libFuzzer.
inline size_t mutate(uint8_t* data, size_t size, size_t size_max, size_t begin, unsigned seed) {
  std::minstd_rand draw{seed};
  if (draw() % 8 == 0 && size > begin && (data[0] & 0x80) != 0) {
    std::string input{reinterpret_cast<const char*>(data), size};
    if (stretch_a_text(input, begin, draw) && input.size() <= size_max) {
      std::memcpy(data, input.data(), input.size());
      return input.size();
    }
  }
  return LLVMFuzzerMutate(data, size, size_max);
}

} // namespace restante::fuzz
