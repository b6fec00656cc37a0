// How PINs are kept: Argon2id over a keyed digest of the PIN. A PIN has so few values that a stolen
// store could be searched at any cost of hashing; the pepper therefore lives outside the store, and
// without it there is nothing to search. Losing the pepper makes every stored PIN useless.
// These functions take milliseconds and megabytes by design: call them on a worker only.
#pragma once

#include "schemas/crypto.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace restante {

/// Argon2id with one lane. The default is the OWASP minimum (Password Storage Cheat Sheet: 19 MiB,
/// two passes). The cost is part of the stored string, so raising it keeps older hashes valid.
struct hash_cost {
  unsigned long long operations = 2;
  size_t memory_bytes = size_t{19} * 1024 * 1024;
};

/// No hash costs more, neither one made nor one found in the store: a damaged or hostile stored
/// string must not take the memory of the node.
inline constexpr hash_cost hash_cost_max{16, size_t{256} * 1024 * 1024};

/// The string to store for `pin`, "$argon2id$v=19$…", different every time. Throws
/// std::invalid_argument for a cost that is out of bounds (the least is one pass and 8 KiB) and
/// std::bad_alloc when there is no memory for it.
[[nodiscard]] std::string hash_pin(std::string_view pin, const secret_key& pepper, hash_cost cost);

/// True when `stored` came from hash_pin with the same PIN and pepper; false for anything else,
/// malformed strings and costs above hash_cost_max included. Throws only std::bad_alloc, when
/// there is no memory to decide: that must not count as a wrong PIN.
[[nodiscard]] bool verify_pin(std::string_view stored, std::string_view pin,
                              const secret_key& pepper);

/// A stored string no PIN matches. Verifying against it takes as long for a subscriber who does not
/// exist or has no PIN as for one who does, so that time does not tell them apart.
[[nodiscard]] std::string dummy_hash(const secret_key& pepper, hash_cost cost);

} // namespace restante
