#include "cluster/config_source.hpp"

#include "cluster/config.hpp"
#include "schemas/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace restante {

namespace {

/// Dots of one line that can separate the parts of a key. The parser destroys nested tables by
/// recursion: a key of 100,000 parts ends the process. Known keys have one dot, addresses seven.
constexpr size_t dots_in_line_max = 32;

class file_descriptor {
public:
  explicit file_descriptor(int fd) : fd_{fd} {}
  file_descriptor(const file_descriptor&) = delete;
  file_descriptor& operator=(const file_descriptor&) = delete;
  ~file_descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

std::string reason_of(int error) { return std::generic_category().message(error); }

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode))
    return "a directory";
  if (S_ISFIFO(mode))
    return "a pipe";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

result<std::string> read_all(int fd, const std::filesystem::path& file) {
  std::string text;
  std::array<char, 16 * 1024> piece;
  while (text.size() <= config_bytes_max) {
    const auto got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return tl::unexpected{config_failure(file, {}, "config_unreadable",
                                           "expected a readable file, found: " + reason_of(errno))};
    if (got == 0)
      return text;
    text.append(piece.data(), static_cast<size_t>(got));
  }
  return tl::unexpected{
      config_failure(file, {}, "config_unreadable",
                     "expected a configuration of at most 1 MiB, found a larger file")};
}

/// Where the first byte stands that is not text; nothing when all is.
std::optional<text_position> first_non_text(std::string_view text) {
  if (valid_utf8(text))
    return std::nullopt;
  text_position at;
  while (!text.empty()) {
    const auto next = first_code_point(text);
    if (!next.valid || next.value == 0)
      break;
    at = next.value == '\n' ? text_position{at.line + 1, 1} : text_position{at.line, at.column + 1};
    text.remove_prefix(next.bytes);
  }
  return at;
}

/// The first line with more dots than dots_in_line_max. A row of dots counts once: it is a ruler in
/// a comment and separates no keys.
std::optional<text_position> first_dotted_line(std::string_view text) {
  uint32_t line = 1;
  size_t dots = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      dots = 0;
    }
    if (text[i] == '.' && (i == 0 || text[i - 1] != '.'))
      ++dots;
    if (dots > dots_in_line_max)
      return text_position{line, 1};
  }
  return std::nullopt;
}

} // namespace

failure config_failure(const std::filesystem::path& file, text_position at, const char* reason,
                       std::string_view text) {
  constexpr size_t path_bytes_shown = 4096;
  return {errc::invalid_request, reason,
          clean(file.string(), path_bytes_shown) + ":" + std::to_string(at.line) + ":" +
              std::to_string(at.column) + ": " + std::string{text}};
}

result<std::string> read_config_text(const std::filesystem::path& file) {
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  const file_descriptor fd{::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
  struct stat about {};
  if (fd.get() < 0 || ::fstat(fd.get(), &about) != 0)
    return tl::unexpected{config_failure(file, {}, "config_unreadable",
                                         "expected a readable file, found: " + reason_of(errno))};
  if (!S_ISREG(about.st_mode))
    return tl::unexpected{
        config_failure(file, {}, "config_unreadable",
                       std::string{"expected a regular file, found "} + kind_of(about.st_mode))};
  auto text = read_all(fd.get(), file);
  if (!text)
    return text;
  if (text->empty())
    return tl::unexpected{config_failure(file, {}, "config_unreadable",
                                         "expected a configuration in TOML, found an empty file")};
  if (const auto at = first_non_text(*text))
    return tl::unexpected{config_failure(file, *at, "config_not_text",
                                         "expected UTF-8 text, found bytes that are not")};
  if (const auto at = first_dotted_line(*text))
    return tl::unexpected{config_failure(file, *at, "config_syntax",
                                         "expected at most " + std::to_string(dots_in_line_max) +
                                             " dots in a line, found more")};
  return text;
}

} // namespace restante
