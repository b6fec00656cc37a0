#include "cluster/cli_words.hpp"

#include "actors/media.hpp"
#include "cluster/cli_session.hpp"
#include "schemas/limits.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iostream>
#include <system_error>

namespace restante {

namespace {

/// The position of a name, which the parser has checked before.
template <class Enum>
Enum value_of(const std::vector<std::string>& names, const std::string& name) {
  const auto at = std::find(names.begin(), names.end(), name);
  return static_cast<Enum>(at == names.end() ? 0 : at - names.begin());
}

template <class Enum>
std::string_view name_in(const std::vector<std::string>& names, Enum what) {
  const auto at = static_cast<size_t>(what);
  return at < names.size() ? std::string_view{names[at]} : "unknown";
}

const std::vector<std::string>& all_flag_names() {
  static const std::vector<std::string> names{"played", "saved", "urgent", "deleted"};
  return names;
}

std::string why_not() { return std::generic_category().message(errno); }

} // namespace

const std::vector<std::string>& format_names() {
  static const std::vector<std::string> names{"voicemail", "email", "fax", "sms", "video", "image"};
  return names;
}

const std::vector<std::string>& greeting_names() {
  static const std::vector<std::string> names{"normal", "busy", "name"};
  return names;
}

const std::vector<std::string>& role_names() {
  static const std::vector<std::string> names{"mvno", "application", "sms-gateway"};
  return names;
}

std::string_view name_of(message_format what) { return name_in(format_names(), what); }
std::string_view name_of(greeting_kind what) { return name_in(greeting_names(), what); }

message_format format_of(const std::string& name) {
  return value_of<message_format>(format_names(), name);
}
greeting_kind greeting_of(const std::string& name) {
  return value_of<greeting_kind>(greeting_names(), name);
}
role role_of(const std::string& name) { return value_of<role>(role_names(), name); }

std::vector<std::string> flag_names(uint8_t bits) {
  std::vector<std::string> out;
  for (size_t i = 0; i < flag_count; ++i)
    if ((bits >> i & 1) != 0)
      out.push_back(all_flag_names()[i]);
  return out;
}

result<uint8_t> parse_flags(const std::vector<std::string>& names) {
  uint8_t bits = 0;
  const auto& known = all_flag_names();
  for (const auto& name : names) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end())
      return usage("'" + name + "' is no flag: use played, saved, urgent or deleted");
    bits = static_cast<uint8_t>(bits | 1U << (at - known.begin()));
  }
  return bits;
}

result<subscriber_ref> parse_subscriber(const std::string& text) {
  using by = subscriber_ref::by;
  if (text.starts_with("imei:"))
    return subscriber_ref{by::imei, text.substr(5)};
  if (text.starts_with("number:"))
    return subscriber_ref{by::number, text.substr(7)};
  if (text.starts_with('+'))
    return subscriber_ref{by::number, text};
  if (parse_profile_id(text))
    return subscriber_ref{by::profile, text};
  return usage("'" + text +
               "' names no subscriber: write a profile id such as eu1-3F8K..., "
               "imei:490154203237518, number:5055551212 or +15055551212");
}

result<message_ref> parse_message(const std::string& text) {
  if (text.size() == 32)
    if (const auto raw = from_hex(text))
      return message_ref{message_id::from(*raw), 0};
  uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || number == 0)
    return usage("'" + text +
                 "' names no message: write its number, as 'restante list' shows it, "
                 "or the 32 hex digits of its id");
  return message_ref{std::nullopt, number};
}

result<media_part> read_media(const std::string& file, const std::string& type) {
  std::ifstream in{file, std::ios::binary};
  std::string bytes(limits::media_bytes_max + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (in.gcount() == 0 && !in.eof())
    return usage(file + " can't be read: " + why_not());
  bytes.resize(static_cast<size_t>(in.gcount()));
  if (bytes.empty())
    return usage(file + " is empty: name a recording");
  if (bytes.size() > limits::media_bytes_max)
    return usage(file + " is larger than the 8 MiB a message part may have");
  auto kind = type.empty() ? std::optional{sniff_media(bytes)} : parse_media_type(type);
  if (!kind)
    return usage("'" + type +
                 "' is no media type: use amr, amr-wb, wav, mp3, ogg, tiff, jpeg, "
                 "png, mp4 or a MIME type of them");
  if (*kind == media_type::unknown)
    return usage(file + " begins like no media a node stores: expected amr, amr-wb, wav, mp3, ogg, "
                        "tiff, jpeg, png or mp4");
  return media_part{*kind, chunk{std::move(bytes)}};
}

std::string_view extension_of(media_type type) {
  switch (type) {
  case media_type::amr_wb:
    return "awb";
  case media_type::jpeg:
    return "jpg";
  case media_type::unknown:
    return "bin";
  default:
    return to_string(type);
  }
}

result<void> write_bytes(const std::string& file, std::string_view bytes) {
  if (file == "-") {
    std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return {};
  }
  std::ofstream out{file, std::ios::binary | std::ios::trunc};
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out)
    return fail(errc::invalid_request, "file_unwritable", file + " can't be written: " + why_not());
  return {};
}

} // namespace restante
