// What the walkers of the media probe share: reading integers in bounds, refusing, converting
// samples to time. Private to actors/media*.cpp; everybody else includes actors/media.hpp.
//
// Every walker gets bytes whose magic was checked already and returns the playing time, or a
// refusal. A walker has to be linear in the number of bytes, whatever they say.
#pragma once

#include "schemas/error.hpp"
#include "schemas/limits.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace restante::media_walk {

using std::chrono::milliseconds;

inline uint8_t byte_at(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

/// Reads a little-endian integer; the caller has checked that at + sizeof(T) is in bounds.
template <class T>
T little(std::string_view bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = sizeof(T); i-- > 0;)
    value = value << 8 | byte_at(bytes, at + i);
  return static_cast<T>(value);
}

/// Reads a big-endian integer; the caller has checked that at + sizeof(T) is in bounds.
template <class T>
T big(std::string_view bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = value << 8 | byte_at(bytes, at + i);
  return static_cast<T>(value);
}

inline tl::unexpected<failure> malformed(std::string text) {
  return fail(errc::invalid_request, "media_malformed", std::move(text));
}

inline tl::unexpected<failure> truncated(std::string text) {
  return fail(errc::invalid_request, "media_truncated", std::move(text));
}

inline tl::unexpected<failure> empty(std::string text) {
  return fail(errc::invalid_request, "media_empty", std::move(text));
}

/// Below telephone quality nothing records, above studio quality nobody does.
inline bool sane_rate(uint32_t hertz) { return hertz >= 4'000 && hertz <= 192'000; }

/// Units of 1/rate seconds as time, rounded down. Malformed when the rate is 0 or the time not
/// below limits::duration_max; with that and a rate of 32 bits nothing here can overflow.
inline result<milliseconds> play_time(uint64_t units, uint32_t rate) {
  constexpr uint64_t seconds_max = std::chrono::seconds{limits::duration_max}.count();
  if (rate == 0)
    return malformed("The time scale is 0; it must be at least 1 per second.");
  if (units / rate >= seconds_max)
    return malformed("The recording claims to last 24 hours or more; deposit it in parts.");
  return milliseconds{units / rate * 1000 + units % rate * 1000 / rate};
}

result<milliseconds> walk_amr(std::string_view bytes);
result<milliseconds> walk_amr_wb(std::string_view bytes);
result<milliseconds> walk_wav(std::string_view bytes);
result<milliseconds> walk_mp3(std::string_view bytes);
result<milliseconds> walk_ogg(std::string_view bytes);
result<milliseconds> walk_mp4(std::string_view bytes);

/// Still images: nothing to measure, only structure to check.
result<void> check_tiff(std::string_view bytes);
result<void> check_jpeg(std::string_view bytes);
result<void> check_png(std::string_view bytes);

} // namespace restante::media_walk
