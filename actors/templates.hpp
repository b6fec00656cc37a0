// What subscribers read: the texts of notifications and of replies to SMS commands, in the
// languages the engine speaks. The sender cuts and segments them with actors/gsm.hpp.
//
// Invariants: with ordinary facts (a caller of 15 digits, a message number below 10,000) every text
// is one GSM 7-bit segment in every language. No text begins with a fact, so no caller's name can
// pass for a client's control message. Every command a text names is one parse_sms() reads.
#pragma once

#include "schemas/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace restante {

/// Stored with notifications: append only, never renumber.
enum class notice : uint8_t {
  deposited = 1,           // a new message: its facts, and how to hear or delete it
  delivered_to_device = 2, // the message is on the device that reads this
  delivered_elsewhere = 3, // the message went to another device of the subscriber
  removed = 4,             // the message is deleted
  welcome = 5,             // activation succeeded
  already_active = 6,      // activation found an active subscriber
  status = 7,              // the answer to STATUS
  help = 8,                // the answer to HELP and to what was not understood
  refused = 9,             // number, message or PIN did not match; never says which
};

/// What a text may mention. Every text here is untrusted; empty ones, and a duration of zero, are
/// left out together with the words around them.
struct notice_facts {
  std::string caller{};
  uint32_t number = 0; // the message's UID
  std::chrono::milliseconds duration{};
  std::string profile{};
  uint32_t unheard = 0;
  uint32_t total = 0;
  std::string short_code{};
  std::string tenant_name{};
  std::string place{};     // where it went, as the subscriber knows it: "web page"
  std::string called_at{}; // local time, "17:05" or "2026-11-20 17:05"
};

/// The text of a notice in UTF-8, one printable() line. `language` is a BCP 47 tag such as "fr-CA";
/// only its primary subtag counts, and an unknown one gets English. Facts are cleaned and cut: a
/// caller to 40 characters. A caller's name outside the GSM alphabet makes the text UCS-2 and so
/// up to four segments. Empty for a notice this version does not know.
/// Whoever lets a language be chosen asks check_language() first; what is stored may be older.
[[nodiscard]] std::string render(notice kind, std::string_view language, const notice_facts& facts);

/// Whether there are texts in a language; an empty tag chooses none and is right. Failure:
/// invalid_request `language_unknown`, whose text names those there are.
[[nodiscard]] result<void> check_language(std::string_view tag);

} // namespace restante
