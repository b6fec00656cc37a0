#include "schemas/peer.capnp.h"
#include "schemas/peer_messages.hpp"
#include "schemas/wire_fields.hpp"

#include <algorithm>
#include <utility>

namespace restante::peer {

namespace {

using namespace capnp_io;

/// Words of `bytes` behind a pointer.
size_t words(size_t bytes) { return (bytes + 7) / 8; }

/// Room for all of it in one segment: what is large would otherwise be copied as it grows.
struct room_for {
  static constexpr size_t usual = 64;

  size_t operator()(const auto&) const { return usual; }
  size_t operator()(const batch& what) const {
    size_t out = usual;
    for (const auto& each : what.entries)
      out += 2 + words(each.change.size()) + (each.media.empty() ? 0 : 1 + 5 * each.media.size());
    return out;
  }
  size_t operator()(const forward& what) const { return usual + words(what.what.envelope.size()); }
  size_t operator()(const answer& what) const { return usual + words(what.what.envelope.size()); }
  size_t operator()(const compare& what) const { return usual + 6 * what.mailboxes.size(); }
  size_t operator()(const differ& what) const {
    return usual + 3 * (what.mailboxes.size() + what.leaving.size());
  }
};

void put_row(wire::peer::MediaRow::Builder to, const media_row& from) {
  if (from.message)
    to.setMessage(blob(from.message->view()));
  to.setPart(from.part);
  to.setSize(from.size);
  to.setInPieces(from.in_pieces);
}

/// Writes one message and collects the frames behind it.
struct writer {
  wire::peer::PeerMessage::Builder to;
  std::vector<chunk>& frames_behind;

  void operator()(const hello& from) {
    auto out = to.initHello();
    out.setCluster(blob(from.cluster.view()));
    out.setVersionMin(from.version_min);
    out.setVersionMax(from.version_max);
    out.setCapabilities(from.capabilities);
    out.setNode(text(from.node));
    out.setRegion(text(from.region));
    out.setLane(from.lane);
    out.setIncarnation(from.incarnation);
    out.setNewest(from.newest);
    out.setNowMs(from.now);
  }
  void operator()(const welcome& from) {
    auto out = to.initWelcome();
    out.setVersion(from.version);
    out.setCapabilities(from.capabilities);
    out.setNode(text(from.node));
    out.setIncarnation(from.incarnation);
    out.setSeenIncarnation(from.seen_incarnation);
    out.setSeenNewest(from.seen_newest);
  }
  void operator()(const alive& from) {
    auto out = to.initAlive();
    out.setDraining(from.draining);
    out.setNewest(from.newest);
    out.setAcknowledged(from.acknowledged);
    out.setComplete(from.complete);
  }
  void operator()(const piece& from) {
    auto out = to.initPiece();
    out.setMailbox(blob(from.mailbox.view()));
    put_row(out.initRow(), from.row);
    out.setOffset(from.offset);
    frames_behind.push_back(from.row.bytes);
  }
  void operator()(const batch& from) {
    auto out = to.initBatch();
    out.setNumber(from.number);
    out.setBehind(from.behind);
    std::string media; // end to end: what each frame costs is more than to copy a voicemail
    media.reserve(std::min(bytes_behind(from), limits::batch_bytes_max));
    const auto end_frame = [&] {
      if (!media.empty())
        frames_behind.emplace_back(std::exchange(media, {}));
    };
    auto entries = out.initEntries(static_cast<unsigned>(from.entries.size()));
    for (unsigned i = 0; i < entries.size(); ++i) {
      const auto& each = from.entries[i];
      entries[i].setChange(blob(each.change));
      if (each.media.empty())
        continue;
      auto rows = entries[i].initMedia(static_cast<unsigned>(each.media.size()));
      for (unsigned row = 0; row < rows.size(); ++row) {
        put_row(rows[row], each.media[row]);
        if (each.media[row].in_pieces)
          continue;
        const auto bytes = each.media[row].bytes.view();
        if (media.size() + bytes.size() > limits::batch_bytes_max)
          end_frame();
        media += bytes;
      }
    }
    end_frame();
  }
  void operator()(const applied& from) { to.initApplied().setNumber(from.number); }
  void operator()(const stopped& from) {
    auto out = to.initStopped();
    out.setNumber(from.number);
    put_failure(out.initWhy(), from.why);
  }
  void operator()(const forward& from) {
    auto out = to.initForward();
    out.setCorrelation(from.correlation);
    out.setTenant(text(from.tenant));
    out.setDeadlineMs(static_cast<uint32_t>(std::max<int64_t>(from.deadline.count(), 0)));
    put_frames(out, from.what);
  }
  void operator()(const answer& from) {
    auto out = to.initAnswer();
    out.setCorrelation(from.correlation);
    put_frames(out, from.what);
  }
  void operator()(const compare& from) {
    auto out = to.initCompare();
    out.setNumber(from.number);
    auto mailboxes = out.initMailboxes(static_cast<unsigned>(from.mailboxes.size()));
    for (unsigned i = 0; i < mailboxes.size(); ++i) {
      mailboxes[i].setMailbox(blob(from.mailboxes[i].first.view()));
      mailboxes[i].setDigest(blob(from.mailboxes[i].second.view()));
    }
  }
  void operator()(const differ& from) {
    auto out = to.initDiffer();
    out.setNumber(from.number);
    put(out.initMailboxes(static_cast<unsigned>(from.mailboxes.size())), from.mailboxes);
    put(out.initLeaving(static_cast<unsigned>(from.leaving.size())), from.leaving);
  }
  void operator()(const failure& from) { put_failure(to.initRefused(), from); }

private:
  static void put(capnp::List<capnp::Data>::Builder to, const std::vector<mailbox_id>& from) {
    for (unsigned i = 0; i < to.size(); ++i)
      to.set(i, blob(from[i].view()));
  }

  static size_t bytes_behind(const batch& from) {
    size_t out = 0;
    for (const auto& each : from.entries)
      for (const auto& row : each.media)
        out += row.in_pieces ? 0 : row.bytes.size();
    return out;
  }

  void put_frames(auto out, const frames& from) {
    out.setEnvelope(blob(from.envelope));
    frames_behind.insert(frames_behind.end(), from.media.begin(), from.media.end());
  }
};

} // namespace

frames encode(const message& what) {
  ::capnp::MallocMessageBuilder builder{static_cast<unsigned>(std::visit(room_for{}, what))};
  frames out;
  std::visit(writer{builder.initRoot<wire::peer::PeerMessage>(), out.media}, what);
  out.envelope = to_bytes(builder);
  return out;
}

} // namespace restante::peer
