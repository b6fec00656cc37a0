#include "cluster/walk_wire.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <list>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace restante {

namespace {

/// A descriptor that is closed with its owner.
class owned_fd {
public:
  explicit owned_fd(int fd) : fd_{fd} {}
  owned_fd(owned_fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  owned_fd& operator=(owned_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~owned_fd() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

[[noreturn]] void complain(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

sockaddr_in loopback(uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

owned_fd tcp_socket(int flags) {
  owned_fd out{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)};
  if (out.get() < 0)
    complain("a socket");
  return out;
}

owned_fd listen_at(uint16_t port) {
  auto out = tcp_socket(SOCK_NONBLOCK);
  const int yes = 1;
  ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const auto at = loopback(port);
  if (::bind(out.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(out.get(), 16) != 0)
    complain("the link between the regions at port " + std::to_string(port));
  return out;
}

/// One way of a connection.
struct lane {
  int from = -1;
  int to = -1;
  std::string held; // not taken yet

  /// False when the connection is over.
  [[nodiscard]] bool take() {
    char bytes[16 * 1024];
    const auto got = ::recv(from, bytes, sizeof bytes, 0);
    if (got > 0)
      held.assign(bytes, static_cast<size_t>(got));
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
  }
  [[nodiscard]] bool give() {
    const auto sent = ::send(to, held.data(), held.size(), MSG_NOSIGNAL);
    if (sent > 0)
      held.erase(0, static_cast<size_t>(sent));
    return sent >= 0 || errno == EAGAIN || errno == EINTR;
  }
};

struct connection {
  owned_fd near, far;
  lane out{near.get(), far.get(), {}};
  lane back{far.get(), near.get(), {}};

  connection(owned_fd one, owned_fd other) : near{std::move(one)}, far{std::move(other)} {
    const int yes = 1;
    for (const int each : {near.get(), far.get()})
      ::setsockopt(each, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }

  /// What to wait for at an end: `in` comes from it, `to_it` goes there.
  static pollfd wait(int end, const lane& in, const lane& to_it) {
    const int events = (in.held.empty() ? POLLIN : 0) | (to_it.held.empty() ? 0 : POLLOUT);
    return {end, static_cast<short>(events), 0};
  }

  /// False when it is over.
  bool move(const pollfd& at_near, const pollfd& at_far) {
    for (auto [way, source] : {std::pair{&out, &at_near}, std::pair{&back, &at_far}}) {
      if (way->held.empty() && (source->revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
          !way->take())
        return false;
      if (!way->held.empty() && !way->give())
        return false;
    }
    return true;
  }
};

} // namespace

struct walk_wire::carrier {
  struct mouth {
    owned_fd listener;
    uint16_t to;
  };
  std::vector<mouth> mouths;
  std::list<connection> carried;

  void accept(const mouth& at, bool whole) {
    owned_fd near{::accept4(at.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (near.get() < 0 || !whole)
      return;
    auto far = tcp_socket(0);
    const auto to = loopback(at.to);
    if (::connect(far.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
        ::fcntl(far.get(), F_SETFL, O_NONBLOCK) != 0)
      return;
    carried.emplace_back(std::move(near), std::move(far));
  }

  /// Waits for something to do, and does it.
  void turn(int wake, bool whole) {
    std::vector<pollfd> waits{{wake, POLLIN, 0}};
    for (const auto& each : mouths)
      waits.push_back({each.listener.get(), POLLIN, 0});
    for (const auto& each : carried) {
      waits.push_back(connection::wait(each.near.get(), each.out, each.back));
      waits.push_back(connection::wait(each.far.get(), each.back, each.out));
    }
    if (::poll(waits.data(), waits.size(), -1) < 0)
      return; // interrupted
    auto at = waits.begin() + 1 + static_cast<ptrdiff_t>(mouths.size());
    for (auto each = carried.begin(); each != carried.end(); at += 2)
      each = each->move(at[0], at[1]) ? std::next(each) : carried.erase(each);
    for (size_t i = 0; i < mouths.size(); ++i)
      if (waits[i + 1].revents != 0)
        accept(mouths[i], whole);
    uint64_t ignored = 0;
    if (waits[0].revents != 0 && ::read(wake, &ignored, sizeof ignored) < 0)
      return;
  }
};

walk_wire::walk_wire(const std::vector<path>& paths) {
  auto all = std::make_unique<carrier>();
  for (const auto& each : paths)
    all->mouths.push_back({listen_at(each.from), each.to});
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  if (wake_ < 0)
    complain("an eventfd");
  thread_ = std::thread{[this, all = std::move(all)] {
    for (;;) {
      const auto wanted = wanted_.load();
      if (wanted != state::whole)
        all->carried.clear();
      now_ = wanted;
      now_.notify_all();
      if (wanted == state::ended)
        return;
      all->turn(wake_, wanted == state::whole);
    }
  }};
}

walk_wire::~walk_wire() {
  set(state::ended);
  thread_.join();
  ::close(wake_);
}

void walk_wire::set(state to) {
  wanted_ = to;
  const uint64_t one = 1;
  if (::write(wake_, &one, sizeof one) < 0)
    return; // it is woken already
  for (auto seen = now_.load(); seen != to; seen = now_.load())
    now_.wait(seen);
}

} // namespace restante
