// Identity files: what `restante tenant add` hands to a tenant, and what `--as FILE` reads. TOML
// with the keys of `identity` (bridges/curve_keys.hpp). A file holds a secret key, so only its
// owner may read it: nothing here makes or accepts any other.
//
// Invariants of what read_identity returns: the endpoint is tcp:// or ipc://; the three keys are
// all there or all absent; the public key belongs to the secret one.
#pragma once

#include "bridges/curve_keys.hpp"
#include "schemas/error.hpp"

#include <filesystem>

namespace restante {

/// Reads and checks a file. Failures are invalid_request, with reasons identity_exposed (the group
/// or others may access it), identity_malformed, or those of read_config (config_unreadable,
/// config_syntax, config_unknown_key, ...); texts begin with "file:line:column: " and never repeat
/// a secret key.
[[nodiscard]] result<identity> read_identity(const std::filesystem::path& file);

/// Creates the file with mode 0600; when this returns without an error it is on disk. Never
/// overwrites: a secret key cannot be made again. Reasons: identity_exists (conflict),
/// identity_unwritable (invalid_request; nothing is left).
[[nodiscard]] result<void> write_identity(const std::filesystem::path& file, const identity& who);

} // namespace restante
