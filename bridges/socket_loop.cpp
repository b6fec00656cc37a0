#include "bridges/socket_loop.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace restante {

namespace {

/// ZMQ_ZERO_COPY_RECV; zmq.h names it among its drafts only.
constexpr int zero_copy_recv = 10;

} // namespace

socket_loop::socket_loop(std::string name)
    : name_{std::move(name)}
    , wake_fd_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
  if (wake_fd_ < 0)
    throw std::runtime_error("eventfd: no file descriptor left; raise the limit (ulimit -n)");
  // Off, or a small frame keeps the whole buffer alive that it was received in.
  zmq_ctx_set(context_.handle(), zero_copy_recv, 0);
}

socket_loop::~socket_loop() {
  stop();
  close(wake_fd_);
}

void socket_loop::watch(std::shared_ptr<zmq::socket_t> socket, task readable) {
  watched_.push_back({std::move(socket), std::move(readable)});
  watched_changed_ = true;
}

void socket_loop::unwatch(const zmq::socket_t& socket) {
  std::erase_if(watched_, [&](const watched& entry) { return entry.socket.get() == &socket; });
  watched_changed_ = true;
}

void socket_loop::every(std::chrono::milliseconds interval, task tick) {
  interval_ = interval;
  tick_ = std::move(tick);
}

void socket_loop::start() {
  thread_ = std::thread{[this] { run(); }};
  pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
}

void socket_loop::wake() {
  uint64_t one = 1;
  // A full counter means a wake-up is pending already.
  (void)!write(wake_fd_, &one, sizeof one);
}

void socket_loop::post(task what) {
  bool first = false;
  {
    std::lock_guard lock{mutex_};
    first = posted_.empty();
    posted_.push_back(std::move(what));
  }
  if (first)
    wake();
}

void socket_loop::stop() {
  if (!thread_.joinable())
    return;
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void socket_loop::run_posted() {
  std::vector<task> now;
  {
    std::lock_guard lock{mutex_};
    now.swap(posted_);
  }
  for (auto& what : now)
    what();
}

std::vector<zmq::pollitem_t> socket_loop::poll_items() const {
  std::vector<zmq::pollitem_t> items;
  items.push_back({nullptr, wake_fd_, ZMQ_POLLIN, 0});
  for (const auto& entry : watched_)
    items.push_back({entry.socket->handle(), 0, ZMQ_POLLIN, 0});
  return items;
}

void socket_loop::run() {
  std::vector<zmq::pollitem_t> items;
  auto next_tick = std::chrono::steady_clock::now() + interval_;
  for (;;) {
    if (std::exchange(watched_changed_, false))
      items = poll_items();
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        next_tick - std::chrono::steady_clock::now());
    try {
      zmq::poll(items, std::max(left, std::chrono::milliseconds{0}));
    } catch (const zmq::error_t& e) {
      if (e.num() != EINTR)
        throw;
      continue;
    }
    if (items[0].revents != 0) {
      uint64_t count = 0;
      (void)!read(wake_fd_, &count, sizeof count);
    }
    run_posted();
    // A task may have changed what is watched; then what is there is polled anew.
    for (size_t i = 0; !watched_changed_ && i < watched_.size(); ++i)
      if ((items[i + 1].revents & ZMQ_POLLIN) != 0)
        watched_[i].readable();
    if (std::chrono::steady_clock::now() >= next_tick) {
      next_tick += interval_;
      if (tick_)
        tick_();
    }
    std::lock_guard lock{mutex_};
    if (stopping_ && posted_.empty())
      break;
  }
  watched_.clear(); // lets go of the sockets; a router closes its own
}

} // namespace restante
