#include "schemas/mailbox_state.hpp"
#include "schemas/peer.capnp.h"
#include "schemas/peer_messages.hpp"
#include "schemas/wire_fields.hpp"

#include <algorithm>

namespace restante::peer {

namespace {

using namespace capnp_io;

/// 2100-01-01. Two nodes' clocks are compared by subtracting, which must not overflow.
constexpr wall_ms time_max = 4'102'444'800'000;
/// Numbers of changes and batches are counted up from: none is near the end.
constexpr uint64_t number_max = uint64_t{1} << 62;
constexpr size_t explanation_bytes_max = 512;
constexpr size_t region_bytes_max = 16;

std::string read_name(::capnp::Text::Reader from, size_t bytes_max, const char* field,
                      std::string_view besides = {}) {
  auto name = view(from);
  auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           besides.find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > bytes_max || !std::all_of(name.begin(), name.end(), allowed))
    refuse("name_malformed", std::string{field} + " is 1 to " + std::to_string(bytes_max) +
                                 " of a-z, 0-9" + (besides.empty() ? "" : " and '-'"));
  return std::string{name};
}

std::string read_node(::capnp::Text::Reader from) {
  return read_name(from, limits::name_bytes_max, "a node's name", "-");
}

uint64_t read_number(uint64_t from, const char* field) {
  if (from > number_max)
    refuse("number_out_of_range", std::string{field} + " is larger than any honest one");
  return from;
}

uint64_t read_correlation(uint64_t from) {
  if (from == 0)
    refuse("correlation_zero", "choose a correlation that is not zero");
  return from;
}

template <class List>
auto bounded(List from, size_t most, const char* what) {
  if (from.size() > most)
    refuse("list_too_long", std::string{what} + " are at most " + std::to_string(most));
  return from;
}

/// The peer's reason is a text here, so it stays one, behind the explanation.
failure read_failure(wire::Failure::Reader from) {
  failure out;
  out.code = error_code(static_cast<uint16_t>(from.getCode()));
  out.reason = "refused_by_peer";
  out.text = clean(view(from.getText()), explanation_bytes_max);
  if (from.getReason().size() != 0)
    out.text += " [" + clean(view(from.getReason()), limits::name_bytes_max) + "]";
  return out;
}

media_row read_row(wire::peer::MediaRow::Reader from) {
  media_row out;
  if (from.getMessage().size() != 0)
    out.message = id16_field<message_id>(from.getMessage(), "message id");
  out.part = from.getPart();
  if (out.message && out.part >= limits::parts_max)
    refuse("part_out_of_range", "a message has at most 8 parts");
  if (!out.message && out.part >= greeting_kinds)
    refuse("greeting_kind_unknown", "this node knows normal, busy and name", errc::unsupported);
  out.size = from.getSize();
  if (out.size == 0 || out.size > limits::media_bytes_max)
    refuse("media_size", "media have 1 byte to 8 MiB");
  out.in_pieces = from.getInPieces();
  return out;
}

hello read(wire::peer::Hello::Reader from) {
  hello out;
  out.cluster = id16_field<digest>(from.getCluster(), "the cluster's fingerprint");
  out.version_min = from.getVersionMin();
  out.version_max = from.getVersionMax();
  if (out.version_min == 0 || out.version_min > out.version_max)
    refuse("version_range", "versions are a range that begins at 1 or later");
  out.capabilities = from.getCapabilities();
  out.node = read_node(from.getNode());
  out.region = read_name(from.getRegion(), region_bytes_max, "a region");
  out.lane = from.getLane();
  out.incarnation = from.getIncarnation();
  out.newest = read_number(from.getNewest(), "the number of a change");
  out.now = from.getNowMs();
  if (out.now < 0 || out.now > time_max)
    refuse("time_out_of_range", "a node's clock is between 1970 and 2100");
  return out;
}

welcome read(wire::peer::Welcome::Reader from) {
  return {from.getVersion(),         from.getCapabilities(),
          read_node(from.getNode()), from.getIncarnation(),
          from.getSeenIncarnation(), read_number(from.getSeenNewest(), "the number of a change")};
}

piece read(wire::peer::Piece::Reader from, media_frames& behind) {
  piece out{id16_field<mailbox_id>(from.getMailbox(), "mailbox id"), read_row(from.getRow()),
            from.getOffset()};
  out.row.bytes = behind.take();
  const auto size = out.row.bytes.size();
  if (size == 0 || size > limits::piece_bytes_max)
    refuse("piece_size", "a piece has 1 byte to 256 KiB");
  if (out.offset > out.row.size || size > out.row.size - out.offset)
    refuse("piece_beyond_end", "a piece lies within its media");
  return out;
}

alive read(wire::peer::Alive::Reader from) {
  return {from.getDraining(), read_number(from.getNewest(), "the number of a change"),
          read_number(from.getAcknowledged(), "the number of a change"), from.getComplete()};
}

/// The media of a batch, end to end in frames; each lives as long as any that is in it.
class media_in_a_row {
public:
  explicit media_in_a_row(media_frames& behind) : behind_{behind} {}

  chunk take(uint64_t size) {
    if (!frame_ || at_ == frame_->size()) {
      frame_ = std::make_shared<const chunk>(behind_.take());
      at_ = 0;
    }
    const auto bytes = frame_->view().substr(at_, size);
    if (bytes.size() != size)
      refuse("frame_size_mismatch", "fewer bytes of media than the envelope describes");
    at_ += size;
    return {frame_, bytes};
  }

