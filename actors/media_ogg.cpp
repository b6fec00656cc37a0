// Ogg with one stream of Opus (RFC 7845), Vorbis or Speex: pages (RFC 3533), packets, granules.
//
// The granule of the last page says how long the stream is, but is only a number. So packets are
// counted too, with the most samples each can hold, and a granule above their sum is refused.
#include "actors/media_walk.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace restante::media_walk {

namespace {

using namespace std::string_view_literals;

// --- packets ----------------------------------------------------------------------------------

struct stream {
  enum class codec { opus, vorbis, speex };
  codec kind = codec::opus;
  uint32_t rate = 0;
  /// Samples at the start that only prime the decoder.
  uint64_t skip = 0;
  /// The most samples a packet holds. Opus packets say it themselves.
  uint64_t packet_samples = 0;
  /// Packets before the first one of audio.
  uint32_t headers = 0;
};

result<stream> read_opus(std::string_view head) {
  // Of the version the upper four bits must match: the lower ones mark compatible additions.
  if (head.size() < 19 || (byte_at(head, 8) & 0xF0) != 0)
    return malformed("The Opus header is of no known version.");
  if (byte_at(head, 9) == 0)
    return malformed("The Opus stream has no channels.");
  return stream{stream::codec::opus, 48'000, little<uint16_t>(head, 10), 0, 2};
}

result<stream> read_vorbis(std::string_view head) {
  if (head.size() < 30 || little<uint32_t>(head, 7) != 0)
    return malformed("The Vorbis header is of no known version.");
  auto rate = little<uint32_t>(head, 12);
  if (byte_at(head, 11) == 0 || !sane_rate(rate))
    return malformed("A Vorbis stream has channels and 4,000 to 192,000 Hz.");
  auto small = byte_at(head, 28) & 15, large = byte_at(head, 28) >> 4;
  if (small < 6 || large > 13 || small > large)
    return malformed("The block sizes of the Vorbis stream are out of range.");
  // Blocks overlap by half, so a packet adds at most half a large block.
  return stream{stream::codec::vorbis, rate, 0, uint64_t{1} << large >> 1, 3};
}

result<stream> read_speex(std::string_view head) {
  if (head.size() < 80)
    return malformed("The Speex header is shorter than 80 bytes.");
  auto rate = little<uint32_t>(head, 36), mode = little<uint32_t>(head, 40);
  auto channels = little<uint32_t>(head, 48), samples = little<uint32_t>(head, 56);
  auto frames = little<uint32_t>(head, 64), extra = little<uint32_t>(head, 68);
  if (channels == 0 || channels > 2 || !sane_rate(rate))
    return malformed("A Speex stream has one or two channels and 4,000 to 192,000 Hz.");
  // 20 ms at 8, 16 or 32 kHz; encoders put up to ten frames into a packet.
  if (mode > 2 || samples != 160u << mode || frames == 0 || frames > 10 || extra > 16)
    return malformed("The frame size of the Speex stream is out of range.");
  return stream{stream::codec::speex, rate, 0, uint64_t{samples} * frames, 2 + extra};
}

result<stream> read_stream(std::string_view head) {
  if (head.starts_with("OpusHead"))
    return read_opus(head);
  if (head.starts_with("\x01vorbis"))
    return read_vorbis(head);
  if (head.starts_with("Speex   "))
    return read_speex(head);
  return malformed("The Ogg is not one stream of Opus, Vorbis or Speex.");
}

/// Samples in an Opus packet by its first two bytes (RFC 6716, section 3.1); 0 when it breaks the
/// rules: no frames, or more than 120 ms of them.
uint64_t opus_samples(std::string_view packet) {
  constexpr std::array<uint64_t, 4> silk{480, 960, 1920, 2880}, celt{120, 240, 480, 960};
  constexpr uint64_t samples_max = 5760;
  if (packet.empty())
    return 0;
  auto toc = byte_at(packet, 0);
  auto config = toc >> 3, code = toc & 3;
  uint64_t frame = config < 12   ? silk[config & 3]
                   : config < 16 ? silk[config & 1]
                                 : celt[config & 3];
  uint64_t frames = code == 0 ? 1 : 2;
  if (code == 3)
    frames = packet.size() < 2 ? 0 : byte_at(packet, 1) & 63;
  return frame * frames <= samples_max ? frame * frames : 0;
}

/// The most samples a packet of audio adds, by its first bytes. Vorbis and Speex packets cannot be
/// told to be wrong without decoding them; without any bytes they hold nothing.
result<uint64_t> samples_of(const stream& about, std::string_view packet) {
  if (about.kind != stream::codec::opus)
    return packet.empty() ? 0 : about.packet_samples;
  if (auto samples = opus_samples(packet); samples != 0)
    return samples;
  return malformed("The Ogg has an Opus packet with no frames or more than 120 ms.");
}

// --- pages ------------------------------------------------------------------------------------

constexpr uint8_t continued = 1, first_page = 2, last_page = 4;
constexpr uint64_t no_granule = std::numeric_limits<uint64_t>::max();

struct page {
  uint8_t flags = 0;
  uint64_t granule = 0;
  uint32_t serial = 0;
  uint32_t sequence = 0;
  std::string_view lacing;
  std::string_view body;
};

/// Takes the next page off the front.
result<page> next_page(std::string_view& bytes) {
  constexpr size_t fixed = 27;
  if (!bytes.starts_with("OggS"))
    return bytes.size() < 4 ? truncated("The Ogg ends inside a page; send the whole file.")
                            : malformed("The Ogg has bytes that belong to no page.");
  if (bytes.size() < fixed || bytes.size() - fixed < byte_at(bytes, 26))
    return truncated("The Ogg ends inside a page; send the whole file.");
  page next;
  if (byte_at(bytes, 4) != 0 || byte_at(bytes, 5) > (continued | first_page | last_page))
    return malformed("A page of the Ogg is of no known version.");
  next.flags = byte_at(bytes, 5);
  next.granule = little<uint64_t>(bytes, 6);
  next.serial = little<uint32_t>(bytes, 14);
  next.sequence = little<uint32_t>(bytes, 18);
  next.lacing = bytes.substr(fixed, byte_at(bytes, 26));
  size_t body = 0;
  for (size_t i = 0; i < next.lacing.size(); ++i)
    body += byte_at(next.lacing, i);
  auto header = fixed + next.lacing.size();
  if (body > bytes.size() - header)
    return truncated("The Ogg ends inside a page; send the whole file.");
  next.body = bytes.substr(header, body);
  bytes.remove_prefix(header + body);
  return next;
}

class walker {
public:
  /// Follows the stream one page further.
  result<void> step(const page& next) {
    if (!about_) {
      if (next.flags != first_page)
        return malformed("The first page of the Ogg does not begin a stream.");
      serial_ = next.serial;
      sequence_ = next.sequence;
    } else if (ended_ || next.flags & first_page || next.serial != serial_ ||
               next.sequence != sequence_) {
      return malformed("The Ogg must be one stream with all its pages in order.");
    }
    if (about_ && (next.flags & continued) != (open_ ? continued : 0))
      return malformed("A packet of the Ogg does not go on where its page says so.");
    ++sequence_;
    ended_ = next.flags & last_page;
    auto closed = packets(next);
    if (!closed)
      return tl::unexpected{closed.error()};
    if (!about_)
      return malformed("The first page of the Ogg has no packet.");
    return *closed == 0 && next.granule == no_granule ? result<void>{} : granule(next.granule);
  }

  /// The playing time after the last page.
  result<milliseconds> finish() const {
    if (open_)
      return truncated("The last packet of the Ogg is cut off; send the whole file.");
    auto played = start_ ? granule_ - *start_ : 0;
    if (!about_ || samples_ == 0 || played <= about_->skip)
      return empty("The Ogg has no audio; do not deposit empty recordings.");
    return play_time(played - about_->skip, about_->rate);
  }

private:
  /// Cuts a page into packets and returns how many ended on it.
  result<size_t> packets(const page& next) {
    size_t closed = 0, from = 0, to = 0;
    for (size_t i = 0; i < next.lacing.size(); ++i) {
      auto lace = byte_at(next.lacing, i);
      to += lace;
      bool ends = lace < 255;
      if (!ends && i + 1 < next.lacing.size())
        continue;
      // Only the start of a packet tells about it; what goes on from another page has been seen.
      if (!open_)
        if (auto begun = begin(next.body.substr(from, to - from)); !begun)
          return tl::unexpected{begun.error()};
      closed += ends;
      open_ = !ends;
      from = to;
    }
    return closed;
  }

  result<void> begin(std::string_view start) {
    if (!about_) {
      auto read = read_stream(start);
      if (!read)
        return tl::unexpected{read.error()};
      about_ = *read;
    }
    if (seen_++ < about_->headers)
      return {};
    auto samples = samples_of(*about_, start);
    if (!samples)
      return tl::unexpected{samples.error()};
    samples_ += *samples;
    return {};
  }

  result<void> granule(uint64_t now) {
    if (samples_ == 0) // pages of headers have nothing to count
      return {};
    if (now > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) || now < granule_)
      return malformed("The granules of the Ogg do not count upwards.");
    // A recording cut from a live stream begins at a granule other than zero.
    if (!start_)
      start_ = now > samples_ ? now - samples_ : 0;
    if (now - *start_ > samples_)
      return malformed("The Ogg claims to be longer than its packets can be.");
    granule_ = now;
    return {};
  }

  std::optional<stream> about_;
  std::optional<uint64_t> start_;
  uint64_t granule_ = 0;
  uint64_t samples_ = 0;
  uint64_t seen_ = 0;
  uint32_t serial_ = 0;
  uint32_t sequence_ = 0;
  bool open_ = false;
  bool ended_ = false;
};

} // namespace

result<milliseconds> walk_ogg(std::string_view bytes) {
  walker stream;
  while (!bytes.empty()) {
    auto next = next_page(bytes);
    if (!next)
      return tl::unexpected{next.error()};
    if (auto step = stream.step(*next); !step)
      return tl::unexpected{step.error()};
  }
  return stream.finish();
}

} // namespace restante::media_walk
