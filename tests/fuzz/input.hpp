// What the fuzz targets share: how an input is cut into pieces, and how a broken promise ends the
// run. Inputs never fail a check by being wrong; only the engine does.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restante::fuzz {

/// Ends the run as a crash, which makes libFuzzer keep the input.
inline void promise(bool kept, const char* what) {
  if (kept)
    return;
  std::fprintf(stderr, "the engine broke a promise: %s\n", what);
  std::abort();
}

inline std::string_view view(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes the first byte; 0 when there is none.
inline uint8_t take_byte(std::string_view& input) {
  if (input.empty())
    return 0;
  auto byte = static_cast<uint8_t>(input.front());
  input.remove_prefix(1);
  return byte;
}

/// Takes the text up to a line's end, or all.
inline std::string take_line(std::string_view& input) {
  auto line = input.substr(0, input.find('\n'));
  input.remove_prefix(line.size() == input.size() ? line.size() : line.size() + 1);
  return std::string{line};
}

/// A copy that ends where its memory ends, so that reading one byte further is seen.
class exact_bytes {
public:
  explicit exact_bytes(std::string_view bytes)
      : size_{bytes.size()}
      , bytes_{std::make_unique<char[]>(size_)} {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

private:
  size_t size_;
  std::unique_ptr<char[]> bytes_;
};

/// The input as an envelope: as it is, or as the one segment of a message whose table is right.
/// Most mutations change a length, so that few inputs would get past the table otherwise.
inline exact_bytes envelope(std::string_view input, bool as_segment) {
  if (!as_segment)
    return exact_bytes{input};
  const auto words = static_cast<uint32_t>((input.size() + 7) / 8);
  std::string framed(8 + size_t{words} * 8, '\0');
  std::memcpy(framed.data() + 4, &words, sizeof words);
  std::copy(input.begin(), input.end(), framed.begin() + 8);
  return exact_bytes{framed};
}

} // namespace restante::fuzz
