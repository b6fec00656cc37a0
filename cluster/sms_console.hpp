// The SMS console: a person in place of a telephone network. It prints what phones would receive
// and sends what a person types as if a phone had sent it. One line is one text:
//   +15055551212 STATUS            from that phone to the console's short code
//   +15055551212 >5050 STATUS      to that short code
//   /help  /quit
#pragma once

#include "bridges/curve_keys.hpp"

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace restante {

struct console_options {
  identity who;           // of an SMS gateway
  std::string short_code; // where a line without >CODE goes
  bool json = false;      // a JSON line for each thing that happens
  /// After the input's end the console stays until nothing came for so long.
  std::chrono::milliseconds linger{2'000};
  std::chrono::milliseconds patience{10'000}; // with the node
};

/// A line as it is understood.
struct console_line {
  std::string from;
  std::string to; // empty: the console's short code
  std::string text;
  friend bool operator==(const console_line&, const console_line&) = default;
};

/// Nothing when the line is not as above.
[[nodiscard]] std::optional<console_line> parse_console_line(std::string_view line);

/// Runs until /quit, or the end of `input` (a file descriptor) and the lingering after it.
/// Failures: no_answer when the node does not greet, or leaves something unanswered at the end; its
/// refusal when it does not take this tenant for a gateway.
[[nodiscard]] result<void> run_sms_console(const console_options& options, int input,
                                           std::ostream& out);

} // namespace restante
