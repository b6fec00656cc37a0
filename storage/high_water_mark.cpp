#include "storage/high_water_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <system_error>

namespace restante {

namespace {

/// The sequence number and its complement, each big-endian: a half-written mark does not match.
using mark_bytes = std::array<uint8_t, 16>;

mark_bytes encode(uint64_t sequence) {
  mark_bytes bytes{};
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(sequence >> (56 - 8 * i));
    bytes[8 + i] = static_cast<uint8_t>(~bytes[i]);
  }
  return bytes;
}

std::optional<uint64_t> decode(const mark_bytes& bytes) {
  uint64_t sequence = 0;
  for (size_t i = 0; i < 8; ++i)
    sequence = sequence << 8 | bytes[i];
  if (encode(sequence) != bytes)
    return std::nullopt;
  return sequence;
}

} // namespace

high_water_mark::~high_water_mark() {
  if (file_ < 0)
    return;
  ::fdatasync(file_);
  ::close(file_);
}

result<std::optional<uint64_t>> high_water_mark::open(const std::filesystem::path& directory) {
  const auto path = directory / file_name;
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  mark_bytes bytes{};
  const ssize_t read = file_ < 0 ? -1 : ::pread(file_, bytes.data(), bytes.size(), 0);
  if (read < 0) // not as if there were none: the store would open without its protection
    return fail(errc::storage_failure, "open_failed",
                "The file " + path.string() + " cannot be opened or read (" +
                    std::generic_category().message(errno) +
                    "): look at its rights and its disk. Moved away, the next start makes it anew, "
                    "and nobody knows then whether rows at the end are missing.");
  if (read != static_cast<ssize_t>(bytes.size()))
    return std::nullopt;
  return decode(bytes);
}

void high_water_mark::raise(uint64_t sequence) {
  const auto bytes = encode(sequence);
  // One write within a sector: it is there whole or not at all.
  [[maybe_unused]] const auto written = ::pwrite(file_, bytes.data(), bytes.size(), 0);
}

} // namespace restante
