#include "schemas/ids.hpp"

#include <algorithm>

namespace restante {

namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t mailbox_text_size = 26; // 128 bits in groups of five

int crockford_value(char c) {
  if (c >= 'a' && c <= 'z')
    c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O')
    c = '0';
  if (c == 'I' || c == 'L')
    c = '1';
  auto at = crockford.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool region_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

} // namespace

std::string to_hex(std::string_view raw) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(raw.size() * 2);
  for (unsigned char c : raw) {
    text += digits[c >> 4];
    text += digits[c & 15];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view hex) {
  auto value = [](char c) {
    if (c >= '0' && c <= '9')
      return c - '0';
    if (c >= 'a' && c <= 'f')
      return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
      return c - 'A' + 10;
    return -1;
  };
  if (hex.size() % 2 != 0)
    return std::nullopt;
  std::string raw;
  raw.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    int high = value(hex[i]), low = value(hex[i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    raw += static_cast<char>(high * 16 + low);
  }
  return raw;
}

std::string to_string(const profile_id& id) {
  std::string text = id.region + "-";
  // 130 bits are written for 128: the first two are zero.
  uint32_t window = 0;
  int bits = 2;
  for (uint8_t byte : id.mailbox.bytes) {
    window = (window << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += crockford[(window >> bits) & 31];
    }
  }
  return text;
}

std::optional<profile_id> parse_profile_id(std::string_view text) {
  auto dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash > 16)
    return std::nullopt;
  profile_id id;
  for (char c : text.substr(0, dash)) {
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
    if (!region_char(c))
      return std::nullopt;
    id.region += c;
  }
  auto body = text.substr(dash + 1);
  if (body.size() != mailbox_text_size)
    return std::nullopt;
  uint32_t window = 0;
  int bits = -2;
  size_t at = 0;
  for (char c : body) {
    int value = crockford_value(c);
    if (value < 0 || (at == 0 && bits < 0 && value > 7))
      return std::nullopt;
    window = (window << 5) | static_cast<uint32_t>(value);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      id.mailbox.bytes[at++] = static_cast<uint8_t>(window >> bits);
    }
  }
  return id;
}

} // namespace restante
