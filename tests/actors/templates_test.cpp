#include "actors/gsm.hpp"
#include "actors/sms_command.hpp"
#include "actors/templates.hpp"
#include "schemas/text.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

using namespace restante;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const std::string languages[] = {"en", "fr", "de", "es", "pt", "it"};

std::vector<notice> all_notices() {
  std::vector<notice> out;
  for (int i = 1; i <= 9; ++i)
    out.push_back(static_cast<notice>(i));
  return out;
}

/// The longest facts that still are ordinary.
notice_facts ordinary() {
  return {.caller = "+123456789012345",
          .number = 9999,
          .duration = 59min + 59s,
          .profile = "eu1-3F8K3F8K3F8K3F8K3F8K3F8K3F",
          .unheard = 999,
          .total = 999,
          .short_code = "505055",
          .tenant_name = "Example Mobile",
          .place = "my web page",
          .called_at = "2026-11-20 17:05"};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

} // namespace

BOOST_AUTO_TEST_SUITE(templates)

BOOST_AUTO_TEST_CASE(ordinary_notices_are_one_gsm_segment_in_every_language) {
  for (const auto& facts : {ordinary(), notice_facts{}})
    for (const auto& language : languages)
      for (const auto kind : all_notices()) {
        const auto text = render(kind, language, facts);
        BOOST_TEST_CONTEXT(language << ": " << text) {
          const auto shape = measure_sms(text);
          BOOST_TEST((shape.encoding == sms_encoding::gsm7));
          BOOST_TEST(shape.segments == 1U);
          BOOST_TEST(shape.units > 20U);
          BOOST_TEST(printable(text));
          for (const char* leftover : {"{", "}", "[", "]", "  ", " .", " ,", ".."})
            BOOST_TEST(!has(text, leftover), leftover);
        }
      }
}

BOOST_AUTO_TEST_CASE(a_deposit_is_told_with_its_facts) {
  const notice_facts facts{.caller = "+1 505 555 1212",
                           .number = 3,
                           .duration = 25s,
                           .unheard = 2,
                           .total = 5,
                           .called_at = "17:05"};
  BOOST_TEST(render(notice::deposited, "en", facts) ==
             "New voicemail 3 from +1 505 555 1212, 17:05, 0:25 min. You have 2 unheard. Open it "
             "in your voicemail app or reply DELETE 3 and your PIN.");
  BOOST_TEST(render(notice::deposited, "de", facts) ==
             "Neue Voicemail 3 von +1 505 555 1212, 17:05, 0:25 Min. Ungehört: 2. In der "
             "Voicemail-App öffnen oder mit LÖSCHEN 3 und PIN antworten.");
}

BOOST_AUTO_TEST_CASE(facts_that_are_not_known_are_left_out) {
  const notice_facts facts{.number = 3, .unheard = 2, .total = 5};
  BOOST_TEST(render(notice::deposited, "en", facts) ==
             "New voicemail 3 from a hidden number. You have 2 unheard. Open it in your voicemail "
             "app or reply DELETE 3 and your PIN.");
  BOOST_TEST(render(notice::welcome, "fr", facts) ==
             "Bienvenue! Messagerie vocale active. Répondez AIDE pour l'aide, STOP pour finir.");
  auto named = facts;
  named.tenant_name = "Example";
  named.short_code = "5050";
  BOOST_TEST(has(render(notice::welcome, "fr", named), "Bienvenue chez Example!"));
  BOOST_TEST(has(render(notice::help, "en", named), "commands of Example to 5050: ACTIVATE"));
}

