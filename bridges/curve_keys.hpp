// CURVE key pairs as users see them: 40 characters of Z85 each, in files an operator hands over.
#pragma once

#include "schemas/crypto.hpp"
#include "schemas/error.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace restante {

/// Z85 text of a 32-byte key.
[[nodiscard]] std::string to_z85(std::string_view key32);

/// The 32 bytes behind 40 characters of Z85; nothing for anything else.
[[nodiscard]] std::optional<std::string> from_z85(std::string_view text);

/// The public key of a secret one, 32 bytes.
[[nodiscard]] std::string curve_public(const secret_key& secret);

/// The same of a secret key that is 32 raw bytes; empty for any other length.
[[nodiscard]] std::string public_of(std::string_view secret32);

/// What a client needs to reach a node: made by `restante tenant add`, mode 0600. A TOML file with
/// the keys `tenant`, `endpoint`, `server_key`, `public_key`, `secret_key`, all texts.
struct identity {
  std::string tenant;
  std::string endpoint;   // "tcp://127.0.0.1:5601"; or "ipc://…" with no keys at all
  std::string server_key; // Z85; empty: no CURVE
  std::string public_key; // Z85
  std::string secret_key; // Z85
};

} // namespace restante
