#include "schemas/checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace restante {

digest checksum(std::string_view bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  digest out;
  static_assert(sizeof canonical.digest == sizeof out.bytes);
  std::memcpy(out.bytes.data(), canonical.digest, sizeof out.bytes);
  return out;
}

} // namespace restante
