#include "storage/keys.hpp"

#include "schemas/limits.hpp"

#include <algorithm>
#include <concepts>

namespace restante {

namespace {

constexpr size_t id_bytes = 16;
constexpr size_t greeting_mark_bytes = id_bytes - 1;

template <std::unsigned_integral T>
void append(std::string& key, T number) {
  for (int shift = 8 * (sizeof(T) - 1); shift >= 0; shift -= 8)
    key.push_back(static_cast<char>(static_cast<uint8_t>(number >> shift)));
}

template <std::unsigned_integral T>
T number_at(std::string_view key, size_t offset) {
  T number = 0;
  for (char byte : key.substr(offset, sizeof(T)))
    number = static_cast<T>(number << 8 | static_cast<uint8_t>(byte));
  return number;
}

/// The caller has checked the length of the key.
template <class Id>
Id id_at(std::string_view key, size_t offset) {
  return *Id::from(key.substr(offset, id_bytes));
}

std::string joined(std::initializer_list<std::string_view> parts, size_t more = 0) {
  std::string key;
  size_t size = more;
  for (std::string_view part : parts)
    size += part.size();
  key.reserve(size);
  for (std::string_view part : parts)
    key += part;
  return key;
}

} // namespace

std::string profile_key(const mailbox_id& mailbox) { return std::string{mailbox.view()}; }

std::optional<mailbox_id> parse_profile_key(std::string_view key) { return mailbox_id::from(key); }

std::string alias_key(const alias& name) {
  std::string key(1, static_cast<char>(name.kind));
  return key += name.value;
}

std::optional<alias> parse_alias_key(std::string_view key) {
  if (key.size() < 2 || key.size() > 1 + limits::alias_bytes_max)
    return std::nullopt;
  const auto kind = static_cast<uint8_t>(key.front());
  if (kind < static_cast<uint8_t>(alias_kind::number) ||
      kind > static_cast<uint8_t>(alias_kind::set_top_box))
    return std::nullopt;
  return alias{static_cast<alias_kind>(kind), std::string{key.substr(1)}};
}

std::string message_key(const mailbox_id& mailbox, const message_id& message) {
  return joined({mailbox.view(), message.view()});
}

std::optional<message_place> parse_message_key(std::string_view key) {
  if (key.size() != 2 * id_bytes)
    return std::nullopt;
  return message_place{id_at<mailbox_id>(key, 0), id_at<message_id>(key, id_bytes)};
}

std::string mailbox_prefix(const mailbox_id& mailbox) { return std::string{mailbox.view()}; }

std::string media_key(const mailbox_id& mailbox, const message_id& message, uint8_t part) {
  std::string key = joined({mailbox.view(), message.view()}, sizeof part);
  append(key, part);
  return key;
}

std::optional<media_place> parse_media_key(std::string_view key) {
  if (key.size() != 2 * id_bytes + 1)
    return std::nullopt;
  return media_place{id_at<mailbox_id>(key, 0), id_at<message_id>(key, id_bytes),
                     number_at<uint8_t>(key, 2 * id_bytes)};
}

std::string greeting_key(const mailbox_id& mailbox, uint8_t kind) {
  message_id mark;
  mark.bytes.fill(0xFF);
  mark.bytes.back() = kind;
  return media_key(mailbox, mark, 0);
}

std::optional<uint8_t> greeting_kind_of(const media_place& place) {
  const auto& bytes = place.message.bytes;
  const bool marked = std::all_of(bytes.begin(), bytes.begin() + greeting_mark_bytes,
                                  [](uint8_t byte) { return byte == 0xFF; });
  if (!marked || place.part != 0)
    return std::nullopt;
  return bytes.back();
}

std::string change_key(uint64_t sequence) {
  std::string key;
  append(key, sequence);
  return key;
}

std::optional<uint64_t> parse_change_key(std::string_view key) {
  if (key.size() != sizeof(uint64_t))
    return std::nullopt;
  return number_at<uint64_t>(key, 0);
}

std::string outbox_key(uint64_t due_ms, const notification_id& notification) {
  std::string key;
  key.reserve(sizeof due_ms + id_bytes);
  append(key, due_ms);
  return key += notification.view();
}

std::optional<outbox_place> parse_outbox_key(std::string_view key) {
  if (key.size() != sizeof(uint64_t) + id_bytes)
    return std::nullopt;
  return outbox_place{number_at<uint64_t>(key, 0), id_at<notification_id>(key, sizeof(uint64_t))};
}

std::string account_key(const account_id& account) { return std::string{account.view()}; }

std::optional<account_id> parse_account_key(std::string_view key) { return account_id::from(key); }

std::string record_key(uint32_t day, uint64_t sequence) {
  std::string key;
  append(key, day);
  append(key, sequence);
  return key;
}

std::optional<record_place> parse_record_key(std::string_view key) {
  if (key.size() != sizeof(uint32_t) + sizeof(uint64_t))
    return std::nullopt;
  return record_place{number_at<uint32_t>(key, 0), number_at<uint64_t>(key, sizeof(uint32_t))};
}

std::string record_day_prefix(uint32_t day) {
  std::string key;
  append(key, day);
  return key;
}

std::string meta_key(std::string_view name) { return std::string{name}; }

std::optional<std::string> parse_meta_key(std::string_view key) {
  if (key.empty())
    return std::nullopt;
  return std::string{key};
}

namespace {
constexpr std::string_view copy_left = "left/";
} // namespace

std::string copy_left_key(const mailbox_id& id) {
  return meta_key(std::string{copy_left} + to_hex(id.view()));
}

std::optional<mailbox_id> parse_copy_left_key(std::string_view key) {
  if (!key.starts_with(copy_left))
    return std::nullopt;
  const auto bytes = from_hex(key.substr(copy_left.size()));
  return bytes ? mailbox_id::from(*bytes) : std::nullopt;
}

} // namespace restante
