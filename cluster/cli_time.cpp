// Times as people write and read them (declared in cli_output.hpp).
#include "cluster/cli_output.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace restante {

namespace {

template <size_t N>
std::string formatted(wall_ms at, const char (&format)[N], int fraction_digits) {
  const auto part = at % 1000 < 0 ? at % 1000 + 1000 : at % 1000;
  const auto seconds = static_cast<std::time_t>((at - part) / 1000);
  std::tm fields{};
  if (::gmtime_r(&seconds, &fields) == nullptr)
    return std::to_string(at) + " ms";
  char text[64];
  if (std::strftime(text, sizeof text, format, &fields) == 0)
    return std::to_string(at) + " ms";
  if (fraction_digits == 0)
    return text;
  char tail[16];
  std::snprintf(tail, sizeof tail, ".%03dZ", static_cast<int>(part));
  return std::string{text} + tail;
}

/// Reads a text from its beginning; once something was not there, nothing is any more.
class time_reader {
public:
  explicit time_reader(std::string_view text) : rest_{text} {}

  /// Exactly so many digits, as a number of at most `most`.
  int number(size_t digits, int most) {
    int out = 0;
    const auto word = rest_.substr(0, digits);
    const auto read = std::from_chars(word.data(), word.data() + word.size(), out);
    good_ = good_ && word.size() == digits && read.ec == std::errc{} &&
            read.ptr == word.data() + digits && out >= 0 && out <= most && word[0] != '-';
    rest_.remove_prefix(word.size());
    return out;
  }
  void sign(std::string_view allowed) { good_ = good_ && take(allowed) != 0; }
  /// One of these characters, if it comes next; otherwise 0.
  char take(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos)
      return 0;
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }
  /// Digits after a decimal point as milliseconds; finer ones are dropped.
  int fraction() {
    int out = 0;
    int unit = 100;
    for (good_ = good_ && !rest_.empty(); !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
         unit /= 10) {
      out += (rest_[0] - '0') * unit;
      rest_.remove_prefix(1);
    }
    return out;
  }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }
  void fail() { good_ = false; }

private:
  std::string_view rest_;
  bool good_ = true;
};

/// "2026-11-20" as days since 1970.
int64_t read_day(time_reader& in) {
  const std::chrono::year year{in.number(4, 9999)};
  in.sign("-");
  const std::chrono::month month{static_cast<unsigned>(in.number(2, 12))};
  in.sign("-");
  const std::chrono::day day{static_cast<unsigned>(in.number(2, 31))};
  const std::chrono::year_month_day date{year, month, day};
  if (!date.ok()) {
    in.fail();
    return 0;
  }
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

} // namespace

std::string time_text(wall_ms at) { return formatted(at, "%Y-%m-%d %H:%M:%SZ", 0); }
std::string time_json(wall_ms at) { return formatted(at, "%Y-%m-%dT%H:%M:%S", 3); }
std::string day_text(uint32_t days) {
  return formatted(static_cast<wall_ms>(days) * 86'400'000, "%Y-%m-%d", 0);
}

std::optional<wall_ms> parse_time(std::string_view text) {
  int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc{} && read.ptr == text.data() + text.size())
    return number;
  time_reader in{text};
  auto minutes = read_day(in) * 24 * 60;
  in.sign("T ");
  minutes += int64_t{in.number(2, 23)} * 60;
  in.sign(":");
  minutes += in.number(2, 59);
  int64_t ms = 0;
  if (in.take(":") != 0) {
    ms = int64_t{in.number(2, 59)} * 1000;
    ms += in.take(".") != 0 ? in.fraction() : 0;
  }
  if (const char zone = in.take("Z+-"); zone == '+' || zone == '-') {
    auto offset = int64_t{in.number(2, 14)} * 60;
    in.sign(":");
    offset += in.number(2, 59);
    minutes -= zone == '+' ? offset : -offset;
  }
  return in.done() ? std::optional{minutes * 60'000 + ms} : std::nullopt;
}

std::optional<uint32_t> parse_day(std::string_view text) {
  time_reader in{text};
  const auto day = read_day(in);
  if (!in.done() || day < 0)
    return std::nullopt;
  return static_cast<uint32_t>(day);
}

std::string length_text(uint32_t milliseconds_played) {
  const auto seconds = (static_cast<uint64_t>(milliseconds_played) + 999) / 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%lu:%02lu", seconds / 60, seconds % 60);
  return text;
}

std::string seconds_text(milliseconds span) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", static_cast<double>(span.count()) / 1000);
  return text;
}

std::string latency_text(std::chrono::nanoseconds span) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f ms", static_cast<double>(span.count()) / 1e6);
  return text;
}

} // namespace restante