  void finish() const {
    if (frame_ && at_ != frame_->size())
      refuse("frame_size_mismatch", "more bytes of media than the envelope describes");
  }

private:
  media_frames& behind_;
  std::shared_ptr<const chunk> frame_; // taken with the first that is in it
  size_t at_ = 0;
};

batch read(wire::peer::Batch::Reader from, media_frames& behind) {
  batch out{read_number(from.getNumber(), "the number of a batch"),
            read_number(from.getBehind(), "the number of changes"),
            {}};
  auto entries = bounded(from.getEntries(), limits::batch_entries_max, "entries of a batch");
  out.entries.reserve(entries.size());
  size_t rows_left = limits::batch_media_max;
  media_in_a_row media{behind};
  for (auto each : entries) {
    auto& to = out.entries.emplace_back();
    to.change = std::string{view(each.getChange())};
    if (to.change.empty())
      refuse("change_missing", "an entry of a batch has a change");
    auto rows = bounded(each.getMedia(), rows_left, "media rows of a batch");
    rows_left -= rows.size();
    for (auto row : rows) {
      to.media.push_back(read_row(row));
      if (auto& last = to.media.back(); !last.in_pieces)
        last.bytes = media.take(last.size);
    }
  }
  media.finish();
  return out;
}

/// A request or reply: its envelope and its media.
frames read_frames(::capnp::Data::Reader envelope, media_frames& behind,
                   size_t envelope_bytes_max) {
  frames out;
  if (envelope.size() == 0 || envelope.size() > envelope_bytes_max)
    refuse("inner_envelope_size", "what is passed on has an envelope within its bounds");
  out.envelope = std::string{view(envelope)};
  if (behind.left() > limits::parts_max)
    refuse("frames_too_many", "a request or reply has at most 8 media frames");
  while (behind.left() > 0) {
    out.media.push_back(behind.take());
    if (out.media.back().size() > limits::media_bytes_max)
      refuse("media_size", "media have 1 byte to 8 MiB");
  }
  return out;
}

forward read(wire::peer::Forward::Reader from, media_frames& behind) {
  forward out;
  out.correlation = read_correlation(from.getCorrelation());
  out.tenant = line(from.getTenant(), limits::name_bytes_max, "tenant name");
  if (out.tenant.empty())
    refuse("tenant_missing", "a request that is passed on names who asked");
  out.deadline = std::min<milliseconds>(milliseconds{from.getDeadlineMs()}, limits::deadline_max);
  out.what = read_frames(from.getEnvelope(), behind, limits::envelope_bytes_max);
  return out;
}

answer read(wire::peer::Answer::Reader from, media_frames& behind) {
  return {read_correlation(from.getCorrelation()),
          read_frames(from.getEnvelope(), behind, limits::reply_envelope_bytes_max)};
}

compare read(wire::peer::Compare::Reader from) {
  compare out{read_number(from.getNumber(), "the number of a comparison"), {}};
  for (auto each : bounded(from.getMailboxes(), limits::compared_at_once, "mailboxes compared")) {
    auto state = digest::from(view(each.getDigest()));
    if (!state)
      refuse("digest_malformed", "a digest has 16 bytes");
    out.mailboxes.emplace_back(id16_field<mailbox_id>(each.getMailbox(), "mailbox id"), *state);
  }
  return out;
}

std::vector<mailbox_id> read_compared(capnp::List<capnp::Data>::Reader from) {
  std::vector<mailbox_id> out;
  for (auto id : bounded(from, limits::compared_at_once, "mailboxes compared"))
    out.push_back(id16_field<mailbox_id>(id, "mailbox id"));
  return out;
}

differ read(wire::peer::Differ::Reader from) {
  return {read_number(from.getNumber(), "the number of a comparison"),
          read_compared(from.getMailboxes()), read_compared(from.getLeaving())};
}

message read(wire::peer::PeerMessage::Reader from, media_frames& behind) {
  using which = wire::peer::PeerMessage::Which;
  switch (from.which()) {
  case which::UNSET:
    refuse("operation_missing", "the frame says nothing");
  case which::HELLO:
    return read(from.getHello());
  case which::ALIVE:
    return read(from.getAlive());
  case which::PIECE:
    return read(from.getPiece(), behind);
  case which::BATCH:
    return read(from.getBatch(), behind);
  case which::FORWARD:
    return read(from.getForward(), behind);
  case which::COMPARE:
    return read(from.getCompare());
  case which::WELCOME:
    return read(from.getWelcome());
  case which::APPLIED:
    return applied{read_number(from.getApplied().getNumber(), "the number of a batch")};
  case which::STOPPED:
    return stopped{read_number(from.getStopped().getNumber(), "the number of a batch"),
                   read_failure(from.getStopped().getWhy())};
  case which::ANSWER:
    return read(from.getAnswer(), behind);
  case which::DIFFER:
    return read(from.getDiffer());
  case which::REFUSED:
    return read_failure(from.getRefused());
  }
  refuse("operation_unknown", "this node does not know that frame; it may be older than its peer",
         errc::unsupported);
}

} // namespace

result<message> decode(std::string_view envelope, std::vector<chunk> media) {
  return read_untrusted<wire::peer::PeerMessage>(envelope, limits::peer_envelope_bytes_max,
                                                 [&](wire::peer::PeerMessage::Reader root) {
                                                   media_frames behind{std::move(media)};
                                                   auto out = read(root, behind);
                                                   behind.finish();
                                                   return out;
                                                 });
}

} // namespace restante::peer
