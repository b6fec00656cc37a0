// What the nodes of one cluster say to each other, as plain values and as frames
// (schemas/peer.capnp). Peers are known by their keys and still not believed: decoding checks
// shape, sizes and counts; what the values mean is for their receiver to judge.
#pragma once

#include "schemas/wire_codec.hpp"

#include <type_traits>

namespace restante::peer {

/// The versions of the protocol this program speaks, the oldest and the newest.
inline constexpr uint16_t version_min = 1;
inline constexpr uint16_t version_max = 1;

struct hello {
  digest cluster;
  uint16_t version_min = peer::version_min;
  uint16_t version_max = peer::version_max;
  uint64_t capabilities = 0;
  std::string node;
  std::string region;
  uint32_t lane = 0;
  uint64_t incarnation = 0;
  uint64_t newest = 0;
  wall_ms now = 0;
};
struct welcome {
  uint16_t version = 0;
  uint64_t capabilities = 0;
  std::string node;
  uint64_t incarnation = 0;
  uint64_t seen_incarnation = 0;
  uint64_t seen_newest = 0;
};
struct alive {
  bool draining = false;
  uint64_t newest = 0;
  uint64_t acknowledged = 0;
  bool complete = false;
};

/// One row of the media family. `bytes` is empty when they came in pieces.
struct media_row {
  std::optional<message_id> message; // nothing: a greeting
  uint8_t part = 0;                  // or the kind of greeting
  uint64_t size = 0;
  bool in_pieces = false;
  chunk bytes;
};
struct piece {
  mailbox_id mailbox;
  media_row row; // `size` is the whole's, `bytes` this piece's
  uint64_t offset = 0;
};
struct entry {
  std::string change; // encoded, as it is in the log
  std::vector<media_row> media;
};
struct batch {
  uint64_t number = 0;
  uint64_t behind = 0;
  std::vector<entry> entries;
};
struct applied {
  uint64_t number = 0;
};
struct stopped {
  uint64_t number = 0;
  failure why;
};

struct forward {
  uint64_t correlation = 0;
  std::string tenant;
  milliseconds deadline{0};
  frames what; // a request
};
struct answer {
  uint64_t correlation = 0;
  frames what; // a reply
};

struct compare {
  uint64_t number = 0;
  std::vector<std::pair<mailbox_id, digest>> mailboxes;
};
struct differ {
  uint64_t number = 0;
  std::vector<mailbox_id> mailboxes;
  std::vector<mailbox_id> leaving = {}; // equal or not, their copies are to go, too
};

using message = std::variant<hello, alive, piece, batch, forward, compare, welcome, applied,
                             stopped, answer, differ, failure>;

/// What kind of message it is, such as "batch": for logs and counters.
[[nodiscard]] std::string_view name_of(const message& what);

/// Whether it is said by the side that connected.
[[nodiscard]] inline bool by_connecting_side(const message& what) {
  constexpr size_t kinds = 6;
  static_assert(std::is_same_v<std::variant_alternative_t<kinds - 1, message>, compare> &&
                std::is_same_v<std::variant_alternative_t<kinds, message>, welcome>);
  return what.index() < kinds;
}

[[nodiscard]] frames encode(const message& what);

/// Failures: invalid_request for what is malformed or above a bound, `unsupported` for what this
/// version does not know.
[[nodiscard]] result<message> decode(std::string_view envelope, std::vector<chunk> media);

} // namespace restante::peer
