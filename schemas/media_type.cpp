#include "schemas/media_type.hpp"

#include <algorithm>

namespace restante {

namespace {

struct spelling {
  media_type type;
  std::string_view name;
  std::string_view mime;
};

constexpr spelling spellings[] = {
    {media_type::amr, "amr", "audio/AMR"},    {media_type::amr_wb, "amr-wb", "audio/AMR-WB"},
    {media_type::wav, "wav", "audio/wav"},    {media_type::mp3, "mp3", "audio/mpeg"},
    {media_type::ogg, "ogg", "audio/ogg"},    {media_type::tiff, "tiff", "image/tiff"},
    {media_type::jpeg, "jpeg", "image/jpeg"}, {media_type::png, "png", "image/png"},
    {media_type::mp4, "mp4", "video/mp4"},
};

struct alias {
  std::string_view mime;
  media_type type;
};

// What phones, mail programs and gateways write instead of the registered types.
constexpr alias aliases[] = {
    {"audio/x-wav", media_type::wav},     {"audio/wave", media_type::wav},
    {"audio/vnd.wave", media_type::wav},  {"audio/mp3", media_type::mp3},
    {"application/ogg", media_type::ogg}, {"audio/opus", media_type::ogg},
    {"image/jpg", media_type::jpeg},      {"audio/mp4", media_type::mp4},
    {"audio/x-m4a", media_type::mp4},     {"audio/3gpp", media_type::mp4},
    {"video/3gpp", media_type::mp4},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

const spelling* find(media_type type) {
  for (const auto& entry : spellings)
    if (entry.type == type)
      return &entry;
  return nullptr;
}

} // namespace

std::string_view to_string(media_type type) {
  const auto* entry = find(type);
  return entry ? entry->name : "unknown";
}

std::string_view mime_type(media_type type) {
  const auto* entry = find(type);
  return entry ? entry->mime : "application/octet-stream";
}

std::optional<media_type> parse_media_type(std::string_view text) {
  text = text.substr(0, text.find(';'));
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  for (const auto& entry : spellings)
    if (same_ignoring_case(text, entry.name) || same_ignoring_case(text, entry.mime))
      return entry.type;
  for (const auto& entry : aliases)
    if (same_ignoring_case(text, entry.mime))
      return entry.type;
  return std::nullopt;
}

} // namespace restante
