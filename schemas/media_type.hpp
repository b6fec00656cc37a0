// What the bytes of a message part are: the closed list of media the engine stores.
//
// The numbers are on the wire and on disk: append, never renumber. Names and MIME types are what
// people, configuration files and adapters write.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace restante {

enum class media_type : uint8_t {
  unknown = 0, // never stored: a deposit has to say what it carries
  amr = 1,     // narrow-band AMR, storage format of RFC 4867
  amr_wb = 2,  // wide-band AMR, storage format of RFC 4867
  wav = 3,
  mp3 = 4,
  ogg = 5, // Opus, Vorbis or Speex
  tiff = 6,
  jpeg = 7,
  png = 8,
  mp4 = 9, // also 3GP and M4A
};

/// The short name, such as "amr-wb"; "unknown" for unknown and for numbers this version lacks.
[[nodiscard]] std::string_view to_string(media_type type);

/// Reads a short name or a MIME type ("audio/AMR-WB", "image/jpeg"), including the usual aliases
/// ("audio/x-wav", "video/3gpp"). Case and MIME parameters ("; codecs=opus") are ignored. Nothing
/// for anything else, "unknown" included.
[[nodiscard]] std::optional<media_type> parse_media_type(std::string_view text);

/// The registered MIME type to serve such bytes with; "application/octet-stream" for unknown.
[[nodiscard]] std::string_view mime_type(media_type type);

} // namespace restante
