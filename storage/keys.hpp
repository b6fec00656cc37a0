// The keys of every family, made and read here and nowhere else. Binary, big-endian, so that byte
// order is the order the engine scans in. The layouts are on disk on every node: never renumber,
// never reorder; tests/storage/keys_test.cpp holds each of them as hex. storage/README.md shows
// them as a table. Owner: nobody; these are pure functions.
//
// Parsers check exact lengths and answer nothing for any other key, which means damage or a newer
// format.
#pragma once

#include "schemas/alias.hpp"
#include "schemas/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restante {

using account_id = id16<struct account_tag>;

// --- profiles: mailbox(16) --------------------------------------------------------------------
[[nodiscard]] std::string profile_key(const mailbox_id& mailbox);
[[nodiscard]] std::optional<mailbox_id> parse_profile_key(std::string_view key);

// --- aliases: kind(1) value(1–254, UTF-8) -----------------------------------------------------
[[nodiscard]] std::string alias_key(const alias& name);
/// Nothing also for a kind this version does not know.
[[nodiscard]] std::optional<alias> parse_alias_key(std::string_view key);

// --- messages: mailbox(16) message(16) --------------------------------------------------------
struct message_place {
  mailbox_id mailbox;
  message_id message;
  friend auto operator<=>(const message_place&, const message_place&) = default;
};
[[nodiscard]] std::string message_key(const mailbox_id& mailbox, const message_id& message);
[[nodiscard]] std::optional<message_place> parse_message_key(std::string_view key);
/// The prefix of all messages, and of all media, of one mailbox.
[[nodiscard]] std::string mailbox_prefix(const mailbox_id& mailbox);

// --- media and archive: mailbox(16) message(16) part(1) ---------------------------------------
struct media_place {
  mailbox_id mailbox;
  message_id message;
  uint8_t part = 0;
  friend auto operator<=>(const media_place&, const media_place&) = default;
};
[[nodiscard]] std::string media_key(const mailbox_id& mailbox, const message_id& message,
                                    uint8_t part);
/// Reads greeting keys too; is_greeting tells them from messages.
[[nodiscard]] std::optional<media_place> parse_media_key(std::string_view key);

/// Greetings are media of a message id no deposit can have: fifteen bytes FF, then the kind of
/// greeting; part 0. They sort behind the mailbox's messages and go with its prefix.
[[nodiscard]] std::string greeting_key(const mailbox_id& mailbox, uint8_t kind);
/// The kind of greeting a media key stands for; nothing for a message's media.
[[nodiscard]] std::optional<uint8_t> greeting_kind_of(const media_place& place);

// --- changes: sequence(8) ---------------------------------------------------------------------
[[nodiscard]] std::string change_key(uint64_t sequence);
[[nodiscard]] std::optional<uint64_t> parse_change_key(std::string_view key);

// --- outbox: due(8, milliseconds since 1970 UTC) notification(16) -----------------------------
struct outbox_place {
  uint64_t due_ms = 0;
  notification_id notification;
  friend auto operator<=>(const outbox_place&, const outbox_place&) = default;
};
[[nodiscard]] std::string outbox_key(uint64_t due_ms, const notification_id& notification);
[[nodiscard]] std::optional<outbox_place> parse_outbox_key(std::string_view key);

// --- accounts: account(16) --------------------------------------------------------------------
[[nodiscard]] std::string account_key(const account_id& account);
[[nodiscard]] std::optional<account_id> parse_account_key(std::string_view key);

// --- records: day(4, days since 1970 UTC) sequence(8) -----------------------------------------
struct record_place {
  uint32_t day = 0;
  uint64_t sequence = 0;
  friend auto operator<=>(const record_place&, const record_place&) = default;
};
[[nodiscard]] std::string record_key(uint32_t day, uint64_t sequence);
[[nodiscard]] std::optional<record_place> parse_record_key(std::string_view key);
/// The prefix of all records of a day.
[[nodiscard]] std::string record_day_prefix(uint32_t day);

// --- meta: name (text) ------------------------------------------------------------------------
[[nodiscard]] std::string meta_key(std::string_view name);
[[nodiscard]] std::optional<std::string> parse_meta_key(std::string_view key);

/// A row of `meta`: what this store's log has of a mailbox up to the stamp in it is of a copy that
/// went, as its subscriber is home.
[[nodiscard]] std::string copy_left_key(const mailbox_id& id);
[[nodiscard]] std::optional<mailbox_id> parse_copy_left_key(std::string_view key);

} // namespace restante
