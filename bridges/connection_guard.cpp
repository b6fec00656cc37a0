#include "bridges/connection_guard.hpp"

#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace restante {

namespace {

/// Heartbeats are bytes too: what an idle client may send in a second without ever finishing a
/// message. With CURVE a heartbeat and its answer take about 100 bytes.
constexpr uint64_t idle_bytes_per_second = 256;

/// None: closed, or no TCP.
std::optional<uint64_t> bytes_received(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
    return std::nullopt;
  return info.tcpi_bytes_received;
}

std::string peer_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (getpeername(fd, plain, &size) != 0 ||
      getnameinfo(plain, size, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  return std::string{host} + ' ' + port;
}

constexpr auto told_again = std::chrono::minutes{1};

} // namespace

int connection_descriptors() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    return std::numeric_limits<int>::max();
  return static_cast<int>(std::min<rlim_t>(files.rlim_cur / 2, std::numeric_limits<int>::max()));
}

connection_guard::connection_guard(probe& figures, logger log, unfinished_limits most,
                                   int descriptors)
    : probe_{figures}
    , log_{std::move(log)}
    , most_{most}
    , descriptors_{descriptors} {}

void connection_guard::monitored(int event, int value) {
  if (event == ZMQ_EVENT_ACCEPTED) {
    const bool tcp = bytes_received(value).has_value();
    if (tcp)
      connections_[value] = {};
    const int most = tcp ? descriptors_ : descriptors_ + descriptors_ / 8;
    if (value >= most)
      refuse(value, most);
  }
  if (event == ZMQ_EVENT_DISCONNECTED)
    connections_.erase(value);
}

void connection_guard::heard(const zmq::message_t& frame) {
  auto at = connections_.find(zmq_msg_get(frame.handle(), ZMQ_SRCFD));
  if (at != connections_.end())
    at->second.heard = true;
}

// Brings every connection up to date; returns what is unfinished in all of them.
uint64_t connection_guard::measure(clock::time_point now) {
  uint64_t all = 0;
  for (auto at = connections_.begin(); at != connections_.end();) {
    auto bytes = bytes_received(at->first);
    if (!bytes) { // closed: its event is on the way
      at = connections_.erase(at);
      continue;
    }
    auto& it = (at++)->second;
    if (it.shut)
      continue;
    if (it.heard || *bytes < it.finished) {
      it = {.finished = *bytes, .since = now, .heard = false};
      continue;
    }
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - it.since).count();
    auto idle = idle_bytes_per_second * static_cast<uint64_t>(seconds);
    it.unfinished = *bytes - it.finished - std::min(*bytes - it.finished, idle);
    all += it.unfinished;
  }
  return all;
}

void connection_guard::tick(clock::time_point now, bool all_read) {
  auto all = measure(now);
  std::vector<std::pair<uint64_t, int>> largest_first;
  for (const auto& [fd, it] : connections_)
    if (it.unfinished > 0)
      largest_first.emplace_back(it.unfinished, fd);
  std::sort(largest_first.rbegin(), largest_first.rend());
  for (auto [bytes, fd] : largest_first) {
    auto& it = connections_[fd];
    if (bytes <= most_.one && all <= most_.all) {
      it.over = false;
      continue;
    }
    all -= bytes;
    // Unread messages may hold its last finished one: it gets one more tick.
    if (all_read || it.over)
      shut_down(fd, it);
    else
      it.over = true;
  }
}

void connection_guard::refuse(int fd, int most) {
  if (auto now = clock::now(); now - told_scarce_ > told_again) {
    told_scarce_ = now;
    log_.warning("connections_too_many",
                 {{"peer", peer_of(fd)}, {"descriptors", std::to_string(most)}});
  }
  probe_.refused("connections_too_many");
  ::shutdown(fd, SHUT_RDWR);
  if (auto at = connections_.find(fd); at != connections_.end())
    at->second.shut = true;
}

void connection_guard::shut_down(int fd, connection& which) {
  log_.warning("message_endless",
               {{"peer", peer_of(fd)}, {"bytes", std::to_string(which.unfinished)}});
  probe_.refused("message_endless");
  // ZeroMQ owns the descriptor and closes it: it reads the end, frees the unfinished frames, and
  // the monitor reports it.
  ::shutdown(fd, SHUT_RDWR);
  which = {.heard = false, .shut = true};
}

} // namespace restante
