#include "actors/sms_command.hpp"

#include "schemas/limits.hpp"
#include "schemas/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace restante {

namespace {

enum class verb : uint8_t { activate, status, remove, help, stop };

struct verb_word {
  std::string_view word;
  verb meaning;
};

// Lower case. English first, then French, German, Spanish, Portuguese and Italian as far as they
// differ. Among the words for stop are those that carriers' rules for short codes demand.
constexpr verb_word verb_words[] = {
    {"activate", verb::activate}, {"start", verb::activate},      {"activer", verb::activate},
    {"active", verb::activate},   {"aktivieren", verb::activate}, {"aktiviere", verb::activate},
    {"activar", verb::activate},  {"activa", verb::activate},     {"ativar", verb::activate},
    {"ativa", verb::activate},    {"attivare", verb::activate},   {"attiva", verb::activate},
    {"status", verb::status},     {"state", verb::status},        {"statut", verb::status},
    {"etat", verb::status},       {"état", verb::status},         {"estado", verb::status},
    {"stato", verb::status},      {"delete", verb::remove},       {"del", verb::remove},
    {"remove", verb::remove},     {"erase", verb::remove},        {"supprimer", verb::remove},
    {"supprime", verb::remove},   {"suppr", verb::remove},        {"effacer", verb::remove},
    {"efface", verb::remove},     {"löschen", verb::remove},      {"lösche", verb::remove},
    {"loeschen", verb::remove},   {"loesche", verb::remove},      {"borrar", verb::remove},
    {"borra", verb::remove},      {"eliminar", verb::remove},     {"elimina", verb::remove},
    {"apagar", verb::remove},     {"apaga", verb::remove},        {"excluir", verb::remove},
    {"cancella", verb::remove},   {"cancellare", verb::remove},   {"eliminare", verb::remove},
    {"help", verb::help},         {"info", verb::help},           {"aide", verb::help},
    {"hilfe", verb::help},        {"ayuda", verb::help},          {"ajuda", verb::help},
    {"aiuto", verb::help},        {"stop", verb::stop},           {"stopall", verb::stop},
    {"deactivate", verb::stop},   {"unsubscribe", verb::stop},    {"cancel", verb::stop},
    {"end", verb::stop},          {"quit", verb::stop},           {"optout", verb::stop},
    {"désactiver", verb::stop},   {"desactiver", verb::stop},     {"arret", verb::stop},
    {"arrêt", verb::stop},        {"deaktivieren", verb::stop},   {"stopp", verb::stop},
    {"desactivar", verb::stop},   {"baja", verb::stop},           {"desativar", verb::stop},
    {"parar", verb::stop},        {"disattivare", verb::stop},    {"disattiva", verb::stop},
};

constexpr std::string_view pin_words[] = {"pin",   "nip",    "code",   "password", "passwort",
                                          "clave", "codigo", "código", "codice",   "senha"};
constexpr std::string_view language_words[] = {"lang",    "language", "langue",
                                               "sprache", "idioma",   "lingua"};
// The first key of an OMTP or CVVM control message: its fields are a client's, not a person's.
constexpr std::string_view client_words[] = {"pv", "ct", "dt"};

template <size_t N>
bool one_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool digit(char c) { return c >= '0' && c <= '9'; }

bool letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<uint8_t>(c) >= 0x80; }

/// Lower case for ASCII and Latin-1; spaces and signs outside ASCII (NBSP, quotation marks, what
/// phones insert by themselves) become spaces, dashes '-'. What is left above 0x7F are letters.
std::string fold(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [c, bytes, valid] = first_code_point(text);
    if (c < 0x80)
      out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    else if (c >= 0xC0 && c <= 0xDE && c != 0xD7)
      out.append({'\xC3', static_cast<char>(text[1] + 0x20)});
    else if (c >= 0x2010 && c <= 0x2015)
      out += '-';
    else if (c < 0xC0 || c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x206F) || c == 0x3000 ||
             c == 0xFEFF)
      out += ' ';
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out;
}

struct token {
  std::string_view text;
  bool number = false;
  // Only one sign stands before the token of the same kind: '-', '/' or '.' between numbers, '-' or
  // '_' between words.
  bool joined = false;
};

using tokens = std::vector<token>;

/// Words and numbers in order; everything else only parts them.
tokens split(std::string_view text) {
  tokens out;
  for (size_t i = 0; i < text.size();) {
    const bool number = digit(text[i]);
    if (!number && !letter(text[i])) {
      ++i;
      continue;
    }
    const auto same_kind = number ? digit : letter;
    const std::string_view joints = number ? "-/." : "-_";
    const auto start = i;
    while (i < text.size() && same_kind(text[i]))
      ++i;
    const bool joined =
        start >= 2 && joints.find(text[start - 1]) != joints.npos && same_kind(text[start - 2]);
    out.push_back({text.substr(start, i - start), number, joined});
  }
  return out;
}

/// Digits made of the tokens up to `end`.
struct digits {
  std::string text;
  size_t end = 0;
};

