// Structured logs: one JSON object a line, `what` always first. Nothing secret goes in: no PIN, no
// media, numbers only through mask_number(). A logger is a value that main makes and hands on; a
// default one says nothing, which is what tests want.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace restante {

class log_file_sink;

class logger {
public:
  struct field {
    std::string_view name;
    std::string value;
  };
  using fields = std::initializer_list<field>;

  /// Says nothing.
  logger() = default;

  /// Writes to a file (appending, mode 0600) or, with an empty path, to standard error. `level` is
  /// trace, debug, info, warning, error or critical. Throws std::runtime_error when the file can't
  /// be opened.
  logger(const std::filesystem::path& file, std::string_view level);

  /// Opens the file by its name again, which a rotation has moved away. False when that can't be
  /// done: then the old one is written on.
  [[nodiscard]] bool reopen() const;

  void debug(std::string_view what, fields with = {}) const;
  void info(std::string_view what, fields with = {}) const;
  void warning(std::string_view what, fields with = {}) const;
  void error(std::string_view what, fields with = {}) const;

private:
  void write(int level, std::string_view what, fields with) const;

  std::shared_ptr<spdlog::logger> sink_;
  std::shared_ptr<log_file_sink> file_; // none: standard error
};

} // namespace restante
