#include "bridges/router.hpp"

#include "bridges/curve_keys.hpp"
#include "schemas/limits.hpp"

#include <cstring>

namespace restante {

namespace {

using namespace std::chrono_literals;

/// Messages taken from a socket before the loop looks at its other duties.
constexpr int drain_burst = 256;
/// Clients remembered: four times the connections that a process may usually have. A tenant's share
/// leaves room for three others that behave the same.
constexpr client_table::bounds clients_max{65'536, 16'384};
/// A frame somewhat over the limit is still received, so that an honest client is told;
/// libzmq drops the connection of one that sends more.
constexpr int64_t frame_bytes_received = 2 * static_cast<int64_t>(limits::media_bytes_max);
constexpr int received_messages = 1'000;
/// Connections the kernel accepts for this one. A burst of them has descriptors before the guard
/// hears of it, so this is small; a client beyond is served when it tries again, a second later.
constexpr int backlog = 64;
/// What a queued message takes besides its bytes, roughly: counted, so that many small ones are as
/// bounded as few large ones.
constexpr size_t message_cost = 512;
/// Room above the bounds of unread bytes, as a multiple of them, for the refusals that clients get
/// beyond, and for answers that were under way; after that they are dropped.
constexpr size_t unread_kept = 2;
constexpr auto linger = 1'000ms;
constexpr auto handshake = 3'000ms;
/// A connection that is dead is noticed by the kernel: probed after so much silence, so often, and
/// given up after so many probes, or when what was sent stays unacknowledged for so long. Not by
/// ZeroMQ's heartbeats: libzmq 4.3.4 aborts the process when its own is due on a connection that
/// was closed while its input waited at the mark (libzmq issue 4364), which any client can bring
/// about. Clients may send theirs.
constexpr int keepalive_seconds = 5;
constexpr int keepalive_probes = 2;
constexpr auto unacknowledged = 15'000ms;

constexpr int handshake_failures = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                   ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                   ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

zmq::socket_type type_of(endpoint_options::pattern how) {
  switch (how) {
  case endpoint_options::pattern::pull:
    return zmq::socket_type::pull;
  case endpoint_options::pattern::sub:
    return zmq::socket_type::sub;
  case endpoint_options::pattern::router:
    break;
  }
  return zmq::socket_type::router;
}

/// Keeps a chunk alive while ZeroMQ sends it, and counts `cost` as unread until then.
struct lent {
  chunk bytes;
  lease unread;
};

void give_back(void*, void* hint) { delete static_cast<lent*>(hint); }

zmq::message_t lend(chunk bytes, const std::shared_ptr<meter>& unread, size_t cost) {
  auto* what = new lent{std::move(bytes), {unread, cost}};
  auto view = what->bytes.view();
  // ZeroMQ does not write through this pointer.
  return {const_cast<char*>(view.data()), view.size(), give_back, what};
}

} // namespace

router::router(socket_loop& loop, endpoint_options options,
               std::shared_ptr<const tenant_registry> tenants, probe& figures,
               std::atomic<uint64_t>& next_session, budget& unread, logger log, receiver on_message)
    : options_{std::move(options)}
    , tenants_{std::move(tenants)}
    , probe_{figures}
    , on_message_{std::move(on_message)}
    , socket_{std::make_shared<zmq::socket_t>(loop.context(), type_of(options_.how))}
    , unread_{unread}
    , guard_{figures, std::move(log)}
    , clients_{next_session, clients_max} {
  set_options();
  monitor(loop);
  socket_->bind(options_.address);
  address_ = socket_->get(zmq::sockopt::last_endpoint);
  loop.watch(socket_, [this] { drain(); });
}

void router::set_options() {
  using namespace zmq::sockopt;
  auto ms = [](std::chrono::milliseconds value) { return static_cast<int>(value.count()); };
  if (options_.how == endpoint_options::pattern::router)
    socket_->set(router_mandatory, true);
  if (options_.how == endpoint_options::pattern::sub)
    socket_->set(subscribe, "");
  socket_->set(zmq::sockopt::linger, ms(restante::linger));
  socket_->set(maxmsgsize, frame_bytes_received);
  socket_->set(handshake_ivl, ms(handshake));
  socket_->set(heartbeat_ivl, 0);
  socket_->set(tcp_keepalive, 1);
  socket_->set(tcp_keepalive_idle, keepalive_seconds);
  socket_->set(tcp_keepalive_intvl, keepalive_seconds);
  socket_->set(tcp_keepalive_cnt, keepalive_probes);
  socket_->set(tcp_maxrt, ms(unacknowledged));
  // Bounded by bytes in `send`: a bound on messages would drop answers of a client that reads them,
  // whenever a burst is decided faster than it is sent.
  socket_->set(sndhwm, 0);
  socket_->set(rcvhwm, received_messages);
  socket_->set(zmq::sockopt::backlog, restante::backlog);
  socket_->set(ipv6, options_.address.find('[') != std::string::npos);
  if (!options_.curve_secret.empty()) {
    socket_->set(curve_server, true);
    socket_->set(curve_secretkey, to_z85(options_.curve_secret));
    socket_->set(zap_domain, options_.zap_domain);
  }
}

// A client without CURVE or with the wrong server key fails before ZAP is asked: only the socket's
// monitor sees it.
void router::monitor(socket_loop& loop) {
  auto name = "inproc://monitor-" + std::to_string(reinterpret_cast<uintptr_t>(this));
  if (zmq_socket_monitor(socket_->handle(), name.c_str(),
                         connection_guard::events | handshake_failures) != 0)
    throw zmq::error_t{};
  auto events = std::make_shared<zmq::socket_t>(loop.context(), zmq::socket_type::pair);
  events->set(zmq::sockopt::linger, 0);
  // At a mark the socket's I/O thread would wait for this one.
  events->set(zmq::sockopt::rcvhwm, 0);
  events->connect(name);
  loop.watch(events, [this, events = events.get()] { read_event(*events); });
}

// Frame 0 is the event's number and its value, frame 1 the address.
void router::read_event(zmq::socket_t& events) {
  zmq::message_t event, address;
  while (events.recv(event, zmq::recv_flags::dontwait)) {
    (void)events.recv(address);
    uint16_t what = 0;
    uint32_t value = 0;
    std::memcpy(&what, event.data(), sizeof what);
    std::memcpy(&value, static_cast<const char*>(event.data()) + sizeof what, sizeof value);
    if ((what & handshake_failures) != 0)
      probe_.refused("handshake_failed");
    guard_.monitored(what, static_cast<int>(value));
  }
}

void router::tick() {
  bool all_read = (socket_->get(zmq::sockopt::events) & ZMQ_POLLIN) == 0;
  guard_.tick(connection_guard::clock::now(), all_read);
}

void router::drain() {
  for (int i = 0; i < drain_burst && receive_one(); ++i) {
  }
}

bool router::receive_one() {
  zmq::message_t frame;
  if (!socket_->recv(frame, zmq::recv_flags::dontwait))
    return false;
  received out;
  out.held = std::make_shared<holding>();
  auto& buffers = out.held->buffers;
  std::string routing_id, user_id;
  bool more = frame.more();
  if (options_.how == endpoint_options::pattern::router)
    routing_id = frame.to_string();
  else
    buffers.push_back(std::move(frame));
  while (more) {
    zmq::message_t next;
    (void)socket_->recv(next); // the rest of a message is there with its first frame
    more = next.more();
    if (buffers.size() <= limits::frames_max) // one too many tells that there were too many
      buffers.push_back(std::move(next));
  }
  // The routing id frame is made by this side and carries no metadata of the connection.
  if (!buffers.empty()) {
    guard_.heard(buffers.front());
    if (const char* user = zmq_msg_gets(buffers.front().handle(), "User-Id")) // none without ZAP
      user_id = user;
  }
  out.who = tenant_by_user_id(user_id);
  if (options_.how == endpoint_options::pattern::router) {
    auto* from = clients_.meet(routing_id, user_id, unread_.of(out.who ? out.who->name : ""),
                               limits::client_unread_bytes_max);
    if (from == nullptr) {
      probe_.refused("clients_too_many");
      return true;
    }
    out.session = from->session;
    out.held->client = from->present;
    out.held->replies = from->unread;
  } else if (out.who) {
    out.held->replies = unread_.of(out.who->name);
  }
  // Views last: a small buffer lies inside the object that was moved above.
  for (const auto& buffer : buffers)
    out.frames.emplace_back(
        out.held, std::string_view{static_cast<const char*>(buffer.data()), buffer.size()});
  on_message_(std::move(out));
  return true;
}

// The user id is "<tenant>/<the key's first 16 hex digits>", as the ZAP handler made it: a tenant
// that got a new key is not reached by connections made with the old one.
tenant_ptr router::tenant_by_user_id(const std::string& user_id) const {
  if (options_.curve_secret.empty()) {
    auto who = tenants_->find(options_.local_tenant);
    return who && !who->revoked ? who : nullptr;
  }
  auto slash = user_id.find('/');
  if (slash == std::string::npos)
    return nullptr;
  auto who = tenants_->find(std::string_view{user_id}.substr(0, slash));
  if (!who || who->revoked ||
      to_hex(std::string_view{who->public_key}.substr(0, 8)) != user_id.substr(slash + 1))
    return nullptr;
  return who;
}

tenant_ptr router::tenant_of(uint64_t session) const {
  auto* who = clients_.find(session);
  return who == nullptr ? nullptr : tenant_by_user_id(who->user_id);
}

bool router::unread_too_much(uint64_t session) const {
  auto* who = clients_.find(session);
  return who != nullptr && !who->unread->fits(0);
}

router::sent router::send(uint64_t session, const frames& what) {
  auto* to = clients_.find(session);
  if (to == nullptr)
    return sent::gone;
  client_table::touch(*to);
  if (what.media.empty() && !to->unread->fits(0, unread_kept)) {
    probe_.refused("client_queue_full");
    return sent::full;
  }
  using zmq::send_flags;
  auto more = send_flags::dontwait | send_flags::sndmore;
  try {
    // Mandatory routing: the first frame fails when the client is gone or its queue is full; the
    // frames behind it are then never begun.
    if (!socket_->send(zmq::buffer(to->routing_id), more)) {
      probe_.refused("client_queue_full");
      return sent::full;
    }
    (void)socket_->send(lend(chunk{what.envelope}, to->unread, what.envelope.size() + message_cost),
                        what.media.empty() ? send_flags::dontwait : more);
    for (size_t i = 0; i < what.media.size(); ++i)
      (void)socket_->send(lend(what.media[i], to->unread, message_cost),
                          i + 1 == what.media.size() ? send_flags::dontwait : more);
  } catch (const zmq::error_t& e) {
    probe_.refused(e.num() == EHOSTUNREACH ? "client_gone" : "client_unsendable");
    clients_.forget(session);
    return sent::gone;
  }
  return sent::yes;
}

} // namespace restante
