// One thread that owns all ZeroMQ sockets of a bridge; nobody else may touch them. Others reach it
// by `post`: the task runs on the loop's thread, in order.
//
// Invariants: from `start` until the thread is gone, sockets are used on it only; `post` never
// blocks on the loop; after `stop` returns the thread is gone, and every task posted before `stop`
// was called has run.
#pragma once

#include <zmq.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace restante {

class socket_loop {
public:
  using task = std::function<void()>;

  explicit socket_loop(std::string name);
  ~socket_loop();
  socket_loop(const socket_loop&) = delete;
  socket_loop& operator=(const socket_loop&) = delete;

  [[nodiscard]] zmq::context_t& context() { return context_; }

  /// Calls `readable` on the loop's thread whenever the socket has input. Before `start`; later on
  /// the loop's thread, from a task or a tick.
  void watch(std::shared_ptr<zmq::socket_t> socket, task readable);

  /// No more of that: lets go of the socket. On the loop's thread, from a task or a tick; or when
  /// the loop does not run.
  void unwatch(const zmq::socket_t& socket);

  /// Before `start`: calls `tick` about every interval.
  void every(std::chrono::milliseconds interval, task tick);

  void start();

  /// Runs `what` on the loop's thread. From any thread. Once the loop has stopped it is never run,
  /// and is kept until the loop is destroyed.
  void post(task what);

  /// Runs what was posted, lets go of the sockets and joins. Safe to call twice.
  void stop();

private:
  struct watched {
    std::shared_ptr<zmq::socket_t> socket;
    task readable;
  };

  void run();
  [[nodiscard]] std::vector<zmq::pollitem_t> poll_items() const;
  void run_posted();
  void wake();

  std::string name_;
  zmq::context_t context_{1};
  std::vector<watched> watched_;
  bool watched_changed_ = true;
  std::chrono::milliseconds interval_{1000};
  task tick_;
  std::mutex mutex_;
  std::vector<task> posted_; // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_
  int wake_fd_ = -1;
  std::thread thread_;
};

} // namespace restante