digits take(const tokens& all, size_t begin, size_t end) {
  digits out{{}, end};
  for (size_t i = begin; i < end; ++i)
    out.text += all[i].text;
  return out;
}

/// The numbers from `begin` on that separators join.
digits joined_run(const tokens& all, size_t begin) {
  size_t end = begin + 1;
  while (end < all.size() && all[end].number && all[end].joined)
    ++end;
  return take(all, begin, end);
}

/// The IMEI that begins with the number at `begin`, or no text. Phones and boxes print it as 2-6-6
/// or 6-2-6 digits and then the check digit or two of the software version, with any separator.
digits imei_at(const tokens& all, size_t begin) {
  constexpr std::array<std::array<size_t, 3>, 2> printed{{{2, 6, 6}, {6, 2, 6}}};
  const auto length = [&](size_t at) {
    return at < all.size() && all[at].number ? all[at].text.size() : 0;
  };
  for (const auto& groups : printed) {
    if (length(begin) != groups[0] || length(begin + 1) != groups[1] ||
        length(begin + 2) != groups[2])
      continue;
    const auto last = length(begin + 3);
    return take(all, begin, begin + (last == 1 || last == 2 ? 4 : 3));
  }
  const auto fits = [](size_t count) { return count >= 14 && count <= 16; };
  // Only from its first number: a run is read once, however long.
  if (!all[begin].joined) {
    if (auto run = joined_run(all, begin); fits(run.text.size()))
      return run;
  }
  if (fits(length(begin)))
    return take(all, begin, begin + 1);
  return {{}, begin};
}

bool pin_length(size_t count) { return count >= 4 && count <= limits::pin_digits_max; }

/// "fr" or "fr-CA" of the words from `at` on; empty when they are no such tag.
std::string language_tag(const tokens& all, size_t at) {
  const auto two_letters = [&](size_t i) {
    return i < all.size() && !all[i].number && all[i].text.size() == 2 &&
           static_cast<uint8_t>(all[i].text[0]) < 0x80;
  };
  if (!two_letters(at))
    return {};
  std::string tag{all[at].text};
  if (two_letters(at + 1) && all[at + 1].joined)
    for (tag += '-'; const char c : all[at + 1].text)
      tag += static_cast<char>(c - ('a' - 'A'));
  return tag;
}

sms_activate parse_activate(const tokens& all) {
  sms_activate command;
  if (all.size() > 1 && one_of(client_words, all[1].text))
    return command;
  bool pin_next = false;
  for (size_t i = 1; i < all.size(); ++i) {
    const auto word = all[i].text;
    if (!all[i].number) {
      pin_next = pin_next || one_of(pin_words, word);
      if (one_of(language_words, word) && command.language.empty())
        command.language = language_tag(all, i + 1);
      continue;
    }
    if (command.imei.empty()) {
      // Before the PIN even after its label: "ACTIVATE IMEI PIN 490154203237518 482913".
      if (auto imei = imei_at(all, i); !imei.text.empty()) {
        command.imei = std::move(imei.text);
        i = imei.end - 1;
        continue;
      }
      if (!pin_next)
        continue; // a PIN follows the IMEI or its label
    }
    auto run = joined_run(all, i);
    if (pin_length(run.text.size()) && (pin_next || command.pin.empty()))
      command.pin = std::move(run.text);
    pin_next = false;
    i = run.end - 1;
  }
  return command;
}

sms_delete parse_delete(const tokens& all) {
  sms_delete command;
  bool pin_next = false;
  bool number_seen = false;
  for (size_t i = 1; i < all.size(); ++i) {
    const auto word = all[i].text;
    if (!all[i].number) {
      pin_next = pin_next || one_of(pin_words, word);
    } else if (pin_next) {
      auto run = joined_run(all, i);
      if (pin_length(run.text.size()))
        command.pin = std::move(run.text);
      pin_next = false;
      i = run.end - 1;
    } else if (!number_seen) {
      number_seen = true;
      uint32_t number = 0;
      const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
      if (read.ec == std::errc{} && number != 0)
        command.number = number;
    } else if (command.pin.empty() && pin_length(word.size())) {
      command.pin = word;
    }
  }
  return command;
}

} // namespace

sms_command parse_sms(std::string_view text) {
  if (text.size() > limits::sms_text_bytes_max || !valid_utf8(text))
    return sms_unknown{};
  const auto folded = fold(text);
  const auto all = split(folded);
  if (all.empty())
    return folded.find('?') != folded.npos ? sms_command{sms_help{}} : sms_unknown{};
  const auto* known = std::find_if(std::begin(verb_words), std::end(verb_words),
                                   [&](const verb_word& v) { return v.word == all[0].text; });
  if (known == std::end(verb_words))
    return sms_unknown{};
  switch (known->meaning) {
  case verb::activate:
    return parse_activate(all);
  case verb::status:
    return sms_status{};
  case verb::remove:
    return parse_delete(all);
  case verb::help:
    return sms_help{};
  case verb::stop:
    return sms_stop{};
  }
  return sms_unknown{};
}

} // namespace restante
