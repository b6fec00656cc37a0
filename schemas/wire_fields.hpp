// Fields that requests, replies and stored values share; included by the codecs only.
#pragma once

#include "schemas/capnp_io.hpp"
#include "schemas/messages.hpp"
#include "schemas/request.capnp.h"

namespace restante::capnp_io {

/// Hands out the media frames in order and checks each against its description.
class media_frames {
public:
  explicit media_frames(std::vector<chunk> frames) : frames_{std::move(frames)} {}

  media_part take(wire::Part::Reader part) {
    media_part out;
    auto type = static_cast<uint16_t>(part.getType());
    out.type = type <= static_cast<uint16_t>(media_type::mp4) ? static_cast<media_type>(type)
                                                              : media_type::unknown;
    out.bytes = take(part.getSize());
    return out;
  }

  /// The next frame, which must be `size` bytes long.
  chunk take(uint64_t size) {
    auto out = take();
    if (out.size() != size)
      refuse("frame_size_mismatch", "media frame " + std::to_string(next_) + " has " +
                                        std::to_string(out.size()) + " bytes, the envelope says " +
                                        std::to_string(size));
    return out;
  }

  /// The next frame.
  chunk take() {
    if (next_ == frames_.size())
      refuse("frames_missing", "fewer media frames than the envelope describes");
    return std::move(frames_[next_++]);
  }

  [[nodiscard]] size_t left() const { return frames_.size() - next_; }

  /// Every frame must have been described.
  void finish() const {
    if (next_ != frames_.size())
      refuse("frames_extra", "more media frames than the envelope describes");
  }

private:
  std::vector<chunk> frames_;
  size_t next_ = 0;
};

inline void put_part(wire::Part::Builder to, media_type type, uint64_t size) {
  to.setType(static_cast<wire::MediaType>(type));
  to.setSize(size);
}

inline void put_failure(wire::Failure::Builder to, const failure& from) {
  to.setCode(static_cast<wire::ErrorCode>(from.code));
  to.setReason(from.reason);
  to.setText(text(from.text));
  if (from.code == errc::busy)
    to.setRetryAfterMs(50);
}

/// On the wire and on disk alike.
template <class Builder>
void put_tenant(Builder to, const tenant_record& from) {
  to.setName(text(from.name));
  to.setRole(static_cast<wire::Role>(from.is));
  to.setPublicKey(blob(from.public_key));
  to.setRegion(text(from.region));
  to.setLanguage(text(from.language));
  auto serves = to.initServes(static_cast<unsigned>(from.serves.size()));
  for (unsigned i = 0; i < serves.size(); ++i)
    serves.set(i, text(from.serves[i]));
  to.setShortCode(text(from.short_code));
  to.setRevoked(from.revoked);
}

/// Fields of a tenant, which TenantAdd and Tenant have alike.
template <class Reader>
tenant_record read_tenant(Reader from) {
  tenant_record out;
  out.name = line(from.getName(), limits::name_bytes_max, "tenant name");
  auto is = static_cast<uint16_t>(from.getRole());
  if (is > static_cast<uint16_t>(role::operator_))
    refuse("role_unknown", "this node does not know the role", errc::unsupported);
  out.is = static_cast<role>(is);
  out.public_key = std::string{view(from.getPublicKey())};
  out.region = line(from.getRegion(), limits::name_bytes_max, "region");
  out.language = line(from.getLanguage(), limits::name_bytes_max, "language");
  if (from.getServes().size() > 1024)
    refuse("list_too_long", "a tenant serves at most 1,024 others");
  for (auto name : from.getServes())
    out.serves.push_back(line(name, limits::name_bytes_max, "served tenant"));
  out.short_code = line(from.getShortCode(), limits::name_bytes_max, "short code");
  return out;
}

} // namespace restante::capnp_io
