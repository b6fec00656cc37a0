#include "storage/rocks_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace restante {

rocks_log::rocks_log(const std::filesystem::path& directory, uint64_t file_bytes_max)
    : Logger{rocksdb::InfoLogLevel::WARN_LEVEL}
    , file_{directory / "LOG"}
    , older_{directory / "LOG.old"}
    , file_bytes_max_{file_bytes_max} {}

void rocks_log::Logv(const char* format, va_list values) {
  std::array<char, 4096> line; // the last byte is for the line's end
  timespec now{};
  std::tm fields{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  ::gmtime_r(&now.tv_sec, &fields);
  size_t size = std::strftime(line.data(), line.size(), "%FT%T", &fields);
  size += static_cast<size_t>(
      std::snprintf(&line[size], line.size() - size, ".%06ldZ ", now.tv_nsec / 1000));
  const int text = std::vsnprintf(&line[size], line.size() - size, format, values);
  size = std::min(size + static_cast<size_t>(std::max(text, 0)), line.size() - 1);
  if (line[size - 1] != '\n')
    line[size++] = '\n';
  append({line.data(), size});
}

void rocks_log::append(std::string_view line) {
  const std::scoped_lock lock{mutex_};
  struct stat found {};
  off_t size = ::stat(file_.c_str(), &found) == 0 ? found.st_size : 0;
  if (static_cast<uint64_t>(size) + line.size() > file_bytes_max_) {
    if (::rename(file_.c_str(), older_.c_str()) != 0)
      return;
    size = 0;
  }
  const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0)
    return;
  const auto written = ::write(file, line.data(), line.size());
  if (written > 0 && static_cast<size_t>(written) < line.size()) [[maybe_unused]]
    const int cut = ::ftruncate(file, size); // or the next line would begin in it
  ::close(file);
}

} // namespace restante
