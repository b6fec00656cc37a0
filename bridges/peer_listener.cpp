#include "bridges/peer_listener.hpp"

#include "bridges/curve_keys.hpp"
#include "bridges/multipart.hpp"
#include "bridges/tcp_options.hpp"
#include "schemas/limits.hpp"

#include <algorithm>

namespace restante {

namespace {

constexpr const char* domain = "restante.peers";
/// Messages taken from the socket before the loop looks at its other duties.
constexpr int drain_burst = 256;
constexpr int received_messages = 256;
constexpr size_t key_digits_told = 16;

/// The number in a routing id that ROUTER made up itself, as it does for every node of this engine:
/// a zero byte and a number that is one higher for every connection. Nothing for any other id.
std::optional<uint32_t> number_in(const std::string& routing_id) {
  if (routing_id.size() != 5 || routing_id[0] != '\0')
    return std::nullopt;
  uint32_t out = 0;
  for (size_t i = 1; i < 5; ++i)
    out = out << 8 | static_cast<uint8_t>(routing_id[i]);
  return out;
}

/// Whether `number` was given out after that of `routing_id`; they wrap around.
bool newer(uint32_t number, const std::string& routing_id) {
  auto before = number_in(routing_id);
  return !before || static_cast<int32_t>(number - *before) > 0;
}

} // namespace

peer_listener::peer_listener(socket_loop& loop, const std::string& address,
                             const std::string& secret_key, probe& figures, const logger& log,
                             peer_intake& intake)
    : figures_{figures}
    , intake_{intake}
    , own_key_{public_of(secret_key)}
    , zap_{loop, [this](auto, auto key) { return user_id(key); }, figures}
    , socket_{std::make_shared<zmq::socket_t>(loop.context(), zmq::socket_type::router)}
    , guard_{figures, log} {
  using namespace zmq::sockopt;
  socket_->set(router_mandatory, true);
  socket_->set(linger, 0);
  socket_->set(maxmsgsize, peer_frame_bytes_max);
  socket_->set(sndhwm, 0); // bounded by bytes in `send`
  socket_->set(rcvhwm, received_messages);
  socket_->set(curve_server, true);
  socket_->set(curve_secretkey, to_z85(secret_key));
  socket_->set(zap_domain, domain);
  set_tcp_options(*socket_, address);
  monitor_.emplace(loop, socket_, connection_guard::events | socket_monitor::handshake_failures,
                   [this](int what, int value) {
                     if ((what & socket_monitor::handshake_failures) != 0)
                       figures_.refused("handshake_failed");
                     guard_.monitored(what, value);
                   });
  socket_->bind(address);
  address_ = socket_->get(last_endpoint);
  loop.watch(socket_, [this] { drain(); });
}

void peer_listener::set_members(const membership& now) {
  auto before = std::exchange(members_, {});
  for (const auto& each : now.members) {
    if (each.name == now.self || each.public_key == own_key_)
      continue;
    auto id = to_hex(each.public_key);
    auto known = before.find(id);
    if (known != before.end() && known->second.peer == each.name)
      members_.emplace(id, std::move(known->second));
    else
      members_.emplace(id, connection{each.name});
  }
}

std::string peer_listener::user_id(std::string_view key) {
  auto id = to_hex(key);
  if (members_.contains(id))
    return id;
  intake_.tell("", "key_unknown", id.substr(0, key_digits_told));
  return {};
}

void peer_listener::drain() {
  for (int i = 0; i < drain_burst; ++i) {
    auto in = receive_from_peer(*socket_, true, guard_);
    if (!in)
      return;
    hear(std::move(*in));
  }
}

void peer_listener::hear(peer_arrival in) {
  auto at = members_.find(in.user_id);
  if (at == members_.end())
    return intake_.refused("", "peer_removed", in.user_id.substr(0, key_digits_told));
  auto& from = at->second;
  if (in.routing_id != from.routing_id) {
    auto number = number_in(in.routing_id);
    if (!number)
      return intake_.refused(from.peer, "peer_routing_id");
    if (!newer(*number, from.routing_id))
      return intake_.refused(from.peer, "peer_connection_older");
    from = {from.peer, in.routing_id, false,
            std::make_shared<meter>(limits::peer_unsent_bytes_max)};
  }
  if (!std::exchange(from.up, true))
    intake_.connected(from.peer, false);
  intake_.came(from.peer, false, std::move(in));
}

void peer_listener::send(const std::string& peer, const peer::message& what) {
  auto at = std::find_if(members_.begin(), members_.end(),
                         [&](const auto& each) { return each.second.peer == peer; });
  if (at == members_.end() || !at->second.up)
    return figures_.refused("peer_unsent");
  auto& to = at->second;
  if (!to.unsent->fits(0))
    return down(to, "it does not read");
  const auto out = encode(what);
  try {
    if (!send_message(*socket_, to.routing_id, out, to.unsent))
      return down(to, "it does not read");
  } catch (const zmq::error_t& e) {
    return down(to, e.num() == EHOSTUNREACH ? "it is gone" : e.what());
  }
  intake_.went(what, out);
}

void peer_listener::down(connection& which, const char* why) {
  figures_.refused("peer_unsent");
  which.up = false;
  intake_.disconnected(which.peer, false, why);
}

void peer_listener::tick() {
  bool all_read = (socket_->get(zmq::sockopt::events) & ZMQ_POLLIN) == 0;
  guard_.tick(connection_guard::clock::now(), all_read);
}

} // namespace restante
