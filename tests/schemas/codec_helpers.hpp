// What the tests of the codecs share: drawn values, comparing what has no operator==, and the
// golden frames - bytes of earlier versions, which every later one must write alike and read.
#pragma once

#include "schemas/messages.hpp"
#include "tests/support/random_state.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <tuple>

namespace restante::codec_tests {

/// The frames in golden_frames.txt, a name and its hex a line.
inline const std::string& golden(const std::string& name) {
  static const auto all = [] {
    std::map<std::string, std::string> out;
    std::ifstream file{RESTANTE_SOURCE_DIR "/tests/schemas/golden_frames.txt"};
    for (std::string name, hex; file >> name >> hex;)
      out[name] = from_hex(hex).value();
    return out;
  }();
  static const std::string none;
  auto at = all.find(name);
  return at == all.end() ? none : at->second;
}

/// A frame that is written today must be the one that was written ever since.
inline void unchanged(const std::string& name, const std::string& bytes) {
  BOOST_TEST_CONTEXT("golden frame " << name)
  BOOST_TEST(to_hex(bytes) == to_hex(golden(name)));
}

/// Bytes of a version whose struct was smaller: still read, no longer written.
inline bool of_an_older_version(const std::string& name) { return name.ends_with("_v1"); }

// --- drawing -------------------------------------------------------------------------------------

inline std::string any_text(random_source& draw, size_t bytes_max = 40) {
  static constexpr const char* pieces[] = {"a", "Z",  "7", " ",  "+", "é",
                                           "ß", "語", "😀", "\\", "\""};
  std::string out;
  for (auto count = draw.below(12); count > 0; --count) {
    std::string piece = draw.pick(pieces);
    if (out.size() + piece.size() <= bytes_max)
      out += piece;
  }
  return out;
}

inline std::string any_bytes(random_source& draw, size_t size_max) {
  std::string out;
  for (auto size = draw.below(size_max + 1); size > 0; --size)
    out += static_cast<char>(draw.below(256));
  return out;
}

/// Small, at an edge, or anything.
template <class Number>
Number any_number(random_source& draw) {
  using edges = std::numeric_limits<Number>;
  switch (draw.below(4)) {
  case 0:
    return static_cast<Number>(draw.below(3));
  case 1:
    return draw.one_in(2) ? edges::max() : edges::min();
  default:
    return static_cast<Number>(draw.below(UINT64_MAX));
  }
}

template <class Id>
Id any_id(random_source& draw) {
  Id out;
  for (auto& byte : out.bytes)
    byte = static_cast<uint8_t>(1 + draw.below(255));
  return out;
}

template <class Enum>
Enum any_of(random_source& draw, Enum last) {
  return static_cast<Enum>(draw.below(static_cast<uint64_t>(last) + 1));
}

inline media_part any_part(random_source& draw) {
  return {any_of(draw, media_type::mp4), chunk{"x" + any_bytes(draw, 100)}};
}

} // namespace restante::codec_tests
