#include "actors/pin_hash.hpp"

#include <sodium.h>

#include <charconv>
#include <new>
#include <optional>
#include <stdexcept>

namespace restante {

namespace {

constexpr int base64 = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

/// A stored string, taken apart.
struct stored_hash {
  hash_cost cost;
  std::array<uint8_t, crypto_pwhash_argon2id_SALTBYTES> salt;
  std::array<uint8_t, 32> output;
};

/// What Argon2id hashes in place of the PIN; the first part keeps other digests under the same key
/// apart. Frozen: changing it invalidates every stored PIN.
digest peppered(std::string_view pin, const secret_key& pepper) {
  const std::array<std::string_view, 2> parts{"restante.pin", pin};
  return keyed_digest(pepper, parts);
}

bool within_bounds(hash_cost cost) {
  return cost.operations >= crypto_pwhash_argon2id_OPSLIMIT_MIN &&
         cost.operations <= hash_cost_max.operations &&
         cost.memory_bytes >= crypto_pwhash_argon2id_MEMLIMIT_MIN &&
         cost.memory_bytes <= hash_cost_max.memory_bytes;
}

bool skip(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected))
    return false;
  text.remove_prefix(expected.size());
  return true;
}

bool read_number(std::string_view& text, uint32_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return error == std::errc{};
}

template <size_t Size>
bool read_base64(std::string_view& text, std::array<uint8_t, Size>& bytes) {
  size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes.data(), Size, text.data(), text.size(), nullptr, &size, &end,
                        base64) != 0)
    return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return size == Size;
}

/// Takes "$argon2id$v=19$m=19456,t=2,p=1$<salt>$<output>" apart; nothing for any other form.
std::optional<stored_hash> parse(std::string_view text) {
  stored_hash parsed{};
  uint32_t kibibytes = 0, passes = 0;
  if (!skip(text, "$argon2id$v=19$m=") || !read_number(text, kibibytes) || !skip(text, ",t=") ||
      !read_number(text, passes) || !skip(text, ",p=1$") || !read_base64(text, parsed.salt) ||
      !skip(text, "$") || !read_base64(text, parsed.output) || !text.empty())
    return std::nullopt;
  parsed.cost = {passes, size_t{kibibytes} * 1024};
  return parsed;
}

} // namespace

std::string hash_pin(std::string_view pin, const secret_key& pepper, hash_cost cost) {
  if (!within_bounds(cost))
    throw std::invalid_argument{"the cost of a PIN hash is 1 to 16 passes and 8 KiB to 256 MiB"};
  auto input = peppered(pin, pepper);
  std::array<char, crypto_pwhash_STRBYTES> stored{};
  if (crypto_pwhash_str_alg(stored.data(), input.view().data(), input.view().size(),
                            cost.operations, cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw std::bad_alloc{};
  return stored.data();
}

bool verify_pin(std::string_view stored, std::string_view pin, const secret_key& pepper) {
  // Not crypto_pwhash_str_verify: it calls a lack of memory a mismatch, which would then count
  // against the subscriber, and it computes whatever cost the string asks for.
  auto expected = parse(stored);
  if (!expected || !within_bounds(expected->cost))
    return false;
  auto input = peppered(pin, pepper);
  std::array<uint8_t, 32> output{};
  if (crypto_pwhash(output.data(), output.size(), input.view().data(), input.view().size(),
                    expected->salt.data(), expected->cost.operations, expected->cost.memory_bytes,
                    crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw std::bad_alloc{};
  return sodium_memcmp(output.data(), expected->output.data(), output.size()) == 0;
}

std::string dummy_hash(const secret_key& pepper, hash_cost cost) {
  // Sixteen random bytes are a PIN nobody can type.
  return hash_pin(random_bytes(16), pepper, cost);
}

} // namespace restante
