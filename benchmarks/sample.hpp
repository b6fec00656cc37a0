// Media for load: sound AMR of any size, so that the node's checks see what they see in life.
#pragma once

#include <string>

namespace restante::bench {

/// An AMR 12.2 recording of exactly `size` bytes (at least 38: a header and one frame); `salt`
/// makes recordings differ.
[[nodiscard]] std::string amr_of_size(size_t size, uint64_t salt);

} // namespace restante::bench
