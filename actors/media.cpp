#include "actors/media.hpp"

#include "actors/media_walk.hpp"

#include <string>

namespace restante {

namespace {

using namespace std::string_view_literals;
using namespace media_walk;

/// A frame of MPEG layer III: eleven bits of sync, a version, the layer.
bool starts_mp3_frame(std::string_view bytes) {
  if (bytes.size() < 4 || byte_at(bytes, 0) != 0xFF)
    return false;
  auto second = byte_at(bytes, 1);
  return (second & 0xE0) == 0xE0 && (second & 0x18) != 0x08 && (second & 0x06) == 0x02;
}

/// One brand of an MP4 file. HEIC, AVIF and JPEG 2000 share the ftyp box, so it has to be listed.
bool video_brand(std::string_view brand) {
  for (auto prefix : {"iso"sv, "mp4"sv, "3g"sv, "M4A"sv, "M4V"sv, "avc1"sv, "mmp4"sv, "qt  "sv})
    if (brand.starts_with(prefix))
      return true;
  return false;
}

bool starts_mp4(std::string_view bytes) {
  // A whole ftyp box: size, "ftyp", major brand, version, compatible brands.
  if (bytes.size() < 16 || bytes.substr(4, 4) != "ftyp")
    return false;
  auto size = big<uint32_t>(bytes, 0);
  // Real lists have up to a dozen brands; the cap keeps the guess constant in time.
  if (size < 16 || size > 256 || size > bytes.size())
    return false;
  if (video_brand(bytes.substr(8, 4)))
    return true;
  for (size_t at = 16; at + 4 <= size; at += 4)
    if (video_brand(bytes.substr(at, 4)))
      return true;
  return false;
}

bool known(media_type type) {
  return type != media_type::unknown && to_string(type) != to_string(media_type::unknown);
}

result<media_info> timed(media_type type, result<std::chrono::milliseconds> walked) {
  return walked.map([type](auto duration) { return media_info{type, duration}; });
}

result<media_info> still(media_type type, result<void> checked) {
  return checked.map([type] { return media_info{type, std::nullopt}; });
}

} // namespace

media_type sniff_media(std::string_view bytes) {
  // Multi-channel AMR ("#!AMR_MC1.0") is none of ours: a telephone has one channel.
  if (bytes.starts_with("#!AMR\n"))
    return media_type::amr;
  if (bytes.starts_with("#!AMR-WB\n"))
    return media_type::amr_wb;
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WAVE")
    return media_type::wav;
  if (bytes.starts_with("OggS"))
    return media_type::ogg;
  if (bytes.starts_with("II*\0"sv) || bytes.starts_with("MM\0*"sv))
    return media_type::tiff;
  if (bytes.starts_with("\xFF\xD8\xFF"))
    return media_type::jpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1A\n"))
    return media_type::png;
  if (starts_mp4(bytes))
    return media_type::mp4;
  if (bytes.starts_with("ID3") || starts_mp3_frame(bytes))
    return media_type::mp3;
  return media_type::unknown;
}

result<media_info> probe_media(media_type claimed, std::string_view bytes) {
  if (!known(claimed))
    return fail(errc::invalid_request, "media_type_unknown",
                "The media type is not one this node stores; send amr, amr-wb, wav, mp3, ogg, "
                "tiff, jpeg, png or mp4.");
  if (bytes.empty())
    return empty("The media part has no bytes; send the recording.");
  if (bytes.size() > limits::media_bytes_max)
    return fail(errc::invalid_request, "media_too_large",
                "A media part has at most " + std::to_string(limits::media_bytes_max) +
                    " bytes; this one has " + std::to_string(bytes.size()) + ".");
  if (auto found = sniff_media(bytes); found != claimed)
    return fail(errc::invalid_request, "media_magic_mismatch",
                "The bytes do not begin as " + std::string{to_string(claimed)} + " does" +
                    (found == media_type::unknown
                         ? std::string{"; send the file as it was recorded."}
                         : " but as " + std::string{to_string(found)} + "; name that type."));
  switch (claimed) {
  case media_type::amr:
    return timed(claimed, walk_amr(bytes));
  case media_type::amr_wb:
    return timed(claimed, walk_amr_wb(bytes));
  case media_type::wav:
    return timed(claimed, walk_wav(bytes));
  case media_type::mp3:
    return timed(claimed, walk_mp3(bytes));
  case media_type::ogg:
    return timed(claimed, walk_ogg(bytes));
  case media_type::mp4:
    return timed(claimed, walk_mp4(bytes));
  case media_type::tiff:
    return still(claimed, check_tiff(bytes));
  case media_type::jpeg:
    return still(claimed, check_jpeg(bytes));
  case media_type::png:
    return still(claimed, check_png(bytes));
  case media_type::unknown:
    break;
  }
  return malformed("The media type has no probe.");
}

} // namespace restante
