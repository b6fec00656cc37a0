// 128-bit checksums of content (XXH3): tell a retried deposit from a different one under the same
// id, and damaged media from sound. Not a secret and not an identity: only the tenant that made
// both contents could make two alike, and would fool nobody but itself. BLAKE2b, which ids use,
// takes ten times as long for a 40,000-byte recording.
#pragma once

#include "schemas/ids.hpp"

#include <string_view>

namespace restante {

/// The checksum of one run of bytes. Stable for ever: it is on disk.
[[nodiscard]] digest checksum(std::string_view bytes);

} // namespace restante
