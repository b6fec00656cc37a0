#include "actors/sms_command.hpp"
#include "schemas/limits.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace restante;
using namespace std::string_literals;

namespace {

const std::string imei = "490154203237518";

struct row {
  std::string text;
  sms_command command;
};

const std::vector<row>& accepted() {
  static const std::vector<row> rows = {
      // Activation, fields in any order and missing.
      {"ACTIVATE 490154203237518 482913", sms_activate{imei, "482913", ""}},
      {"activate imei:490154203237518 pin=482913 lang fr", sms_activate{imei, "482913", "fr"}},
      {"Activate  49-015420-323751-8", sms_activate{imei, "", ""}},
      {"ACTIVATE", sms_activate{}},
      {"  activate!\r\n", sms_activate{}},
      {"\"Activate\", 490154203237518; 4829.", sms_activate{imei, "4829", ""}},
      {"ACTIVATE\u00A0490154203237518\t482913", sms_activate{imei, "482913", ""}},
      {"\u201CACTIVATE\u201D 490154203237518\u2014482913", sms_activate{imei, "482913", ""}},
      {"activate490154203237518pin482913", sms_activate{imei, "482913", ""}},
      {"Activate 490154203237518/482913", sms_activate{imei, "482913", ""}},
      {"Activate 49.015420.323751.8 0042", sms_activate{imei, "0042", ""}},
      {"Activate 490154/20/323751/8", sms_activate{imei, "", ""}},
      {"Activate 49015420-323751-8", sms_activate{imei, "", ""}},
      {"Activate 490154 20 323751 8 482913", sms_activate{imei, "482913", ""}},
      {"Activate 49-015420-323751-8-482913", sms_activate{imei, "482913", ""}},
      {"Activate 49 015420 323751 8 482913", sms_activate{imei, "482913", ""}},
      {"Activate 49 015420 323751 482913", sms_activate{"49015420323751", "482913", ""}},
      {"Activate 49\u2013015420\u2013323751\u20138", sms_activate{imei, "", ""}},
      {"ACTIVATE 4901542032375112", sms_activate{"4901542032375112", "", ""}},
      {"ACTIVATE pin 000042 imei 490154203237518", sms_activate{imei, "000042", ""}},
      {"ACTIVATE IMEI PIN 490154203237518 482913", sms_activate{imei, "482913", ""}},
      {"ACTIVATE imei 490154203237518, my pin is: 48-29-13", sms_activate{imei, "482913", ""}},
      {"ACTIVATE 490154203237518 pin 4829 555555", sms_activate{imei, "4829", ""}},
      {"ACTIVATE 490154203237518 555555 pin 4829", sms_activate{imei, "4829", ""}},
      {"ACTIVATE pin 482913", sms_activate{"", "482913", ""}},
      {"ACTIVATE language: pt_BR", sms_activate{"", "", "pt-BR"}},
      {"ACTIVATE Lang FR-ca 490154203237518 482913", sms_activate{imei, "482913", "fr-CA"}},
      {"ACTIVATE lang=fr language please", sms_activate{"", "", "fr"}},
      // What is no IMEI and no PIN is left out.
      {"ACTIVATE 482913", sms_activate{}},
      {"ACTIVATE 4901542032375 482913", sms_activate{}},
      {"ACTIVATE 49015420323751812 482913", sms_activate{}},
      {"ACTIVATE 490154203237518 123", sms_activate{imei, "", ""}},
      {"ACTIVATE 490154203237518 12345678901 4829", sms_activate{imei, "4829", ""}},
      {"ACTIVATE 490154203237518 pin 12345678901", sms_activate{imei, "", ""}},
      {"ACTIVATE 490154203237518 1234567890", sms_activate{imei, "1234567890", ""}},
      {"ACTIVATE lang", sms_activate{}},
      {"ACTIVATE lang fran\u00E7ais", sms_activate{}},
      {"ACTIVATE \uFF14\uFF19\uFF10\uFF11\uFF15\uFF14\uFF12\uFF10\uFF13\uFF12\uFF13\uFF17\uFF15",
       sms_activate{}},
      // OMTP and CVVM clients; a client type is never taken for an IMEI or a PIN.
      {"Activate:pv=12;ct=acme.X1.14", sms_activate{}},
      {"Activate:pv=13;ct=acme.X1.14;pt=5499;//VVM", sms_activate{}},
      {"Activate: pv=13; ct=acme.490154203237518.482913; pt=5499;", sms_activate{}},
      {"Activate:dt=6", sms_activate{}},
      {"STATUS", sms_status{}},
      {"Status", sms_status{}},
      {"Status:pv=13;ct=x;pt=5499;//VVM", sms_status{}},
      {"STATUS:dt=6", sms_status{}},
      {"STATE?", sms_status{}},
      {"status\u00D7x", sms_status{}},
      {"status\u00F7x", sms_status{}},
      {"Deactivate:pv=11;ct=x", sms_stop{}},
      {"Deactivate:dt=6", sms_stop{}},
      // Deletion.
      {"DELETE 3 482913", sms_delete{3, "482913"}},
      {"delete #3 pin 482913", sms_delete{3, "482913"}},
      {"del 3", sms_delete{3, ""}},
      {"DELETE", sms_delete{}},
      {"Delete message no. 3, PIN: 0042", sms_delete{3, "0042"}},
      {"delete pin 482913 message 3", sms_delete{3, "482913"}},
      {"delete3-482913", sms_delete{3, "482913"}},
      {"delete pin 482913", sms_delete{std::nullopt, "482913"}},
      {"delete 3 4829 5555", sms_delete{3, "4829"}},
      {"delete 3 5555 pin 4829", sms_delete{3, "4829"}},
      {"delete pin 123", sms_delete{}},
      {"delete 3 123", sms_delete{3, ""}},
      {"delete 0 4829", sms_delete{std::nullopt, "4829"}},
      {"delete 00003 4829", sms_delete{3, "4829"}},
      {"delete 4294967295 4829", sms_delete{4'294'967'295, "4829"}},
      {"delete 4294967296 4829", sms_delete{std::nullopt, "4829"}},
      {"delete 99999999999999999999999 4829", sms_delete{std::nullopt, "4829"}},
      {"delete 4829", sms_delete{4829, ""}},
      // Help and stop.
      {"HELP", sms_help{}},
      {"info.", sms_help{}},
      {"?", sms_help{}},
      {" \u00BF? !", sms_help{}},
      {"STOP", sms_stop{}},
      {"Stop all", sms_stop{}},
      {"UNSUBSCRIBE", sms_stop{}},
      {"deactivate", sms_stop{}},
      // Other languages, in any case.
      {"Activer 490154203237518 code 4829", sms_activate{imei, "4829", ""}},
      {"AKTIVIEREN 490154203237518 4829 Sprache de", sms_activate{imei, "4829", "de"}},
      {"ACTIVAR", sms_activate{}},
      {"ativar", sms_activate{}},
      {"ATTIVA", sms_activate{}},
      {"L\u00D6SCHEN 3 482913", sms_delete{3, "482913"}},
      {"l\u00F6schen 3", sms_delete{3, ""}},
      {"Supprimer 3 nip 4829", sms_delete{3, "4829"}},
      {"BORRAR n\u00BA3 clave 4829", sms_delete{3, "4829"}},
      {"apagar 3 c\u00D3digo 4829", sms_delete{3, "4829"}},
      {"elimina 3", sms_delete{3, ""}},
      {"\u00C9TAT", sms_status{}},
      {"HILFE", sms_help{}},
      {"D\u00C9SACTIVER", sms_stop{}},
  };
  return rows;
}

struct printer {
  std::ostream& out;
  void operator()(const sms_activate& c) const {
    out << "activate '" << c.imei << "' '" << c.pin << "' '" << c.language << "'";
  }
  void operator()(const sms_delete& c) const {
    out << "delete " << (c.number ? std::to_string(*c.number) : "none") << " '" << c.pin << "'";
  }
  void operator()(const sms_status&) const { out << "status"; }
  void operator()(const sms_help&) const { out << "help"; }
  void operator()(const sms_stop&) const { out << "stop"; }
  void operator()(const sms_unknown&) const { out << "unknown"; }
};

std::string name(const sms_command& command) {
  std::ostringstream out;
  std::visit(printer{out}, command);
  return out.str();
}

bool only_digits(const std::string& text, size_t least, size_t most) {
  return text.empty() || (text.find_first_not_of("0123456789") == text.npos &&
                          text.size() >= least && text.size() <= most);
}

} // namespace

BOOST_AUTO_TEST_SUITE(sms_commands)

BOOST_AUTO_TEST_CASE(what_subscribers_and_clients_send_is_understood) {
  for (const auto& [text, command] : accepted())
    BOOST_TEST_CONTEXT(text) BOOST_TEST(name(parse_sms(text)) == name(command));
}

BOOST_AUTO_TEST_CASE(everything_else_is_unknown) {
  for (const auto& text :
       {""s, " "s, "\r\n"s, "!!!"s, "hello"s, "please stop"s, "490154203237518 482913"s, "3"s,
        "activated"s, "deleted 3"s, "//VVM:STATUS:st=R"s, "\uFF33\uFF34\uFF2F\uFF30"s, "STOP\0"s,
        "STOP\xFF"s, "STOP \xED\xA0\x80"s, "\xC0\xBFSTOP"s, "S T O P"s})
    BOOST_TEST_CONTEXT(text) BOOST_TEST(name(parse_sms(text)) == "unknown");
}

BOOST_AUTO_TEST_CASE(a_text_over_the_limit_is_unknown) {
  auto text = "STOP" + std::string(limits::sms_text_bytes_max - 4, ' ');
  BOOST_TEST(name(parse_sms(text)) == "stop");
  text += ' ';
  BOOST_TEST(name(parse_sms(text)) == "unknown");
}

BOOST_AUTO_TEST_CASE(mutated_texts_keep_the_invariants) {
  std::mt19937 random{505'555'121};
  const std::vector<std::string> pieces = {"0",
                                           "7",
                                           "4829",
                                           "-",
                                           ".",
                                           "/",
                                           " ",
                                           "=",
                                           ":",
                                           "pin",
                                           "imei",
                                           "lang",
                                           "fr",
                                           "-CA",
                                           "pv=",
                                           "\xFF",
                                           "\u00D6",
                                           "\u00A0",
                                           "\u20AC",
                                           "\uFF11",
                                           "\U0001F600",
                                           "\n",
                                           "490154203237518"};
  for (int round = 0; round < 60'000; ++round) {
    auto text = accepted()[random() % accepted().size()].text;
    for (auto changes = 1 + random() % 6; changes > 0; --changes) {
      const auto at = random() % (text.size() + 1);
      switch (random() % 4) {
      case 0:
        text.insert(at, pieces[random() % pieces.size()]);
        break;
      case 1:
        text.erase(at, 1 + random() % 3);
        break;
      case 2:
        text += accepted()[random() % accepted().size()].text;
        break;
      default:
        text.insert(at, 1, static_cast<char>(random() % 256));
      }
    }
    const auto command = parse_sms(text);
    BOOST_TEST_CONTEXT(text << " -> " << name(command)) {
      if (const auto* activate = std::get_if<sms_activate>(&command)) {
        BOOST_REQUIRE(only_digits(activate->imei, 14, 16));
        BOOST_REQUIRE(only_digits(activate->pin, 4, 10));
        const auto size = activate->language.size();
        BOOST_REQUIRE((size == 0 || size == 2 || (size == 5 && activate->language[2] == '-')));
      } else if (const auto* removal = std::get_if<sms_delete>(&command)) {
        BOOST_REQUIRE(removal->number.value_or(1) != 0U);
        BOOST_REQUIRE(only_digits(removal->pin, 4, 10));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_longer_run_of_digits_is_no_imei) {
  const struct {
    std::string unit, activate, deletion;
  } table[] = {
      {"1-", "activate '' '' ''", "delete 1 ''"},
      {"12.", "activate '' '' ''", "delete 12 ''"},
      {"7", "activate '' '' ''", "delete none ''"},
      {"pin 1-1-", "activate '' '' ''", "delete none ''"},
      {"pin imei lang ", "activate '' '' ''", "delete none ''"},
      {"lang fr-", "activate '' '' 'fr'", "delete none ''"},
  };
  for (const auto& row : table) {
    std::string fill;
    while (fill.size() + row.unit.size() + 9 <= limits::sms_text_bytes_max)
      fill += row.unit;
    BOOST_TEST(name(parse_sms("ACTIVATE " + fill)) == row.activate, row.unit);
    BOOST_TEST(name(parse_sms("DELETE " + fill)) == row.deletion, row.unit);
  }
}

BOOST_AUTO_TEST_SUITE_END()
