#include "storage/blob_file.hpp"

#include "storage/masked_crc.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

namespace restante {

namespace {

constexpr uint32_t magic = 0x248f37;
constexpr size_t file_head_bytes = 30; // magic 4, version 4, family 4, flags 1, compression 1, …
constexpr size_t file_foot_bytes = 32;
constexpr size_t compression_at = 13;
constexpr size_t head_bytes = 32; // key length 8, value length 8, expiry 8, two checksums of 4
constexpr size_t key_bytes_max = 512;
constexpr size_t look_bytes = 1024 * 1024;

struct record_head {
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;
  uint32_t crc = 0; // of key and value
};

std::optional<record_head> read_head(std::string_view bytes) {
  if (bytes.size() < head_bytes || masked_crc32c(bytes.substr(0, 24)) != fixed32(bytes, 24))
    return std::nullopt;
  record_head out{fixed64(bytes, 0), fixed64(bytes, 8), fixed32(bytes, 28)};
  if (out.key_bytes == 0 || out.key_bytes > key_bytes_max)
    return std::nullopt;
  return out;
}

class blob_reader {
public:
  explicit blob_reader(const std::filesystem::path& file)
      : file_{file}
      , in_{file, std::ios::binary} {
    in_.seekg(0, std::ios::end);
    error_ = in_ ? 0 : errno;
    size_ = in_ ? static_cast<uint64_t>(in_.tellg()) : 0;
  }

  [[nodiscard]] uint64_t size() const { return size_; }

  /// So many bytes from there on, fewer only at the end of the file; a failure is one of the disk.
  result<std::string> at(uint64_t offset, uint64_t bytes) {
    const auto due = std::min(bytes, size_ - std::min(offset, size_));
    std::string out(due, '\0');
    errno = error_;
    in_.seekg(static_cast<std::streamoff>(offset));
    in_.read(out.data(), static_cast<std::streamsize>(due));
    if (!in_)
      return fail(errc::storage_failure, "read_failed",
                  file_.string() + " can't be read from byte " + std::to_string(offset) + " on: " +
                      (errno != 0 ? std::generic_category().message(errno) : "it ends early"));
    return out;
  }

  /// The next sound head from there on; the file's size when there is none.
  result<uint64_t> next_head(uint64_t from) {
    while (from + head_bytes <= size_) {
      const auto bytes = at(from, look_bytes);
      if (!bytes)
        return tl::unexpected{bytes.error()};
      const std::string_view all{*bytes};
      for (size_t i = 0; i + head_bytes <= all.size(); ++i)
        if (read_head(all.substr(i, head_bytes)))
          return from + i;
      from += all.size() - head_bytes + 1;
    }
    return size_;
  }

private:
  std::filesystem::path file_;
  std::ifstream in_;
  int error_ = 0; // of opening it
  uint64_t size_ = 0;
};

} // namespace

result<blob_scan> scan_blobs(const std::filesystem::path& file, bool values,
                             const std::function<void(blob_place)>& each) {
  blob_reader in{file};
  const auto begin = in.at(0, file_head_bytes);
  if (!begin)
    return tl::unexpected{begin.error()};
  // A damaged file head says nothing about the records behind it; values are compressed only in
  // families that hold no media yet.
  const bool known = begin->size() == file_head_bytes && fixed32(*begin, 0) == magic;
  if (known && (*begin)[compression_at] != 0)
    return fail(errc::unsupported, "blobs_compressed", file.string() + " holds compressed values");
  blob_scan out;
  out.damaged += known ? 0 : 1;
  uint64_t at = file_head_bytes;
  for (;;) {
    const auto bytes = in.at(at, head_bytes + key_bytes_max);
    if (!bytes)
      return tl::unexpected{bytes.error()};
    if (bytes->size() == file_foot_bytes && fixed32(*bytes, 0) == magic)
      return out;
    const auto head = read_head(std::string_view{*bytes}.substr(0, head_bytes));
    if (!head || head->value_bytes > in.size() ||
        at + head_bytes + head->key_bytes + head->value_bytes > in.size()) {
      ++out.damaged;
      const auto next = in.next_head(at + 1);
      if (!next)
        return tl::unexpected{next.error()};
      at = *next;
      if (at == in.size())
        return out;
      continue;
    }
    blob_place place{bytes->substr(head_bytes, head->key_bytes), at + head_bytes + head->key_bytes,
                     head->value_bytes};
    at = place.offset + place.size;
    if (values) {
      const auto value = in.at(place.offset, place.size);
      if (!value)
        return tl::unexpected{value.error()};
      if (masked_crc32c(place.key + *value) != head->crc)
        ++out.damaged;
    }
    each(std::move(place));
  }
}

result<std::string> read_blob(const std::filesystem::path& file, const blob_place& place) {
  auto bytes = blob_reader{file}.at(place.offset, place.size);
  if (bytes && bytes->size() != place.size)
    return fail(errc::storage_failure, "read_failed",
                file.string() + " can't be read to the end of a value: it ends early");
  return bytes;
}

} // namespace restante
