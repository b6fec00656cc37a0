// Audio that is a row of frames or blocks: AMR, WAV and MP3.
#include "actors/media_walk.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace restante::media_walk {

namespace {

using namespace std::string_view_literals;

// --- AMR: RFC 4867, section 5 -----------------------------------------------------------------

/// Bytes after the header of each frame type. Refused: the types section 4.3.2 discards, which are
/// other systems' comfort noise (narrow-band 9 to 11) and the ones reserved for future use.
constexpr int refused = -1;
using frame_sizes = std::array<int, 16>;
constexpr frame_sizes narrow_band{12, 13,      15,      17,      19,      20,      26,      31,
                                  5,  refused, refused, refused, refused, refused, refused, 0};
constexpr frame_sizes wide_band{17, 23, 32,      36,      40,      46,      50, 58,
                                60, 5,  refused, refused, refused, refused, 0,  0};

result<milliseconds> walk_frames(std::string_view frames, const frame_sizes& sizes) {
  uint64_t count = 0;
  bool audible = false;
  for (size_t at = 0; at < frames.size(); ++count) {
    int payload = sizes[byte_at(frames, at) >> 3 & 15];
    if (payload == refused)
      return malformed("The AMR has a frame of a type that is reserved.");
    if (frames.size() - at - 1 < static_cast<size_t>(payload))
      return truncated("The last frame of the AMR is cut off; send whole frames.");
    audible = audible || payload > 0;
    at += 1 + static_cast<size_t>(payload);
  }
  // Frames without data are pauses between bursts of speech; alone they are nothing to listen to.
  if (!audible)
    return empty("The AMR has no audio; do not deposit empty recordings.");
  return play_time(count, 50);
}

// --- WAV --------------------------------------------------------------------------------------

/// How sample data is cut: time is data bytes / block_bytes * block_samples / rate.
struct wav_format {
  uint32_t rate = 0;
  uint32_t block_bytes = 0;
  uint32_t block_samples = 0;
};

/// Checks a fmt chunk. The tags are the ones voicemail systems write; of others the samples in a
/// block would be a claim that nothing can confirm.
result<wav_format> read_format(std::string_view chunk) {
  constexpr uint16_t pcm = 1, ieee_float = 3, a_law = 6, mu_law = 7, gsm = 0x31;
  constexpr uint16_t extensible = 0xFFFE;
  constexpr uint32_t gsm_block_bytes = 65, gsm_block_samples = 320;
  if (chunk.size() < 16)
    return malformed("The fmt chunk of a WAV has at least 16 bytes.");
  auto tag = little<uint16_t>(chunk, 0);
  uint32_t channels = little<uint16_t>(chunk, 2), rate = little<uint32_t>(chunk, 4);
  uint32_t block = little<uint16_t>(chunk, 12), bits = little<uint16_t>(chunk, 14);
  if (tag == extensible) {
    if (chunk.size() < 40)
      return malformed("The fmt chunk of an extensible WAV has at least 40 bytes.");
    tag = little<uint16_t>(chunk, 24);
  }
  if (channels == 0 || channels > 8)
    return malformed("A WAV has 1 to 8 channels.");
  if (!sane_rate(rate))
    return malformed("The sample rate of a WAV is between 4,000 and 192,000 Hz.");
  if (tag == gsm) {
    if (channels != 1 || block != gsm_block_bytes)
      return malformed("GSM in WAV has one channel and blocks of 65 bytes.");
    return wav_format{rate, gsm_block_bytes, gsm_block_samples};
  }
  bool linear = tag == pcm && (bits == 8 || bits == 16 || bits == 24 || bits == 32);
  bool floating = tag == ieee_float && (bits == 32 || bits == 64);
  bool companded = (tag == a_law || tag == mu_law) && bits == 8;
  if (!linear && !floating && !companded)
    return malformed("Convert the WAV to PCM, floating point, A-law, mu-law or GSM 06.10.");
  if (block != channels * bits / 8)
    return malformed("The block size of the WAV is not what its channels and bits make.");
  return wav_format{rate, block, 1};
}

// --- MP3: ISO 11172-3 and 13818-3 -------------------------------------------------------------

struct mp3_frame {
  uint32_t rate = 0;
  uint32_t samples = 0;
  size_t bytes = 0;
  /// Where an encoder may write its summary instead of audio: behind the side information.
  size_t summary_at = 0;
};

/// Reads a header of four bytes; malformed when it is none of layer III.
result<mp3_frame> read_frame(uint32_t header) {
  constexpr std::array<uint16_t, 15> kbits_1{0,   32,  40,  48,  56,  64,  80, 96,
                                             112, 128, 160, 192, 224, 256, 320};
  constexpr std::array<uint16_t, 15> kbits_2{0,  8,  16, 24,  32,  40,  48, 56,
                                             64, 80, 96, 112, 128, 144, 160};
  constexpr std::array<uint32_t, 3> rates{44'100, 48'000, 32'000};
  auto version = header >> 19 & 3, layer = header >> 17 & 3;
  auto kbits_at = header >> 12 & 15, rate_at = header >> 10 & 3;
  if (header >> 21 != 0x7FF || version == 1 || layer != 1)
    return malformed("The MP3 has bytes that belong to no frame; remove them.");
  if (kbits_at == 0 || kbits_at == 15 || rate_at == 3)
    return malformed("A frame of the MP3 has no usable bit rate or sample rate.");
  bool first_version = version == 3;
  bool mono = (header >> 6 & 3) == 3;
  mp3_frame frame;
  frame.rate = rates[rate_at] >> (first_version ? 0 : version == 2 ? 1 : 2);
  frame.samples = first_version ? 1152 : 576;
  auto bits_per_second = 1000u * (first_version ? kbits_1[kbits_at] : kbits_2[kbits_at]);
  frame.bytes = frame.samples / 8 * bits_per_second / frame.rate + (header >> 9 & 1);
  frame.summary_at = 4 + (first_version ? (mono ? 17 : 32) : (mono ? 9 : 17));
  return frame;
}

/// Bytes of the ID3v2 tag the text begins with.
result<size_t> tag_bytes(std::string_view bytes) {
  constexpr size_t header = 10;
  if (bytes.size() < header)
    return truncated("The MP3 ends inside its tag; send the whole file.");
  size_t size = 0;
  for (size_t at = 6; at < header; ++at) {
    if (byte_at(bytes, at) & 0x80)
      return malformed("The size of the MP3's ID3 tag is not in seven-bit bytes.");
    size = size << 7 | byte_at(bytes, at);
  }
  size += header + (byte_at(bytes, 5) & 0x10 ? header : 0); // a footer repeats the header
  if (size > bytes.size())
    return truncated("The MP3 ends inside its tag; send the whole file.");
  return size;
}

/// True for the first frame of encoders that put a table of contents where audio would be.
bool is_summary(std::string_view frame, size_t at) {
  auto name = frame.size() >= at + 4 ? frame.substr(at, 4) : ""sv;
  return name == "Xing" || name == "Info" || (frame.size() >= 40 && frame.substr(36, 4) == "VBRI");
}

} // namespace

result<milliseconds> walk_amr(std::string_view bytes) {
  return walk_frames(bytes.substr("#!AMR\n"sv.size()), narrow_band);
}

result<milliseconds> walk_amr_wb(std::string_view bytes) {
  return walk_frames(bytes.substr("#!AMR-WB\n"sv.size()), wide_band);
}

result<milliseconds> walk_wav(std::string_view bytes) {
  constexpr size_t riff_header = 8, chunk_header = 8;
  uint64_t declared = riff_header + uint64_t{little<uint32_t>(bytes, 4)};
  if (declared > bytes.size())
    return truncated("The WAV declares more bytes than it has; write the real size when the "
                     "recording ends.");
  // Some writers leave the padding of the last chunk out of the size.
  if (declared + (declared & 1) < bytes.size())
    return malformed("The WAV declares fewer bytes than it has; write the real size when the "
                     "recording ends.");
  std::optional<wav_format> format;
  std::optional<uint64_t> data;
  auto chunks = bytes.substr(12, declared > 12 ? declared - 12 : 0);
  while (!chunks.empty()) {
    if (chunks.size() < chunk_header)
      return truncated("The WAV ends inside the header of a chunk.");
    auto name = chunks.substr(0, 4);
    uint64_t size = little<uint32_t>(chunks, 4);
    if (size > chunks.size() - chunk_header)
      return truncated("A chunk of the WAV is longer than the file.");
    auto body = chunks.substr(chunk_header, size);
    if (name == "fmt ") {
      auto read = read_format(body);
      if (!read)
        return tl::unexpected{read.error()};
      if (format)
        return malformed("The WAV has two fmt chunks.");
      format = *read;
    } else if (name == "data") {
      if (data || !format)
        return malformed("A WAV has one data chunk, after its fmt chunk.");
      data = size;
    }
    chunks.remove_prefix(std::min<size_t>(chunk_header + size + (size & 1), chunks.size()));
  }
  if (!data || *data == 0)
    return empty("The WAV has no audio; do not deposit empty recordings.");
  if (*data % format->block_bytes != 0)
    return truncated("The last sample block of the WAV is cut off.");
  return play_time(*data / format->block_bytes * format->block_samples, format->rate);
}

result<milliseconds> walk_mp3(std::string_view bytes) {
  constexpr size_t id3v1_bytes = 128;
  // What may not change from frame to frame: sync, version, layer and sample rate.
  constexpr uint32_t constant_bits = 0xFFFE'0C00;
  while (bytes.starts_with("ID3")) {
    auto tag = tag_bytes(bytes);
    if (!tag)
      return tl::unexpected{tag.error()};
    bytes.remove_prefix(*tag);
  }
  uint64_t samples = 0;
  uint32_t rate = 0, first = 0;
  while (!bytes.empty()) {
    if (bytes.size() == id3v1_bytes && bytes.starts_with("TAG"))
      break;
    if (bytes.size() < 4)
      return truncated("The MP3 ends inside the header of a frame.");
    auto header = big<uint32_t>(bytes, 0);
    auto frame = read_frame(header);
    if (!frame)
      return tl::unexpected{frame.error()};
    if (first != 0 && ((header ^ first) & constant_bits) != 0)
      return malformed("The frames of the MP3 have different sample rates.");
    if (frame->bytes > bytes.size())
      return truncated("The last frame of the MP3 is cut off; send whole frames.");
    if (first != 0 || !is_summary(bytes.substr(0, frame->bytes), frame->summary_at))
      samples += frame->samples;
    first = header;
    rate = frame->rate;
    bytes.remove_prefix(frame->bytes);
  }
  if (samples == 0)
    return empty("The MP3 has no audio; do not deposit empty recordings.");
  return play_time(samples, rate);
}

} // namespace restante::media_walk
