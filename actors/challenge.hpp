// Challenges as bytes: made and checked without any store. Pure.
#pragma once

#include "schemas/crypto.hpp"
#include "schemas/messages.hpp"

namespace restante {

inline constexpr size_t challenge_bytes = 8 + 8 + 16; // expiry, nonce, keyed hash

/// A challenge for exactly this request of this tenant, good until `expires_at`. `nonce` is eight
/// random bytes.
[[nodiscard]] std::string make_challenge(const secret_key& key, std::string_view tenant,
                                         const request& what, wall_ms expires_at,
                                         std::string_view nonce);

/// Whether `challenge` was made for this request and has not expired.
[[nodiscard]] bool challenge_holds(const secret_key& key, std::string_view tenant,
                                   const request& what, std::string_view challenge, wall_ms now);

/// When a challenge expires; 0 when it is malformed.
[[nodiscard]] wall_ms challenge_expiry(std::string_view challenge);

} // namespace restante
