#include "cluster/cli_terminal.hpp"

#include "cluster/cli_session.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h> // POSIX, not <csignal>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace restante {

namespace {

class descriptor {
public:
  explicit descriptor(int fd) : fd_{fd} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

/// Holds back what would end the program, so that it cannot leave the terminal silent.
class held_signals {
public:
  held_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      sigaddset(&set, number);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  }
  held_signals(const held_signals&) = delete;
  held_signals& operator=(const held_signals&) = delete;
  ~held_signals() {
    if (fd_ >= 0)
      ::close(fd_);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] int take() const {
    signalfd_siginfo what{};
    return ::read(fd_, &what, sizeof what) == sizeof what ? static_cast<int>(what.ssi_signo) : 0;
  }

private:
  sigset_t before_{};
  int fd_ = -1;
};

class silent_terminal {
public:
  explicit silent_terminal(int fd) : fd_{fd} {
    ::tcgetattr(fd_, &before_);
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  silent_terminal(const silent_terminal&) = delete;
  silent_terminal& operator=(const silent_terminal&) = delete;
  ~silent_terminal() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }

private:
  int fd_;
  termios before_{};
};

/// A line of the terminal, or the signal that came instead.
int read_line(int tty, const held_signals& signals, std::string& line) {
  for (;;) {
    pollfd waits[] = {{tty, POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0)
      return 0;
    if ((waits[1].revents & POLLIN) != 0)
      return signals.take();
    char c = 0;
    if (::read(tty, &c, 1) != 1 || c == '\n')
      return 0;
    line += c;
  }
}

void say(int tty, std::string_view text) {
  if (::write(tty, text.data(), text.size()) < 0)
    std::cerr << text; // a terminal that cannot be written to is read from in vain
}

} // namespace

result<std::string> prompt_pin(const std::string& question) {
  const descriptor tty{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
  if (tty.get() < 0)
    return usage("a PIN is needed and there is no terminal to ask on: give it with --pin-stdin");
  std::string line;
  int signal = 0;
  {
    const held_signals signals;
    const silent_terminal silent{tty.get()};
    say(tty.get(), question + ": ");
    signal = read_line(tty.get(), signals, line);
    say(tty.get(), "\n");
  }
  if (signal != 0)
    ::raise(signal);
  if (line.empty())
    return usage("no PIN was given");
  return line;
}

result<std::string> read_pin_from_stdin() {
  std::string line;
  if (!std::getline(std::cin, line) || line.empty())
    return usage("--pin-stdin wants the PIN as the first line of standard input");
  if (line.ends_with('\r'))
    line.pop_back();
  return line;
}

result<bool> confirm(const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1)
    return usage("nobody is there to confirm it: add --yes");
  std::cerr << question << " [y/N] " << std::flush;
  std::string line;
  std::getline(std::cin, line);
  return line == "y" || line == "Y" || line == "yes";
}

} // namespace restante
