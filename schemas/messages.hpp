// What is asked of a node and what it answers, as plain values: the codec makes them from frames,
// actors pass them on, and nothing in them points into a frame except media chunks, which own it.
#pragma once

#include "schemas/chunk.hpp"
#include "schemas/error.hpp"
#include "schemas/mailbox_state.hpp"
#include "schemas/tenant.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace restante {

using std::chrono::milliseconds;

struct subscriber_ref {
  enum class by : uint8_t { none, profile, imei, number };
  by what = by::none;
  std::string text;
};

/// One of the two is set; both empty names no message.
struct message_ref {
  std::optional<message_id> id;
  uint32_t uid = 0;
};

enum class channel : uint8_t { out_of_band, device };
enum class toggle : uint8_t { unchanged, on, off };

struct challenge_answer {
  std::string challenge; // empty: none was asked for yet
  std::string pin;
};

struct media_part {
  media_type type = media_type::unknown;
  chunk bytes;
};

/// What a mailbox does.
namespace op {

/// Made by the directory only, after it has claimed the aliases.
struct create {
  std::string owner;
  std::string region;
  std::set<alias> aliases;
  std::string pin_hash;
  std::string language;
  std::string time_zone;
  std::optional<media_part> greeting;
};
struct describe {};
enum class durability : uint8_t { usual, local, replicated };
struct deposit {
  message_format format = message_format::voicemail;
  std::string caller;
  wall_ms called_at = 0;
  uint32_t claimed_duration_ms = 0;
  bool urgent = false;
  std::vector<media_part> parts;
  durability until = durability::usual;
};
struct list {
  uint32_t after_uid = 0;
  uint16_t limit = 0;
  bool include_deleted = false;
};
struct retrieve {
  message_ref message;
  channel via = channel::out_of_band;
  challenge_answer answer;
  std::string delivered_to;
};
struct remove {
  message_ref message;
  channel via = channel::out_of_band;
  challenge_answer answer;
  bool purge = false;
};
struct set_flags {
  message_ref message;
  uint8_t set = 0;
  uint8_t clear = 0;
};
struct get_greeting {
  greeting_kind kind = greeting_kind::normal;
};
struct set_greeting {
  greeting_kind kind = greeting_kind::normal;
  std::optional<media_part> media; // nothing: remove
};
struct set_pin {
  std::string pin;
};
struct set_preferences {
  std::string language;
  std::string time_zone;
  toggle notifications = toggle::unchanged;
};

/// Where the subscriber is now, by a location update of the network: a region's name.
struct locate {
  std::string region;
};

/// What every node has of the mailbox.
struct inspect {};

// By this node's own replication only; none of them travels.

/// What another replica has of the mailbox, or changed in it: joined to what is here.
struct absorb {
  struct media {
    std::optional<message_id> message; // nothing: a greeting
    uint8_t part = 0;                  // or the kind of greeting
    chunk bytes;
  };
  mailbox_state delta;
  std::vector<media> rows;
};
/// This copy takes no more requests (or does again): what it has is going home.
struct seal {
  bool on = true;
};
/// This copy goes: everything of it is elsewhere, if its state still is the one that was found
/// there (actors/replica.hpp, state_digest).
struct drop {
  digest state;
};

} // namespace op

using mailbox_op =
    std::variant<op::create, op::describe, op::deposit, op::list, op::retrieve, op::remove,
                 op::set_flags, op::get_greeting, op::set_greeting, op::set_pin,
                 op::set_preferences, op::locate, op::inspect, op::absorb, op::seal, op::drop>;

/// What a node does besides.
namespace ask {

struct ping {};
struct register_device {
  std::string imei;
  std::string number;
  std::string pin;
  std::string language;
  std::string time_zone;
  std::optional<media_part> greeting;
  std::string owner;
};
struct of_mailbox {
  subscriber_ref subscriber;
  mailbox_op op;
};
struct subscribe {
  std::string name;
  uint32_t credit = 0;
  uint64_t from = 0;
};
struct acknowledge {
  std::string name;
  uint64_t sequence = 0;
};
struct tenant_add {
  tenant_record tenant;
};
struct tenant_list {};
struct tenant_revoke {
  std::string name;
};
struct subscriber_list {
  std::string tenant;
  std::optional<mailbox_id> after;
  uint16_t limit = 0;
};
struct records {
  uint32_t after_day = 0;
  uint64_t after_sequence = 0;
  uint16_t limit = 0;
  bool newest = false;
};
struct status {};
/// A node gives its mailboxes away, or takes them back. Asked again it says how far it is.
struct drain {
  std::string node;
  bool on = true;
};

} // namespace ask

using operation =
    std::variant<ask::ping, ask::register_device, ask::of_mailbox, ask::subscribe, ask::acknowledge,
                 ask::tenant_add, ask::tenant_list, ask::tenant_revoke, ask::subscriber_list,
                 ask::records, ask::status, ask::drain>;

struct request {
  uint64_t correlation = 0;
  milliseconds deadline{0};
  std::string request_id;
  operation what;
};

/// What is answered.
namespace answer {

struct pong {};
struct registered {
  profile_id profile;
  bool already_had_access = false;
};
struct profile {
  profile_id id;
  std::string imei;
  std::string number;
  std::string language;
  std::string time_zone;
  bool notifications = true;
  bool has_pin = false;
  std::vector<greeting_kind> greetings;
  uint32_t messages = 0;
  uint32_t unheard = 0;
  std::string tenant;
};
struct deposited {
  message_id message;
  uint32_t uid = 0;
  uint32_t duration_ms = 0;
  bool duplicate = false;
  uint64_t sequence = 0;
  std::string roams = {}; // the region its subscriber is in, when not at home; not on the wire
};
struct listing {
  std::vector<message_record> headers;
  bool more = false;
};
struct message {
  message_record header;
  std::vector<media_part> parts;
};
struct challenge {
  std::string challenge;
  wall_ms expires_at = 0;
};
struct done {
  bool changed = true;
};
struct greeting {
  greeting_kind kind = greeting_kind::normal;
  media_part media;
};
struct subscribed {
  uint64_t from = 0;
};
struct event {
  uint64_t sequence = 0;
  cause what = cause::unknown;
  std::string profile;
  std::optional<message_id> message;
  uint32_t uid = 0;
  wall_ms at = 0;
  std::string request_id;
  std::string tenant;
  std::optional<failure> why;
};
struct tenants {
  std::vector<tenant_record> all;
};
struct subscribers {
  std::vector<profile> page;
};
struct stored_record {
  uint32_t day = 0;
  uint64_t sequence = 0;
  record what;
};
struct records {
  std::vector<stored_record> page;
};
struct status {
  std::vector<std::pair<std::string, std::string>> figures;
};
/// One node's copy of a mailbox (request.capnp, Copy).
struct copy_of_mailbox {
  std::string node;
  std::string region;
  std::string role;
  bool there = false;
  bool leaving = false;
  digest state;
  uint32_t messages = 0;
  std::string location;
  std::string problem;
};
struct copies {
  std::vector<copy_of_mailbox> all;
};

} // namespace answer

using outcome =
    std::variant<failure, answer::pong, answer::registered, answer::profile, answer::deposited,
                 answer::listing, answer::message, answer::challenge, answer::done,
                 answer::greeting, answer::subscribed, answer::event, answer::tenants,
                 answer::subscribers, answer::records, answer::status, answer::copies>;

struct reply {
  uint64_t correlation = 0;
  outcome what;
};

/// A reply's media, in the order of its frames.
std::vector<media_part> media_of(const outcome& what);

} // namespace restante
