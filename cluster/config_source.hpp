// The bytes of a configuration file, and where in them something is wrong. Made and dropped by
// read_config.
#pragma once

#include "schemas/error.hpp"

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace restante {

/// A place in the file; both count from 1, columns in code points.
struct text_position {
  uint32_t line = 1;
  uint32_t column = 1;
  friend auto operator<=>(const text_position&, const text_position&) = default;
};

/// The failure every refusal of a configuration is. `text` says what was expected and found.
[[nodiscard]] failure config_failure(const std::filesystem::path& file, text_position at,
                                     const char* reason, std::string_view text);

/// The whole file, UTF-8 and safe to hand to the TOML parser. Anything but a regular file is
/// refused without waiting for it, as is one above config_bytes_max.
/// Failures: see read_config; reasons config_unreadable, config_not_text and config_syntax.
[[nodiscard]] result<std::string> read_config_text(const std::filesystem::path& file);

} // namespace restante
