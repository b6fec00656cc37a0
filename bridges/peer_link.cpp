#include "bridges/peer_link.hpp"

#include "bridges/curve_keys.hpp"
#include "bridges/multipart.hpp"
#include "bridges/tcp_options.hpp"
#include "schemas/limits.hpp"

#include <limits>

namespace restante {

namespace {

using namespace std::chrono_literals;

/// Messages taken from the socket before the loop looks at its other duties.
constexpr int drain_burst = 256;
constexpr int received_messages = 256;
constexpr int reconnect_ms = 100;
constexpr int reconnect_ms_max = 2'000;
constexpr int connect_ms = 2'000;
/// Silent for longer, a socket has given up: while one tries it tells of it more often, and after
/// the end of a connection at once.
constexpr auto silent = 8s;
constexpr auto silent_after_end = 1s;

constexpr int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_DELAYED | ZMQ_EVENT_CONNECT_RETRIED |
                       ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                       socket_monitor::handshake_failures;

} // namespace

peer_link::peer_link(socket_loop& loop, member to, std::string secret_key, probe& figures,
                     logger log, peer_intake& intake)
    : loop_{loop}
    , to_{std::move(to)}
    , secret_key_{std::move(secret_key)}
    , figures_{figures}
    , log_{std::move(log)}
    , intake_{intake} {
  open();
}

void peer_link::open() {
  using namespace zmq::sockopt;
  heard_ = clock::now();
  ended_ = false;
  try {
    socket_ = std::make_shared<zmq::socket_t>(loop_.context(), zmq::socket_type::dealer);
    socket_->set(immediate, true);
    socket_->set(linger, 0);
    socket_->set(reconnect_ivl, reconnect_ms);
    socket_->set(reconnect_ivl_max, reconnect_ms_max);
    socket_->set(connect_timeout, connect_ms);
    socket_->set(maxmsgsize, peer_frame_bytes_max);
    socket_->set(sndhwm, 0); // bounded by bytes in `send`
    socket_->set(rcvhwm, received_messages);
    socket_->set(curve_serverkey, to_z85(to_.public_key));
    socket_->set(curve_publickey, to_z85(public_of(secret_key_)));
    socket_->set(curve_secretkey, to_z85(secret_key_));
    set_tcp_options(*socket_, to_.address);
    // Its own connections are not what descriptors are kept for.
    guard_.emplace(figures_, log_, unfinished_limits{}, std::numeric_limits<int>::max() / 2);
    monitor_.emplace(loop_, socket_, events,
                     [this](int event, int value) { monitored(event, value); });
    unsent_ = std::make_shared<meter>(limits::peer_unsent_bytes_max);
    socket_->connect(to_.address);
    loop_.watch(socket_, [this] { drain(); });
  } catch (const zmq::error_t& e) { // no descriptor, or no address; tried again
    intake_.tell(to_.name, "peer_unconnectable", e.what());
    close();
  }
}

void peer_link::close() {
  monitor_.reset();
  if (socket_)
    loop_.unwatch(*socket_);
  socket_.reset();
}

void peer_link::end() {
  if (up_)
    down("it is no member any more");
  close();
}

void peer_link::monitored(int event, int value) {
  heard_ = clock::now();
  ended_ = event == ZMQ_EVENT_DISCONNECTED;
  if (event == ZMQ_EVENT_CONNECTED)
    guard_->monitored(ZMQ_EVENT_ACCEPTED, value);
  if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED && !std::exchange(up_, true)) {
    // Takes the connection in; sending looks for new ones only once in a while.
    (void)socket_->get(zmq::sockopt::events);
    intake_.connected(to_.name, true);
  }
  if ((event & socket_monitor::handshake_failures) != 0)
    intake_.refused(to_.name, "peer_handshake_failed");
  if (event == ZMQ_EVENT_DISCONNECTED) {
    guard_->monitored(event, value);
    while (receive_one()) { // what came before
    }
    if (up_)
      down("it went away");
  }
}

void peer_link::drain() {
  monitor_->read(); // the connection of a message is told before it
  for (int i = 0; i < drain_burst && receive_one(); ++i) {
  }
}

bool peer_link::receive_one() {
  auto in = receive_from_peer(*socket_, false, *guard_);
  if (in)
    intake_.came(to_.name, true, std::move(*in));
  return in.has_value();
}

void peer_link::send(const peer::message& what) {
  if (!up_)
    return figures_.refused("peer_unsent");
  const auto out = encode(what);
  bool sent = false;
  try {
    sent = unsent_->fits(0) && send_message(*socket_, {}, out, unsent_);
  } catch (const zmq::error_t&) {
  }
  if (sent)
    return intake_.went(what, out);
  figures_.refused("peer_unsent");
  down("it does not read");
  close();
  open();
}

void peer_link::down(const char* why) {
  up_ = false;
  intake_.disconnected(to_.name, true, why);
}

void peer_link::tick(clock::time_point now) {
  if (!up_ && now - heard_ > (ended_ ? silent_after_end : silent)) {
    close();
    return open();
  }
  if (socket_)
    guard_->tick(now, (socket_->get(zmq::sockopt::events) & ZMQ_POLLIN) == 0);
}

} // namespace restante
