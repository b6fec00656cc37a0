#include "bridges/socket_monitor.hpp"

#include <atomic>
#include <cstring>

namespace restante {

socket_monitor::socket_monitor(socket_loop& loop, std::shared_ptr<zmq::socket_t> of, int events,
                               handler tell)
    : loop_{loop}
    , of_{std::move(of)}
    , events_{std::make_shared<zmq::socket_t>(loop.context(), zmq::socket_type::pair)}
    , tell_{std::move(tell)} {
  static std::atomic<uint64_t> made{0}; // a name is in use for a while after its socket ended
  auto name = "inproc://monitor-" + std::to_string(++made);
  if (zmq_socket_monitor(of_->handle(), name.c_str(), events) != 0)
    throw zmq::error_t{};
  events_->set(zmq::sockopt::linger, 0);
  // At a mark the socket's I/O thread would wait for this one.
  events_->set(zmq::sockopt::rcvhwm, 0);
  events_->connect(name);
  loop_.watch(events_, [this] { read(); });
}

socket_monitor::~socket_monitor() {
  (void)zmq_socket_monitor(of_->handle(), nullptr, 0);
  loop_.unwatch(*events_);
}

// Frame 0 is the event's number and its value, frame 1 the address.
void socket_monitor::read() {
  zmq::message_t event, address;
  while (events_->recv(event, zmq::recv_flags::dontwait)) {
    (void)events_->recv(address);
    uint16_t what = 0;
    uint32_t value = 0;
    std::memcpy(&what, event.data(), sizeof what);
    std::memcpy(&value, static_cast<const char*>(event.data()) + sizeof what, sizeof value);
    tell_(what, static_cast<int>(value));
  }
}

} // namespace restante
