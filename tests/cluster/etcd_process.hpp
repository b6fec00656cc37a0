// A real etcd of one member (Debian's etcd-server) with a directory and ports of its own, to be
// killed, frozen and robbed of its data. It ends with its owner, also when the test program is
// killed. Everything waits with a bound, and throws beyond it.
#pragma once

#include "cluster/etcd_calls.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace restante::etcd_tests {

using namespace std::chrono_literals;

inline constexpr std::chrono::seconds patience{30};

/// Looks again and again; false when it does not become true.
template <class Condition>
bool becomes(Condition condition, std::chrono::milliseconds within = patience) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

/// A listening socket of 127.0.0.1, whose connections nobody accepts.
class held_port {
public:
  explicit held_port(uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    held_ = ::bind(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
            ::listen(socket_, 8) == 0;
  }
  ~held_port() { ::close(socket_); }
  held_port(const held_port&) = delete;
  held_port& operator=(const held_port&) = delete;

  [[nodiscard]] explicit operator bool() const { return held_; }

private:
  int socket_;
  bool held_ = false;
};

/// Below the ports that outgoing connections take, so that it is still free after a restart.
inline uint16_t free_port() {
  static uint32_t next = static_cast<uint32_t>(::getpid()) * 16;
  for (int tries = 0; tries < 12'000; ++tries)
    if (const auto port = static_cast<uint16_t>(20'000 + next++ % 12'000); held_port{port})
      return port;
  throw std::runtime_error{"no free port"};
}

inline std::string web_address(uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

class etcd_process {
public:
  /// Not started yet. `option` may be one more of etcd's.
  explicit etcd_process(std::string option = "--log-outputs=default") : option_{std::move(option)} {
    const auto* path = std::getenv("PATH");
    std::istringstream all{path ? path : ""};
    for (std::string dir; program_.empty() && std::getline(all, dir, ':');)
      if (const auto file = dir + "/etcd"; ::access(file.c_str(), X_OK) == 0)
        program_ = file;
    if (program_.empty())
      throw std::runtime_error{"there is no etcd: install Debian's package etcd-server"};
  }
  ~etcd_process() { kill(); }
  etcd_process(const etcd_process&) = delete;
  etcd_process& operator=(const etcd_process&) = delete;

  /// Returns when it answers.
  void start() {
    const auto data = (dir_.path() / "data").string();
    const auto log = (dir_.path() / "log").string();
    std::vector<std::string> words{"setpriv",
                                   "--pdeathsig",
                                   "KILL",
                                   program_,
                                   "--data-dir=" + data,
                                   "--listen-client-urls=" + endpoint(),
                                   "--advertise-client-urls=" + endpoint(),
                                   "--listen-peer-urls=" + web_address(peers_),
                                   "--initial-advertise-peer-urls=" + web_address(peers_),
                                   "--initial-cluster=default=" + web_address(peers_),
                                   "--logger=zap",
                                   "--log-level=warn",
                                   option_};
    std::vector<char*> arguments;
    for (auto& word : words)
      arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    const int failed =
        ::posix_spawnp(&process_, "setpriv", &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0)
      throw std::system_error{failed, std::generic_category(), "setpriv"};
    etcd_gateway gateway{{endpoint()}, 2s};
    if (!becomes([&] { return ended() || etcd_read(gateway, "/", "/").has_value(); }) || ended())
      throw std::runtime_error{"etcd does not answer; it says: " + text_of(log)};
  }

  /// kill -9.
  void kill() {
    if (process_ == 0)
      return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  void lose_data() { std::filesystem::remove_all(dir_.path() / "data"); }
  void freeze() const { ::kill(process_, SIGSTOP); }
  void thaw() const { ::kill(process_, SIGCONT); }

  [[nodiscard]] std::string endpoint() const { return web_address(clients_); }

  static std::string text_of(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

private:
  /// By itself, before it was killed.
  bool ended() {
    if (process_ != 0 && ::waitpid(process_, nullptr, WNOHANG) == process_)
      process_ = 0;
    return process_ == 0;
  }

  temp_dir dir_;
  std::string option_;
  std::string program_;
  uint16_t clients_ = free_port();
  uint16_t peers_ = free_port();
  pid_t process_ = 0;
};

} // namespace restante::etcd_tests
