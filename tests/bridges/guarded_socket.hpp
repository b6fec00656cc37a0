// A bound ROUTER with its guard, and a client that speaks ZMTP itself: ZeroMQ's own sockets send
// nothing of a message before it is whole.
#pragma once

#include "bridges/connection_guard.hpp"

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace restante {

using namespace std::chrono_literals;

/// Time is virtual: every tick is a second later.
struct guarded_socket {
  explicit guarded_socket(unfinished_limits most = {},
                          const std::string& address = "tcp://127.0.0.1:*",
                          const std::string& curve_secret = "")
      : guard{figures, {}, most} {
    zmq_ctx_set(context.handle(), 10, 0); // ZMQ_ZERO_COPY_RECV
    if (!curve_secret.empty()) {
      socket.set(zmq::sockopt::curve_server, true);
      socket.set(zmq::sockopt::curve_secretkey, curve_secret);
    }
    BOOST_REQUIRE(zmq_socket_monitor(socket.handle(), "inproc://guarded",
                                     connection_guard::events | ZMQ_EVENT_LISTENING) == 0);
    monitor.connect("inproc://guarded");
    socket.bind(address);
  }

  [[nodiscard]] std::string address() const { return socket.get(zmq::sockopt::last_endpoint); }
  [[nodiscard]] double shut() const { return figures.refusals("message_endless"); }

  void read_events() {
    zmq::message_t event, from;
    while (monitor.recv(event, zmq::recv_flags::dontwait)) {
      (void)monitor.recv(from);
      uint16_t what = 0;
      uint32_t value = 0;
      std::memcpy(&what, event.data(), sizeof what);
      std::memcpy(&value, static_cast<const char*>(event.data()) + sizeof what, sizeof value);
      guard.monitored(what, static_cast<int>(value));
    }
  }

  void read_messages() {
    zmq::message_t frame;
    while (socket.recv(frame, zmq::recv_flags::dontwait)) {
      size_t bytes = 0;
      for (bool first = true; frame.more(); first = false) {
        (void)socket.recv(frame);
        if (first)
          guard.heard(frame);
        bytes += frame.size();
      }
      messages.push_back(bytes);
    }
  }

  void tick() {
    now += 1s;
    guard.tick(now, (socket.get(zmq::sockopt::events) & ZMQ_POLLIN) == 0);
  }

  /// Goes round as a bridge does until `done`, or a minute has passed.
  template <class Done>
  [[nodiscard]] bool until(Done done, bool ticking = true) {
    auto end = std::chrono::steady_clock::now() + 60s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end)
        return false;
      zmq::pollitem_t items[] = {{socket.handle(), 0, ZMQ_POLLIN, 0},
                                 {monitor.handle(), 0, ZMQ_POLLIN, 0}};
      zmq::poll(items, 2, 5ms);
      read_events();
      read_messages();
      if (ticking)
        tick();
    }
    return true;
  }

  zmq::context_t context;
  zmq::socket_t socket{context, zmq::socket_type::router};
  zmq::socket_t monitor{context, zmq::socket_type::pair};
  probe figures;
  connection_guard guard;
  connection_guard::clock::time_point now{};
  std::vector<size_t> messages; // bytes of each that came whole
};

/// A DEALER without CURVE that shapes its bytes itself.
class raw_client {
public:
  explicit raw_client(const std::string& address) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    BOOST_REQUIRE(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    std::string greeting("\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL", 16);
    greeting.resize(64);
    send(greeting);
    std::string theirs(64, '\0');
    BOOST_REQUIRE(recv(fd_, theirs.data(), theirs.size(), MSG_WAITALL) == 64);
    command(std::string("\5READY\x0bSocket-Type\0\0\0\6DEALER", 28));
  }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  ~raw_client() { close(fd_); }

  void frame(size_t bytes, bool more) {
    std::string head{static_cast<char>(more ? 3 : 2)}; // a long frame
    for (int shift = 56; shift >= 0; shift -= 8)
      head.push_back(static_cast<char>(bytes >> shift));
    send(head + std::string(bytes, 'x'));
  }

  void command(const std::string& body) {
    send(std::string{'\4', static_cast<char>(body.size())} + body);
  }

  /// Waits until the other side's kernel has everything.
  void arrive() {
    auto end = std::chrono::steady_clock::now() + 60s;
    for (int left = 1; ioctl(fd_, SIOCOUTQ, &left) == 0 && left > 0;)
      BOOST_REQUIRE(std::chrono::steady_clock::now() < end);
  }

  /// Whether the other side has ended the connection; what it sent before is dropped.
  [[nodiscard]] bool ended() {
    char some[256];
    ssize_t got = 0;
    while ((got = recv(fd_, some, sizeof some, MSG_DONTWAIT)) > 0) {
    }
    return got == 0 || errno != EAGAIN;
  }

private:
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return; // shut: `ended` tells
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }

  int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

} // namespace restante
