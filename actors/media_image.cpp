// Still images: the least structure that tells an image from a file with an image's first bytes.
#include "actors/media_walk.hpp"

namespace restante::media_walk {

result<void> check_png(std::string_view bytes) {
  constexpr size_t signature = 8, overhead = 12; // length, type and CRC of every chunk
  bool first = true, pixels = false;
  size_t at = signature;
  while (at < bytes.size()) {
    auto left = bytes.size() - at;
    if (left < overhead)
      return truncated("The PNG ends inside a chunk; send the whole file.");
    uint64_t length = big<uint32_t>(bytes, at);
    if (length > left - overhead)
      return truncated("A chunk of the PNG is longer than the file; send the whole file.");
    auto type = bytes.substr(at + 4, 4);
    if (first != (type == "IHDR"))
      return malformed("A PNG begins with its one IHDR chunk.");
    if (first &&
        (length != 13 || big<uint32_t>(bytes, at + 8) == 0 || big<uint32_t>(bytes, at + 12) == 0))
      return malformed("The PNG header must have 13 bytes, a width and a height.");
    pixels = pixels || (type == "IDAT" && length > 0);
    first = false;
    at += overhead + length;
    if (type != "IEND")
      continue;
    if (length != 0 || at != bytes.size())
      return malformed("A PNG ends with an empty IEND chunk; remove what follows it.");
    if (!pixels)
      return malformed("The PNG has no image data (IDAT).");
    return {};
  }
  return truncated("The PNG has no IEND chunk; send the whole file.");
}

result<void> check_jpeg(std::string_view bytes) {
  if (!bytes.ends_with("\xFF\xD9"))
    return truncated("The JPEG does not end with its end marker; send the whole file, no more.");
  bool sized = false;
  size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (byte_at(bytes, at) != 0xFF)
      return malformed("The JPEG has bytes between its segments.");
    auto marker = byte_at(bytes, at + 1);
    if (marker == 0xFF) { // fill bytes may precede a marker
      ++at;
      continue;
    }
    // Before the scan every marker has a length; TEM, restarts, SOI and EOI have no place here.
    if (marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD9))
      return malformed("The JPEG has a marker where a segment must begin.");
    auto length = big<uint16_t>(bytes, at + 2);
    if (length < 2)
      return malformed("A JPEG segment is shorter than its own length field.");
    if (length > bytes.size() - at - 2)
      return truncated("A JPEG segment is longer than the file; send the whole file.");
    bool frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      if (length < 8 || big<uint16_t>(bytes, at + 5) == 0 || big<uint16_t>(bytes, at + 7) == 0)
        return malformed("The JPEG frame header must have a width and a height.");
      sized = true;
    }
    at += 2 + length;
    if (marker != 0xDA)
      continue;
    if (!sized)
      return malformed("The JPEG has a scan before its frame header.");
    // The end marker was seen above; something to show has to be between.
    if (at + 2 >= bytes.size())
      return malformed("The JPEG has no image data.");
    return {};
  }
  return truncated("The JPEG has no scan; send the whole file.");
}

result<void> check_tiff(std::string_view bytes) {
  constexpr size_t entry_bytes = 12;
  if (bytes.size() < 8)
    return truncated("The TIFF ends inside its header; send the whole file.");
  bool intel = bytes.starts_with("II");
  auto two = [&](size_t at) {
    return intel ? little<uint16_t>(bytes, at) : big<uint16_t>(bytes, at);
  };
  auto four = [&](size_t at) {
    return intel ? little<uint32_t>(bytes, at) : big<uint32_t>(bytes, at);
  };
  // One directory is one page of a fax. Offsets may point anywhere, so a loop shows only in the
  // count: directories that do not overlap cannot be more than fit.
  size_t pages = 0, pages_max = bytes.size() / (2 + entry_bytes + 4);
  for (uint64_t at = four(4); at != 0; ++pages) {
    if (at < 8)
      return malformed("A directory of the TIFF lies inside its header.");
    if (at + 2 > bytes.size())
      return truncated("A directory of the TIFF lies outside the file; send the whole file.");
    uint64_t entries = two(at);
    if (entries == 0)
      return malformed("A directory of the TIFF is empty.");
    auto next = at + 2 + entries * entry_bytes;
    if (next + 4 > bytes.size())
      return truncated("A directory of the TIFF is cut off; send the whole file.");
    if (pages == pages_max)
      return malformed("The TIFF's pages refer to each other in a circle.");
    at = four(next);
  }
  if (pages == 0)
    return malformed("The TIFF has no page.");
  return {};
}

} // namespace restante::media_walk
