// The words of the command line: names of enumerations, and how subscribers, messages and files are
// named in an argument. Pure, but for reading files.
#pragma once

#include "schemas/messages.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace restante {

[[nodiscard]] std::string_view name_of(message_format what);
[[nodiscard]] std::string_view name_of(greeting_kind what);

/// All names, for the help and its check.
[[nodiscard]] const std::vector<std::string>& format_names();
[[nodiscard]] const std::vector<std::string>& greeting_names();
[[nodiscard]] const std::vector<std::string>& role_names();

/// Of names that were checked; the first of the enumeration for any other.
[[nodiscard]] message_format format_of(const std::string& name);
[[nodiscard]] greeting_kind greeting_of(const std::string& name);
[[nodiscard]] role role_of(const std::string& name);

/// The flags that are set: played, saved, urgent, deleted.
[[nodiscard]] std::vector<std::string> flag_names(uint8_t bits);
[[nodiscard]] result<uint8_t> parse_flags(const std::vector<std::string>& names);

/// A profile id, imei:..., number:... or a number beginning with +.
[[nodiscard]] result<subscriber_ref> parse_subscriber(const std::string& text);

/// A number such as 3, or the 32 hex digits of a message id.
[[nodiscard]] result<message_ref> parse_message(const std::string& text);

/// A region of bytes as media: the type given, or guessed from the bytes when empty.
[[nodiscard]] result<media_part> read_media(const std::string& file, const std::string& type);

/// The usual ending of a file of that type, without the dot.
[[nodiscard]] std::string_view extension_of(media_type type);

/// Writes bytes to a file, or to standard output for "-".
[[nodiscard]] result<void> write_bytes(const std::string& file, std::string_view bytes);

} // namespace restante