BOOST_AUTO_TEST_CASE(durations_are_minutes_and_seconds) {
  const auto told = [](std::chrono::milliseconds duration) {
    const auto text =
        render(notice::deposited, "en", {.caller = "x", .number = 1, .duration = duration});
    const auto from = text.find(" from x") + 7;
    return text.substr(from, text.find('.') - from);
  };
  BOOST_TEST(told(0ms).empty());
  BOOST_TEST(told(-5s).empty());
  BOOST_TEST(told(1ms) == ", 0:01 min");
  BOOST_TEST(told(59'001ms) == ", 1:00 min");
  BOOST_TEST(told(61s) == ", 1:01 min");
  BOOST_TEST(told(90min) == ", 90:00 min");
  BOOST_TEST(told(std::chrono::milliseconds::max()) == ", 1440:00 min");
  BOOST_TEST(told(std::chrono::milliseconds::min()).empty());
}

BOOST_AUTO_TEST_CASE(languages_fall_back_to_their_primary_subtag_and_to_english) {
  const auto status = [](std::string_view language) {
    return render(notice::status, language, ordinary());
  };
  BOOST_TEST(has(status("fr"), "Messages vocaux"));
  for (const char* french : {"fr-CA", "fr_CA", "FR", "Fr-ca-x-any"})
    BOOST_TEST(status(french) == status("fr"), french);
  for (const char* other : {"", "xx", "f", "fra", "frfr", "-fr", "\xFF", "zh-Hant"})
    BOOST_TEST(status(other) == status("en"), other);
  for (const auto& language : languages)
    for (const auto& another : languages)
      BOOST_TEST((status(language) == status(another)) == (language == another));
}

BOOST_AUTO_TEST_CASE(a_language_without_texts_cannot_be_chosen_and_those_with_are_named) {
  for (const auto& language : languages)
    BOOST_TEST(check_language(language).has_value(), language);
  for (const char* right : {"", "fr-CA", "PT_br"})
    BOOST_TEST(check_language(right).has_value(), right);
  for (const char* wrong : {"klingon", "xx", "f", "-fr", "english", "zh-Hant"}) {
    const auto refused = check_language(wrong);
    BOOST_REQUIRE_MESSAGE(!refused, wrong);
    BOOST_TEST(refused.error().reason == std::string_view{"language_unknown"});
    BOOST_TEST(has(refused.error().text, ": en, fr, de, es, pt, it"));
  }
}

BOOST_AUTO_TEST_CASE(facts_from_outside_cannot_change_the_text_around_them) {
  notice_facts facts{.caller = "x.\r\n//VVM:SYNC:ev=NM\x1B[2J\u202E {profile} [\xFF]\0"s,
                     .number = 3,
                     .profile = "p\r\n{caller}",
                     .short_code = "1\n2",
                     .tenant_name = "\u2066t\x7F]",
                     .called_at = "\n{number}\n"};
  for (const auto& language : languages)
    for (const auto kind : all_notices()) {
      const auto text = render(kind, language, facts);
      BOOST_TEST(printable(text), text);
      BOOST_TEST(text.find("//VVM") != 0U, text);
    }
  BOOST_TEST(render(notice::removed, "en", facts) ==
             "Voicemail 3 from x. //VVM:SYNC:ev=NM[2J {profile} [\uFFFD] was deleted. You have 0 "
             "unheard, 0 in all.");
  BOOST_TEST(has(render(notice::deposited, "en", facts), ", {number}. You"));
  facts.caller = " \r\n\t ";
  BOOST_TEST(has(render(notice::removed, "en", facts), "from a hidden number was"));
}

BOOST_AUTO_TEST_CASE(a_long_caller_is_cut_to_forty_characters) {
  notice_facts facts{.number = 3};
  const auto between = [&](const std::string& text) {
    const auto from = text.find("from ") + 5;
    return text.substr(from, text.find(" was deleted") - from);
  };
  facts.caller = std::string(1000, 'x');
  BOOST_TEST(between(render(notice::removed, "en", facts)) == std::string(40, 'x'));
  facts.caller.clear();
  std::string forty;
  for (int i = 0; i < 100; ++i) {
    facts.caller += "\U0001F600";
    if (i < 40)
      forty += "\U0001F600";
  }
  BOOST_TEST(between(render(notice::removed, "en", facts)) == forty);
  facts.number = std::numeric_limits<uint32_t>::max();
  facts.unheard = facts.total = facts.number;
  facts.duration = 24h;
  for (const auto& language : languages)
    for (const auto kind : all_notices())
      BOOST_TEST(measure_sms(render(kind, language, facts)).segments <= 4U);
}

BOOST_AUTO_TEST_CASE(every_command_a_text_names_is_understood) {
  const auto facts = ordinary();
  for (const auto& language : languages) {
    // Commands stand in capitals; each is read as the command at its place.
    const auto capitals = [&](notice kind) {
      std::vector<std::string> words;
      std::string word;
      for (const char c : render(kind, language, facts) + " ") {
        if ((c >= 'A' && c <= 'Z') || static_cast<uint8_t>(c) >= 0x80)
          word += c;
        else {
          if (word.size() > 3 && word != "IMEI" && !has(word, "ö"))
            words.push_back(word);
          word.clear();
        }
      }
      return words;
    };
    BOOST_TEST_CONTEXT(language) {
      const auto help = capitals(notice::help);
      BOOST_TEST_REQUIRE(help.size() == 4U);
      BOOST_TEST(std::holds_alternative<sms_activate>(parse_sms(help[0])), help[0]);
      BOOST_TEST(std::holds_alternative<sms_status>(parse_sms(help[1])), help[1]);
      BOOST_TEST(std::holds_alternative<sms_delete>(parse_sms(help[2])), help[2]);
      BOOST_TEST(std::holds_alternative<sms_stop>(parse_sms(help[3])), help[3]);
      const auto welcome = capitals(notice::welcome);
      BOOST_TEST_REQUIRE(welcome.size() == 2U);
      BOOST_TEST(std::holds_alternative<sms_help>(parse_sms(welcome[0])), welcome[0]);
      BOOST_TEST(std::holds_alternative<sms_stop>(parse_sms(welcome[1])), welcome[1]);
      for (const auto kind : {notice::deposited, notice::delivered_to_device}) {
        const auto text = render(kind, language, facts);
        const auto verb = text.find(help[2] + " 9999");
        BOOST_TEST_REQUIRE(verb != text.npos);
        const auto command = parse_sms(text.substr(verb, help[2].size() + 5) + " 0482");
        BOOST_TEST((command == sms_command{sms_delete{9999, "0482"}}), text);
      }
      for (const auto kind : {notice::already_active, notice::status, notice::refused}) {
        const auto words = capitals(kind);
        BOOST_TEST_REQUIRE(!words.empty());
        BOOST_TEST(std::holds_alternative<sms_help>(parse_sms(words.back())), words.back());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_notice_has_no_text) {
  for (const int kind : {0, 10, 255})
    BOOST_TEST(render(static_cast<notice>(kind), "en", ordinary()).empty());
}

BOOST_AUTO_TEST_SUITE_END()
