// The identifiers of the engine. Every id is its own type, so that a message id never passes for a
// mailbox id. All are 16 bytes, ordered as bytes, printed as lower-case hex.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace restante {

using bytes_view = std::span<const std::byte>;

/// Views text as bytes; owns nothing.
inline bytes_view as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Views bytes as text; owns nothing.
inline std::string_view as_text(bytes_view bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Tag>
struct id16 {
  std::array<uint8_t, 16> bytes{};

  friend auto operator<=>(const id16&, const id16&) = default;

  /// True for the id nobody may use: all bytes zero.
  [[nodiscard]] bool zero() const { return *this == id16{}; }

  /// The raw 16 bytes as a view, for keys and frames.
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// Copies exactly 16 bytes; nothing for any other length.
  [[nodiscard]] static std::optional<id16> from(std::string_view raw) {
    if (raw.size() != 16)
      return std::nullopt;
    id16 id;
    std::memcpy(id.bytes.data(), raw.data(), 16);
    return id;
  }
};

using mailbox_id = id16<struct mailbox_tag>;
using message_id = id16<struct message_tag>;
using notification_id = id16<struct notification_tag>;
using digest = id16<struct digest_tag>;

/// Lower-case hex of any bytes.
std::string to_hex(std::string_view raw);

/// The bytes behind hex of either case; nothing when a character is not hex or one is left over.
std::optional<std::string> from_hex(std::string_view hex);

template <class Tag>
std::string to_string(const id16<Tag>& id) {
  return to_hex(id.view());
}

/// A profile id: the region of birth and the mailbox id in Crockford base 32, "eu1-3F8K…".
/// It is what a tenant stores for a subscriber; region is 1–16 characters of a–z and 0–9.
struct profile_id {
  std::string region;
  mailbox_id mailbox;
  friend bool operator==(const profile_id&, const profile_id&) = default;
};

std::string to_string(const profile_id& id);

/// Parses what to_string made. Case is ignored and the base-32 aliases (O for 0, I and L for 1) are
/// read, because people type these. Nothing when malformed.
std::optional<profile_id> parse_profile_id(std::string_view text);

} // namespace restante

template <class Tag>
struct std::hash<restante::id16<Tag>> {
  size_t operator()(const restante::id16<Tag>& id) const noexcept {
    // Ids are keyed hashes already: any eight bytes of them are as good as a hash.
    uint64_t word;
    std::memcpy(&word, id.bytes.data(), sizeof word);
    return word;
  }
};
