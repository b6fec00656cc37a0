// The probe: decides whether bytes are the media they claim to be, and how long they play.
//
// It runs for every deposit, on bytes a stranger chose, so it walks the containers itself instead
// of calling FFmpeg or libsndfile: parsers of audio containers are a steady source of CVEs, and
// the engine needs only frame boundaries, never samples. It decodes nothing, keeps nothing and
// allocates nothing unless it refuses; it reads every byte at most a few times and follows no
// offset backwards without a bound. Checksums inside containers are not verified: they protect
// against accidents, which the digest of the deposit catches already.
//
// The rule is strict: what is declared must be exactly what is there, with nothing after the end.
// A recorder that streams WAV with a size of 0 or 0xFFFFFFFF has to write the real size before it
// deposits. Durations are rounded down to the millisecond.
#pragma once

#include "schemas/error.hpp"
#include "schemas/media_type.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace restante {

struct media_info {
  media_type type = media_type::unknown;
  /// Playing time of audio and video; nothing for still images.
  std::optional<std::chrono::milliseconds> duration;
  friend bool operator==(const media_info&, const media_info&) = default;
};

/// Checks bytes against the type they claim (magic, structure) and measures the duration:
/// - AMR, MP3: counting frames; WAV: data bytes by block size;
/// - Ogg: the last granule, refused when above what the packets can hold;
/// - MP4: the movie header, refused when above what the tracks' samples last.
/// Errors are all invalid_request, with the reason media_empty (no bytes, or no audio in them),
/// media_too_large (limits::media_bytes_max), media_type_unknown, media_magic_mismatch,
/// media_truncated or media_malformed.
[[nodiscard]] result<media_info> probe_media(media_type claimed, std::string_view bytes);

/// The type whose magic bytes these are; unknown when none. A guess from the first bytes, for
/// tools that are given a file: only probe_media says whether the rest is sound.
[[nodiscard]] media_type sniff_media(std::string_view bytes);

} // namespace restante
