#include "bridges/router.hpp"

#include "bridges/curve_keys.hpp"
#include "bridges/multipart.hpp"
#include "bridges/tcp_options.hpp"
#include "schemas/limits.hpp"

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
/// Room above the bounds of unread bytes, as a multiple of them, for the refusals that clients get
/// beyond, and for answers that were under way; after that they are dropped.
constexpr size_t unread_kept = 2;
constexpr auto linger = 1'000ms;

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
  // A client without CURVE or with the wrong server key fails before ZAP is asked: only the
  // socket's monitor sees it.
  monitor_.emplace(loop, socket_, connection_guard::events | socket_monitor::handshake_failures,
                   [this](int what, int value) {
                     if ((what & socket_monitor::handshake_failures) != 0)
                       probe_.refused("handshake_failed");
                     guard_.monitored(what, value);
                   });
  socket_->bind(options_.address);
  address_ = socket_->get(zmq::sockopt::last_endpoint);
  loop.watch(socket_, [this] { drain(); });
}

void router::set_options() {
  using namespace zmq::sockopt;
  if (options_.how == endpoint_options::pattern::router)
    socket_->set(router_mandatory, true);
  if (options_.how == endpoint_options::pattern::sub)
    socket_->set(subscribe, "");
  socket_->set(zmq::sockopt::linger, static_cast<int>(restante::linger.count()));
  socket_->set(maxmsgsize, frame_bytes_received);
  set_tcp_options(*socket_, options_.address);
  // Bounded by bytes in `send`: a bound on messages would drop answers of a client that reads them,
  // whenever a burst is decided faster than it is sent.
  socket_->set(sndhwm, 0);
  socket_->set(rcvhwm, received_messages);
  if (!options_.curve_secret.empty()) {
    socket_->set(curve_server, true);
    socket_->set(curve_secretkey, to_z85(options_.curve_secret));
    socket_->set(zap_domain, options_.zap_domain);
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
  try {
    if (!send_message(*socket_, to->routing_id, what, to->unread, media_bytes::counted_before)) {
      probe_.refused("client_queue_full");
      return sent::full;
    }
  } catch (const zmq::error_t& e) {
    probe_.refused(e.num() == EHOSTUNREACH ? "client_gone" : "client_unsendable");
    clients_.forget(session);
    return sent::gone;
  }
  return sent::yes;
}

} // namespace restante
