// A mailbox as data: independent parts that merge without a coordinator (see actors/merge.hpp for
// the join). A part of a mailbox - a delta - has the same type, with everything untouched left
// empty: applying a change is merging its delta.
#pragma once

#include "schemas/alias.hpp"
#include "schemas/hlc.hpp"
#include "schemas/ids.hpp"
#include "schemas/media_type.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace restante {

/// Numbers are on disk and on the wire (schemas/common.capnp): never renumber.
enum class message_format : uint8_t { voicemail, email, fax, sms, video, image };
enum class greeting_kind : uint8_t { normal, busy, name };
inline constexpr size_t greeting_kinds = 3;

/// The bits of a message's flags, in the order of message_record::flags.
enum flag_bit : uint8_t { played = 1, saved = 2, urgent = 4, trashed = 8 };
inline constexpr size_t flag_count = 4;
inline constexpr uint8_t all_flags = 15;

/// A value and when it was written. The later write wins; equal stamps go to the larger value.
template <class T>
struct last_write {
  stamp at;
  T value{};
  friend auto operator<=>(const last_write&, const last_write&) = default;
};

struct part_record {
  media_type type = media_type::unknown;
  uint64_t size = 0;
  digest content;
  friend auto operator<=>(const part_record&, const part_record&) = default;
};

/// The latest hand-over on one channel; `request` is the digest of the id that asked for it.
using delivery = last_write<std::string>;

/// One message. Invariant: a purged record keeps only id, uid and content digest.
struct message_record {
  message_id id;
  uint32_t uid = 0;
  bool purged = false;
  digest content;
  message_format format = message_format::voicemail;
  std::string caller;
  wall_ms called_at = 0;
  wall_ms stored_at = 0;
  uint32_t duration_ms = 0;
  std::string deposited_by;
  std::vector<part_record> parts;
  std::array<last_write<bool>, flag_count> flags{};
  delivery to_device;
  delivery elsewhere;
  /// A bit for each part whose media have not come to this copy yet: a change of another node's
  /// overtook them. Of this copy alone.
  uint8_t awaited = 0;

  friend auto operator<=>(const message_record&, const message_record&) = default;

  [[nodiscard]] uint8_t flag_bits() const {
    uint8_t bits = 0;
    for (size_t i = 0; i < flag_count; ++i)
      bits |= static_cast<uint8_t>(flags[i].value << i);
    return bits;
  }
  [[nodiscard]] bool has(flag_bit bit) const { return (flag_bits() & bit) != 0; }
  [[nodiscard]] bool awaits(size_t part) const { return part < 8 && (awaited >> part & 1) != 0; }
  void await_all() {
    awaited = static_cast<uint8_t>((1u << std::min<size_t>(parts.size(), 8)) - 1);
  }
};

struct greeting_record {
  media_type type = media_type::unknown; // unknown: removed
  uint64_t size = 0;
  digest content;
  friend auto operator<=>(const greeting_record&, const greeting_record&) = default;
};

/// One replica's count of failed PIN attempts; only that replica writes it. It counts for the PIN
/// written at `pin_at` and is void for any other.
struct pin_share {
  uint64_t version = 0;
  stamp pin_at;
  uint32_t failures = 0;
  wall_ms closed_until = 0;
  friend auto operator<=>(const pin_share&, const pin_share&) = default;
};

/// The settings of a mailbox. `tenant` empty: no such mailbox, or a delta without settings.
struct profile_state {
  std::string tenant;
  std::string region;
  wall_ms born_at = 0;
  std::set<alias> aliases;
  last_write<std::string> pin; // Argon2id string, empty: none
  last_write<std::string> language;
  last_write<std::string> time_zone;
  last_write<std::string> notifications; // "off" silences; anything else is on
  std::array<last_write<greeting_record>, greeting_kinds> greetings{};
  std::map<uint64_t, pin_share> pin_shares; // by incarnation
  uint32_t uid_floor = 0;                   // no number up to this is given out again
  last_write<std::string> location;         // the region roamed in, empty: at home
  /// Of this copy alone, never merged: it takes no more requests, and goes when all it has is home.
  bool sealed = false;

  friend auto operator<=>(const profile_state&, const profile_state&) = default;
  /// Nothing is known of it: the profile of a delta that leaves it alone.
  [[nodiscard]] bool empty() const;
};
inline bool profile_state::empty() const {
  static const profile_state nothing;
  return *this == nothing;
}

struct mailbox_state {
  mailbox_id id;
  profile_state profile;
  std::map<message_id, message_record> messages;

  friend auto operator<=>(const mailbox_state&, const mailbox_state&) = default;
  [[nodiscard]] bool exists() const { return !profile.tenant.empty(); }
};

/// What a change was for. Numbers are in request.capnp (Cause): never renumber.
enum class cause : uint16_t {
  unknown,
  registered,
  deposited,
  retrieved_by_device,
  retrieved_elsewhere,
  deleted,
  undeleted,
  purged,
  flagged,
  greeting_set,
  pin_set,
  pin_tried,
  preferences_set,
  refused,
  pin_accepted,
  located,
  seeded,
  absorbed, // of a decision only: what came from another replica is in that one's log
  sealed,   // of decisions only: this copy's own affairs
  dropped,
};

std::string_view to_string(cause what);

/// One durable step of one mailbox: an entry of the change log.
struct change {
  mailbox_id mailbox;
  stamp at;
  cause what = cause::unknown;
  std::string tenant; // who asked
  std::string owner;  // whose subscriber
  std::string region;
  std::string request_id;
  std::optional<message_id> message;
  uint32_t uid = 0;
  std::string location; // where the subscriber roams after this change; empty: at home
  std::string left;     // where they roamed before, when this change moved them
  mailbox_state delta;
  friend bool operator==(const change&, const change&) = default;
};

/// A text on its way to a subscriber: an outbox row.
struct notification {
  notification_id id;
  wall_ms due_at = 0;
  mailbox_id mailbox; // zero: concerns a number without a mailbox
  std::string region;
  std::string tenant;
  std::string to;
  std::string text;
  uint8_t kind = 0; // actors/templates.hpp, notice
  wall_ms created_at = 0;
  uint32_t attempts = 0;
  friend bool operator==(const notification&, const notification&) = default;
};

/// A charging or audit record.
struct record {
  wall_ms at = 0;
  std::string kind;
  std::string tenant;
  std::string profile;
  std::string detail;
  friend bool operator==(const record&, const record&) = default;
};

} // namespace restante
