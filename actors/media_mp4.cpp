// MP4, M4A and 3GP (ISO 14496-12): boxes inside boxes.
//
// The playing time is the movie header's, because edit lists may show less than was recorded. It
// is a claim, so the sample tables are added up as well: the movie may not last longer than its
// longest track, and a track may not have more samples than there are bytes of media.
#include "actors/media_walk.hpp"

#include <algorithm>
#include <optional>

namespace restante::media_walk {

namespace {

struct box {
  std::string_view type;
  std::string_view body;
};

/// Takes the next box off the front of a file or of another box.
result<box> next_box(std::string_view& bytes) {
  constexpr size_t header = 8, large_header = 16;
  if (bytes.size() < header)
    return truncated("The MP4 ends inside the header of a box; send the whole file.");
  uint64_t size = big<uint32_t>(bytes, 0);
  auto type = bytes.substr(4, 4);
  size_t skip = header;
  if (size == 1) {
    if (bytes.size() < large_header)
      return truncated("The MP4 ends inside the header of a box; send the whole file.");
    size = big<uint64_t>(bytes, 8);
    skip = large_header;
  } else if (size == 0 && type == "mdat") {
    size = bytes.size(); // media may go on to the end of the file
  }
  if (size < skip)
    return malformed("A box of the MP4 is smaller than its own header.");
  if (size > bytes.size())
    return truncated("A box of the MP4 is longer than what it is in; send the whole file.");
  box next{type, bytes.substr(skip, size - skip)};
  bytes.remove_prefix(size);
  return next;
}

/// The body of the only box of a type among the children of another box.
result<std::string_view> only_child(std::string_view parent, std::string_view type) {
  std::optional<std::string_view> found;
  while (!parent.empty()) {
    auto next = next_box(parent);
    if (!next)
      return tl::unexpected{next.error()};
    if (next->type != type)
      continue;
    if (found)
      return malformed("The MP4 has two '" + std::string{type} + "' boxes in one place.");
    found = next->body;
  }
  if (!found)
    return malformed("The MP4 lacks its '" + std::string{type} + "' box.");
  return *found;
}

struct header_times {
  uint32_t scale = 0;
  uint64_t duration = 0;
};

/// Time scale and duration of an mvhd or mdhd box: after the flags come two times, of four bytes
/// each in version 0 and eight in version 1. A duration of all ones, "unknown", is malformed.
result<header_times> read_times(std::string_view body) {
  if (body.size() < 4)
    return malformed("A header box of the MP4 is too short.");
  auto version = byte_at(body, 0);
  if (version > 1)
    return malformed("A header box of the MP4 is of no known version.");
  if (body.size() < (version == 0 ? 20u : 32u))
    return malformed("A header box of the MP4 is too short.");
  header_times times;
  times.scale = big<uint32_t>(body, version == 0 ? 12 : 20);
  times.duration = version == 0 ? big<uint32_t>(body, 16) : big<uint64_t>(body, 24);
  auto unknown = version == 0 ? UINT32_MAX : UINT64_MAX;
  if (times.duration == unknown)
    return malformed("The MP4 does not say how long it is; finish the file before depositing it.");
  return times;
}

/// How long the samples of a track last: the sum of its time-to-sample table (stts).
result<milliseconds> track_time(std::string_view track, uint64_t media_bytes) {
  constexpr size_t table_header = 8, entry_bytes = 8;
  auto media = only_child(track, "mdia");
  auto header = media.and_then([](auto body) { return only_child(body, "mdhd"); });
  auto times = header.and_then(read_times);
  if (!times)
    return tl::unexpected{times.error()};
  auto table = media.and_then([](auto body) { return only_child(body, "minf"); })
                   .and_then([](auto body) { return only_child(body, "stbl"); })
                   .and_then([](auto body) { return only_child(body, "stts"); });
  if (!table)
    return tl::unexpected{table.error()};
  if (table->size() < table_header)
    return malformed("A sample table of the MP4 is too short.");
  uint64_t entries = big<uint32_t>(*table, 4);
  if (entries > (table->size() - table_header) / entry_bytes)
    return malformed("A sample table of the MP4 has fewer entries than it says.");
  // Counts stay below the size of the file and deltas below 2^32: the sum stays far below 2^64.
  uint64_t samples = 0, units = 0;
  for (size_t i = 0; i < entries; ++i) {
    auto at = table_header + i * entry_bytes;
    uint64_t count = big<uint32_t>(*table, at);
    samples += count;
    if (samples > media_bytes)
      return malformed("A track of the MP4 has more samples than there are bytes of media.");
    units += count * big<uint32_t>(*table, at + 4);
  }
  return play_time(units, times->scale);
}

/// The movie header's time, checked against the tracks.
result<milliseconds> movie_time(std::string_view movie, uint64_t media_bytes) {
  // Edit lists and rounding to the movie's own scale may add a little to the longest track.
  constexpr auto tolerance = std::chrono::seconds{1};
  auto claimed = only_child(movie, "mvhd").and_then(read_times).and_then([](auto times) {
    return play_time(times.duration, times.scale);
  });
  if (!claimed)
    return claimed;
  milliseconds longest{0};
  while (!movie.empty()) {
    auto next = next_box(movie);
    if (!next)
      return tl::unexpected{next.error()};
    if (next->type != "trak")
      continue;
    auto track = track_time(next->body, media_bytes);
    if (!track)
      return track;
    longest = std::max(longest, *track);
  }
  if (*claimed == milliseconds{0} || longest == milliseconds{0})
    return empty("The MP4 has no samples in its movie box; a file in fragments has to be joined.");
  if (*claimed > longest + tolerance)
    return malformed("The MP4 claims to be longer than its tracks are.");
  return claimed;
}

} // namespace

result<milliseconds> walk_mp4(std::string_view bytes) {
  std::optional<std::string_view> movie;
  uint64_t media_bytes = 0;
  while (!bytes.empty()) {
    auto next = next_box(bytes);
    if (!next)
      return tl::unexpected{next.error()};
    if (next->type == "mdat")
      media_bytes += next->body.size();
    if (next->type != "moov")
      continue;
    if (movie)
      return malformed("The MP4 has two movie boxes.");
    movie = next->body;
  }
  if (!movie)
    return truncated("The MP4 has no movie box (moov); send the whole file.");
  if (media_bytes == 0)
    return empty("The MP4 has no media (mdat); do not deposit empty recordings.");
  return movie_time(*movie, media_bytes);
}

} // namespace restante::media_walk
