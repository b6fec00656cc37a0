// What a subscriber's text to the short code asks for. People type these, and OMTP clients send
// them, so the parser reads what it can: any case, any punctuation, fields missing or in another
// order, the verbs in six languages. Whether a command is allowed, and whether an IMEI or a PIN is
// right, others decide.
//
// Invariants: every text is some command, garbage is sms_unknown; the work is linear in the text;
// an IMEI is empty or 14 to 16 digits, a PIN empty or 4 to 10.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace restante {

/// ACTIVATE, and OMTP's Activate (which carries no IMEI). Any field may be empty.
struct sms_activate {
  std::string imei;     // digits only
  std::string pin;      // leading zeros kept
  std::string language; // "fr" or "fr-CA"
  friend bool operator==(const sms_activate&, const sms_activate&) = default;
};

struct sms_status {
  friend bool operator==(const sms_status&, const sms_status&) = default;
};

/// DELETE: the number is the message's UID, never 0.
struct sms_delete {
  std::optional<uint32_t> number;
  std::string pin;
  friend bool operator==(const sms_delete&, const sms_delete&) = default;
};

/// HELP, INFO, a lone question mark.
struct sms_help {
  friend bool operator==(const sms_help&, const sms_help&) = default;
};

/// STOP, UNSUBSCRIBE, OMTP's Deactivate: no more notifications.
struct sms_stop {
  friend bool operator==(const sms_stop&, const sms_stop&) = default;
};

/// Everything else.
struct sms_unknown {
  friend bool operator==(const sms_unknown&, const sms_unknown&) = default;
};

using sms_command =
    std::variant<sms_activate, sms_status, sms_delete, sms_help, sms_stop, sms_unknown>;

/// Reads a command. The verb is the first word. In an ACTIVATE the first 14 to 16 digits, joined by
/// '-', '/' or '.' or spaced as phones print an IMEI ("49 015420 323751 8"), are the IMEI; in a
/// DELETE the first number is the message's. The PIN is the number after a word such as "pin", else
/// the first of a PIN's length after the IMEI or the message's number. The language follows a word
/// such as "lang". Texts above limits::sms_text_bytes_max, with NUL or of ill-formed UTF-8 are
/// sms_unknown.
[[nodiscard]] sms_command parse_sms(std::string_view text);

} // namespace restante
