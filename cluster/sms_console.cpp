#include "cluster/sms_console.hpp"

#include "cluster/cli_output.hpp"
#include "cluster/cli_session.hpp"
#include "cluster/pretend_gateway.hpp"
#include "schemas/limits.hpp"
#include "schemas/text.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <ostream>

namespace restante {

namespace {

using clock = std::chrono::steady_clock;
constexpr milliseconds turn{50}; // between looks at the keyboard: below what a person notices
constexpr milliseconds renewal{15'000};
/// A script may have thousands of lines: the next ones wait until these are answered.
constexpr size_t unanswered_max = 32;
constexpr size_t line_bytes_max = 4 * limits::sms_text_bytes_max;

constexpr const char* help_text =
    "a line is a text from a phone:  +15055551212 STATUS\n"
    "to another short code:          +15055551212 >5050 STATUS\n"
    "commands of subscribers:        ACTIVATE imei pin, STATUS, DELETE number pin, HELP, STOP\n"
    "/quit ends\n";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Lines of a descriptor, without waiting for any.
class line_reader {
public:
  explicit line_reader(int fd) : fd_{fd} {}

  std::optional<std::string> next() {
    while (open_ && !has_line() && readable())
      read_some();
    auto end = pending_.find('\n');
    if (end == std::string::npos) {
      if (pending_.empty() || (open_ && pending_.size() < line_bytes_max))
        return std::nullopt;
      end = pending_.size(); // the last line needs no end, nor one nobody could mean
    }
    auto line = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    return line;
  }

  [[nodiscard]] bool ended() const { return !open_ && pending_.empty(); }

private:
  [[nodiscard]] bool has_line() const {
    return pending_.find('\n') != std::string::npos || pending_.size() >= line_bytes_max;
  }
  [[nodiscard]] bool readable() const {
    pollfd wait{fd_, POLLIN, 0};
    return ::poll(&wait, 1, 0) > 0;
  }
  void read_some() {
    char bytes[4096];
    const auto got = ::read(fd_, bytes, sizeof bytes);
    if (got > 0)
      pending_.append(bytes, static_cast<size_t>(got));
    else if (got == 0 || (errno != EINTR && errno != EAGAIN))
      open_ = false;
  }

  int fd_;
  bool open_ = true;
  std::string pending_;
};

class console {
public:
  console(const console_options& options, int input, std::ostream& out)
      : options_{options}
      , gateway_{options.who}
      , lines_{input}
      , out_{out} {}

  result<void> run() {
    if (auto ok = begin(); !ok)
      return ok;
    auto last = clock::now();
    auto greeted = last;
    while (out_ && !quit_) {
      if (listen())
        last = clock::now();
      while (!quit_ && gateway_.unanswered() < unanswered_max) {
        const auto line = lines_.next();
        if (!line)
          break;
        obey(*line);
        last = clock::now();
      }
      const auto now = clock::now();
      const bool answered = gateway_.unanswered() == 0;
      if (lines_.ended() && now - last >= (answered ? options_.linger : options_.patience))
        return answered ? result<void>{} : silence();
      if (now - greeted >= renewal) {
        gateway_.greet();
        greeted = now;
      }
    }
    return {};
  }

private:
  [[nodiscard]] result<void> silence() const {
    return tl::unexpected{no_answer(options_.who.endpoint, options_.patience)};
  }

  result<void> begin() {
    gateway_.greet();
    const auto end = clock::now() + options_.patience;
    while (clock::now() < end) {
      auto got = gateway_.next(std::chrono::ceil<milliseconds>(end - clock::now()));
      if (!got)
        break;
      if (!*got) {
        auto why = got->error();
        why.text = "is " + options_.who.tenant + " an SMS gateway? The node refuses: " + why.text;
        return tl::unexpected{std::move(why)};
      }
      if (std::holds_alternative<pretend_gateway::welcomed>(**got)) {
        if (!options_.json)
          out_ << "connected to " << options_.who.endpoint << " as " << options_.who.tenant
               << "; /help tells what to type" << std::endl;
        return {};
      }
      tell(**got);
    }
    return silence();
  }

  /// True when something came that a person wants to see.
  bool listen() {
    auto got = gateway_.next(turn);
    if (!got)
      return false;
    if (!*got) {
      tell_failure(got->error());
      return true;
    }
    if (std::holds_alternative<pretend_gateway::welcomed>(**got))
      return false;
    tell(**got);
    return true;
  }

  void tell(const pretend_gateway::happening& what) {
    if (const auto* text = std::get_if<sms::submit>(&what))
      tell_text(*text);
    else if (const auto* verdict = std::get_if<pretend_gateway::verdict>(&what))
      tell_verdict(*verdict);
  }

  void tell_text(const sms::submit& what) {
    const auto* encoding = what.unicode ? "ucs2" : "gsm7";
    if (options_.json)
      return print_json_line(out_, {{"event", "sms"},
                                    {"notification_id", to_string(what.id)},
                                    {"to", what.to},
                                    {"from", what.from},
                                    {"text", what.text},
                                    {"encoding", encoding},
                                    {"segments", what.segments}});
    out_ << "SMS to " << shown(what.to) << " from " << shown(what.from) << " ("
         << int{what.segments} << (what.segments == 1 ? " segment, " : " segments, ") << encoding
         << ")\n  " << clean(what.text, limits::sms_text_bytes_max) << std::endl;
  }

  void tell_verdict(const pretend_gateway::verdict& what) {
    if (what.refused)
      return tell_failure(*what.refused);
    if (options_.json)
      return print_json_line(out_, {{"event", "taken_over"}, {"correlation", what.correlation}});
    out_ << "the node has taken it over" << std::endl;
  }

  void tell_failure(const failure& why) {
    if (options_.json)
      return print_json_line(
          out_, {{"event", "refused"}, {"code", to_string(why.code)}, {"text", why.text}});
    out_ << failure_text(why) << std::endl;
  }

  void obey(std::string_view line) {
    const auto word = trimmed(line);
    if (word.empty())
      return;
    if (word == "/quit") {
      quit_ = true;
    } else if (word == "/help" || word == "?") {
      out_ << help_text << std::flush;
    } else if (auto text = parse_console_line(line)) {
      const auto& to = text->to.empty() ? options_.short_code : text->to;
      if (gateway_.type(text->from, to, text->text) == 0)
        tell_failure(no_answer(options_.who.endpoint, options_.patience));
    } else {
      tell_failure({errc::invalid_request, "usage",
                    "a line is a number beginning with + and a text; /help tells more"});
    }
  }

  const console_options& options_;
  pretend_gateway gateway_;
  line_reader lines_;
  std::ostream& out_;
  bool quit_ = false;
};

} // namespace

std::optional<console_line> parse_console_line(std::string_view line) {
  line = trimmed(line);
  const auto take_word = [&line] {
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    const auto word = line.substr(0, end);
    line = trimmed(line.substr(end));
    return std::string{word};
  };
  if (!line.starts_with('+'))
    return std::nullopt;
  console_line out;
  out.from = take_word();
  if (line.starts_with('>'))
    out.to = take_word().substr(1);
  out.text = line;
  if (out.text.empty())
    return std::nullopt;
  return out;
}

result<void> run_sms_console(const console_options& options, int input, std::ostream& out) {
  return console{options, input, out}.run();
}

} // namespace restante
