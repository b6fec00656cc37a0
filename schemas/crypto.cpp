#include "schemas/crypto.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace restante {

namespace {

constexpr size_t key_hex_size = 64;

/// Closes a descriptor on every way out.
struct descriptor {
  int fd;
  explicit descriptor(int opened) : fd{opened} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

/// Characters of a key file; wiped, because they are the key.
struct key_text {
  std::array<char, key_hex_size + 2> chars{};
  key_text() = default;
  key_text(const key_text&) = delete;
  key_text& operator=(const key_text&) = delete;
  ~key_text() { sodium_memzero(chars.data(), chars.size()); }
};

std::string system_text(int error) { return std::generic_category().message(error); }

std::string about(const std::filesystem::path& path, const std::string& what) {
  return "key file " + path.string() + ": " + what;
}

digest digest_of(const uint8_t* key, size_t key_size, std::span<const std::string_view> parts) {
  crypto_generichash_state state;
  digest made;
  crypto_generichash_init(&state, key, key_size, made.bytes.size());
  for (auto part : parts) {
    std::array<uint8_t, 8> length{};
    for (size_t i = 0; i < length.size(); ++i)
      length[i] = static_cast<uint8_t>(uint64_t{part.size()} >> (8 * i));
    crypto_generichash_update(&state, length.data(), length.size());
    crypto_generichash_update(&state, reinterpret_cast<const uint8_t*>(part.data()), part.size());
  }
  crypto_generichash_final(&state, made.bytes.data(), made.bytes.size());
  sodium_memzero(&state, sizeof state);
  return made;
}

/// Fills `room` as far as the file goes; -1 with errno set on failure.
ssize_t read_all(int fd, std::span<char> room) {
  size_t filled = 0;
  while (filled < room.size()) {
    auto got = ::read(fd, room.data() + filled, room.size() - filled);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return -1;
    if (got == 0)
      break;
    filled += static_cast<size_t>(got);
  }
  return static_cast<ssize_t>(filled);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return false;
    text.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

/// Makes the name of a new file durable; its contents are another fsync.
bool sync_directory_of(const std::filesystem::path& path) {
  auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
  descriptor directory{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return directory.fd >= 0 && ::fsync(directory.fd) == 0;
}

} // namespace

void init_crypto() {
  if (sodium_init() < 0)
    throw std::runtime_error{"libsodium found no source of random bytes on this system"};
}

secret_key::~secret_key() { sodium_memzero(bytes.data(), bytes.size()); }

secret_key random_key() {
  secret_key key{{}};
  randombytes_buf(key.bytes.data(), key.bytes.size());
  return key;
}

std::string random_bytes(size_t count) {
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

digest keyed_digest(const secret_key& key, std::span<const std::string_view> parts) {
  return digest_of(key.bytes.data(), key.bytes.size(), parts);
}

digest plain_digest(std::span<const std::string_view> parts) {
  return digest_of(nullptr, 0, parts);
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

result<secret_key> read_key_file(const std::filesystem::path& path) {
  // Not blocking: the name may be a pipe, which would wait for a writer.
  descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0 && errno == ENOENT)
    return fail(errc::not_found, "key_file_missing",
                about(path, "there is no such file; create it or correct the configured path"));
  struct stat info {};
  if (file.fd < 0 || ::fstat(file.fd, &info) != 0)
    return fail(errc::storage_failure, "key_file_unreadable", about(path, system_text(errno)));
  if (!S_ISREG(info.st_mode))
    return fail(errc::storage_failure, "key_file_unreadable",
                about(path, "expected a regular file"));
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(errc::invalid_request, "key_file_exposed",
                about(path, "its group or others may access it; allow only its owner (chmod 600)"));
  key_text text;
  auto size = read_all(file.fd, text.chars);
  if (size < 0)
    return fail(errc::storage_failure, "key_file_unreadable", about(path, system_text(errno)));
  auto digits = static_cast<size_t>(size);
  if (digits == key_hex_size + 1 && text.chars[key_hex_size] == '\n')
    digits = key_hex_size;
  secret_key key{{}};
  if (digits != key_hex_size ||
      sodium_hex2bin(key.bytes.data(), key.bytes.size(), text.chars.data(), digits, nullptr,
                     nullptr, nullptr) != 0)
    return fail(errc::storage_failure, "key_file_malformed",
                about(path, "expected 64 hex characters and a newline; restore it from a backup"));
  return key;
}

result<void> write_key_file(const std::filesystem::path& path, const secret_key& key) {
  descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.fd < 0 && errno == EEXIST)
    return fail(errc::conflict, "key_file_exists",
                about(path, "it exists already and is never overwritten; choose another name"));
  if (file.fd < 0)
    return fail(errc::storage_failure, "key_file_unwritable", about(path, system_text(errno)));
  key_text text;
  sodium_bin2hex(text.chars.data(), key_hex_size + 1, key.bytes.data(), key.bytes.size());
  text.chars[key_hex_size] = '\n';
  if (!write_all(file.fd, {text.chars.data(), key_hex_size + 1}) || ::fsync(file.fd) != 0 ||
      !sync_directory_of(path)) {
    auto error = errno;
    ::unlink(path.c_str());
    return fail(errc::storage_failure, "key_file_unwritable", about(path, system_text(error)));
  }
  return {};
}

} // namespace restante
