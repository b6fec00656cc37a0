// The depositor's end of the journal (README.md has its lines). A line is with the kernel when
// write() returns, so the journal is ahead of everything it announces. Owned by the depositor.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace restante::crash {

class journal {
public:
  explicit journal(const std::string& path)
      : file_{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)} {
    if (file_ < 0)
      throw std::system_error{errno, std::generic_category(), path};
  }
  ~journal() { ::close(file_); }
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;

  /// Appends a line; throws std::system_error when not all of it could be written.
  void write(std::string line) const {
    line += '\n';
    auto written = ::write(file_, line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size()))
      throw std::system_error{written < 0 ? errno : ENOSPC, std::generic_category(), "journal"};
  }

private:
  int file_;
};

} // namespace restante::crash
