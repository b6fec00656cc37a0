// Cryptography as this engine uses it: secret keys and their files, digests, random bytes.
// The functions wrap libsodium; nothing here chooses an algorithm at run time. Digests become ids
// on disk, so what they hash and how is frozen by golden vectors in tests/schemas/crypto_test.cpp.
#pragma once

#include "schemas/error.hpp"
#include "schemas/ids.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace restante {

/// Prepares libsodium. Every program calls it once before anything else here; calling it again, or
/// from several threads, does no harm. Throws std::runtime_error when there is no entropy source.
void init_crypto();

/// 32 secret bytes: a pepper or the key of a keyed digest. Each copy wipes its own bytes when it
/// dies. There is no default key: one of zeros would work and protect nothing.
struct secret_key {
  std::array<uint8_t, 32> bytes;

  explicit secret_key(const std::array<uint8_t, 32>& raw) : bytes{raw} {}
  secret_key(const secret_key&) = default;
  secret_key(secret_key&&) = default;
  secret_key& operator=(const secret_key&) = default;
  secret_key& operator=(secret_key&&) = default;
  ~secret_key();
};

/// A fresh key from the system's generator.
[[nodiscard]] secret_key random_key();

/// `count` bytes from the system's generator.
[[nodiscard]] std::string random_bytes(size_t count);

/// BLAKE2b with a 16-byte result under `key`. Every part is preceded by its length as eight
/// little-endian bytes, so that ("ab", "c") and ("a", "bc") differ. Start with a constant part that
/// names the purpose: then no digest for one purpose is ever valid for another.
[[nodiscard]] digest keyed_digest(const secret_key& key, std::span<const std::string_view> parts);

/// The same without a key: for comparing contents, not against somebody who may choose them.
[[nodiscard]] digest plain_digest(std::span<const std::string_view> parts);

/// Compares secrets in a time that tells nothing but whether their lengths are equal.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

/// Reads a key that write_key_file wrote: 64 hex characters and a newline (which may be missing).
/// Reasons: key_file_missing (not_found), key_file_exposed (invalid_request: the group or others
/// may access it), key_file_malformed and key_file_unreadable (storage_failure). The texts name
/// the file and never repeat its contents.
[[nodiscard]] result<secret_key> read_key_file(const std::filesystem::path& path);

/// Creates a key file that only its owner may read. When this returns without an error the file
/// and its name are on disk. Never overwrites, because a lost key cannot be made again.
/// Reasons: key_file_exists (conflict), key_file_unwritable (storage_failure; nothing is left).
[[nodiscard]] result<void> write_key_file(const std::filesystem::path& path, const secret_key& key);

} // namespace restante
