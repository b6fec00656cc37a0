#include "bridges/peer_intake.hpp"

#include "schemas/limits.hpp"

namespace restante {

namespace {

constexpr auto told_again = std::chrono::minutes{1};

std::string_view view(const zmq::message_t& frame) {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

result<peer::message> decoded(bool ours, peer_arrival& in) {
  if (in.too_many)
    return fail(errc::invalid_request, "frames_too_many", "no message has so many frames");
  auto out = peer::decode(view(in.envelope), std::move(in.behind));
  if (out && by_connecting_side(*out) == ours)
    return fail(errc::invalid_request, "direction_wrong",
                std::string{name_of(*out)} + " is said on the other connection");
  return out;
}

std::string_view maker(bool ours) { return ours ? "this node" : "the peer"; }

} // namespace

std::optional<peer_arrival> receive_from_peer(zmq::socket_t& from, bool is_router,
                                              connection_guard& guard) {
  peer_arrival out;
  if (is_router) {
    zmq::message_t routing_id;
    if (!from.recv(routing_id, zmq::recv_flags::dontwait))
      return std::nullopt;
    out.routing_id = routing_id.to_string();
    (void)from.recv(out.envelope); // the rest of a message is there with its first frame
  } else if (!from.recv(out.envelope, zmq::recv_flags::dontwait))
    return std::nullopt;
  guard.heard(out.envelope);
  if (const char* user = zmq_msg_gets(out.envelope.handle(), "User-Id")) // a server's only
    out.user_id = user;
  out.bytes = out.envelope.size();
  auto buffers = std::make_shared<std::vector<zmq::message_t>>();
  for (bool more = out.envelope.more(); more;) {
    zmq::message_t next;
    (void)from.recv(next);
    more = next.more();
    out.bytes += next.size();
    if (buffers->size() < limits::batch_media_max)
      buffers->push_back(std::move(next));
    else
      out.too_many = true;
  }
  // Views last: a small buffer lies inside the object that was moved above.
  for (const auto& buffer : *buffers)
    out.behind.emplace_back(buffers, view(buffer));
  return out;
}

peer_intake::peer_intake(socket_loop& loop, probe& figures, logger log)
    : loop_{loop}
    , figures_{figures}
    , log_{std::move(log)} {}

void peer_intake::came(const std::string& peer, bool ours, peer_arrival in) {
  auto what = decoded(ours, in);
  figures_.peer_message(what ? name_of(*what) : "undecodable", false, in.bytes);
  if (!what) {
    refused(peer, "peer_undecodable", what.error().reason);
    return hand_on(peer_inbound{peer, ours, std::move(what.error()), true});
  }
  hand_on(peer_inbound{peer, ours, std::move(*what), false});
}

void peer_intake::connected(const std::string& peer, bool ours) {
  log_.info("peer_connected", {{"peer", peer}, {"made_by", std::string{maker(ours)}}});
  hand_on(peer_connection{peer, ours, true});
}

void peer_intake::disconnected(const std::string& peer, bool ours, std::string why) {
  log_.warning("peer_disconnected",
               {{"peer", peer}, {"made_by", std::string{maker(ours)}}, {"why", std::move(why)}});
  hand_on(peer_connection{peer, ours, false});
}

void peer_intake::refused(const std::string& peer, const char* reason, const std::string& detail) {
  figures_.refused(reason);
  tell(peer, reason, detail);
}

void peer_intake::tell(const std::string& peer, const char* reason, const std::string& detail) {
  const auto now = std::chrono::steady_clock::now();
  auto [at, first] = told_.try_emplace(peer + ' ' + reason, now);
  if (!first && now - at->second < told_again)
    return;
  at->second = now;
  log_.warning("peer_refused", {{"peer", peer}, {"reason", reason}, {"detail", detail}});
}

void peer_intake::went(const peer::message& what, const frames& as) {
  auto bytes = as.envelope.size();
  for (const auto& frame : as.media)
    bytes += frame.size();
  figures_.peer_message(name_of(what), true, bytes);
}

void peer_intake::hand_on(peer_event what) {
  if (!batch_) {
    batch_ = std::make_shared<std::vector<peer_event>>();
    // After the sockets' burst: one batch for all of it.
    loop_.post([this] {
      if (auto batch = std::exchange(batch_, nullptr); to_)
        to_(std::move(batch));
    });
  }
  batch_->push_back(std::move(what));
}

} // namespace restante
