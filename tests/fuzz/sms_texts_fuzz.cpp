// Texts by SMS in both directions: what a subscriber typed, and what a subscriber reads.
// Input: the text; for what is rendered, its lines are the facts.
#include "actors/gsm.hpp"
#include "actors/sms_command.hpp"
#include "actors/templates.hpp"
#include "schemas/limits.hpp"
#include "schemas/text.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>

using namespace restante;
using namespace restante::fuzz;

namespace {

bool digits(std::string_view text, size_t least, size_t most) {
  return text.empty() ||
         (text.size() >= least && text.size() <= most &&
          std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

void check_command(std::string_view text) {
  const auto command = parse_sms(text);
  if (text.size() > limits::sms_text_bytes_max || !valid_utf8(text))
    promise(std::holds_alternative<sms_unknown>(command), "garbage became a command");
  if (auto* activate = std::get_if<sms_activate>(&command)) {
    promise(digits(activate->imei, 14, 16), "an IMEI is not 14 to 16 digits");
    promise(digits(activate->pin, 4, limits::pin_digits_max), "a PIN is not 4 to 10 digits");
    promise(activate->language.size() % 3 != 1 && activate->language.size() <= 5,
            "a wrong language");
  }
  if (auto* remove = std::get_if<sms_delete>(&command)) {
    promise(digits(remove->pin, 4, limits::pin_digits_max), "a PIN is not 4 to 10 digits");
    promise(remove->number != 0U, "a message has the number 0");
  }
}

void check_fit(std::string_view text) {
  const auto whole = measure_sms(text);
  promise(whole.segments >= 1, "a text has no segment");
  promise(fit_sms(text, 0).empty(), "something fits nothing");
  const size_t segments = 1 + text.size() % 4;
  const auto fitted = fit_sms(text, segments);
  promise(measure_sms(fitted).segments <= segments, "a cut text is still too long");
  promise((fitted == text) == (whole.segments <= segments), "a text is cut without need");
  promise(fitted == text ||
              (fitted.ends_with("...") && text.starts_with(fitted.substr(0, fitted.size() - 3))),
          "a cut text is not the beginning of the whole");
  promise(!valid_utf8(text) || valid_utf8(fitted), "a text was cut inside a character");
}

void check_clean(std::string_view text) {
  for (size_t bytes_max : {size_t{0}, size_t{1}, size_t{5}, size_t{160}, text.size()}) {
    const auto cleaned = clean(text, bytes_max);
    promise(cleaned.size() <= bytes_max, "a cleaned text is too long");
    promise(printable(cleaned), "a cleaned text can't be printed");
  }
  promise(printable(mask_number(text)), "a masked number can't be printed");
}

/// The first byte says which notice; the lines of the rest are language and facts.
void check_notice(std::string_view input) {
  const int kind = take_byte(input) % 11;
  const auto language = take_line(input);
  notice_facts facts;
  facts.number = static_cast<uint32_t>(input.size() * 0x01010101U);
  facts.unheard = ~facts.number;
  facts.total = facts.number;
  facts.duration = std::chrono::milliseconds{static_cast<int64_t>(facts.number) - 1'000'000};
  for (auto* fact : {&facts.caller, &facts.place, &facts.called_at, &facts.profile,
                     &facts.tenant_name, &facts.short_code})
    *fact = take_line(input);
  const auto text = render(static_cast<notice>(kind), language, facts);
  promise(text.empty() == (kind < 1 || kind > 9), "a notice is empty, or an unknown one is not");
  promise(printable(text), "a notice can't be printed");
  promise(measure_sms(text).segments <= 8, "a notice has no bounds");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = view(data, size);
  check_command(text);
  check_fit(text);
  check_clean(text);
  check_notice(text);
  return 0;
}
