#include "actors/deposit.hpp"

#include "actors/media.hpp"
#include "schemas/big_endian.hpp"
#include "schemas/checksum.hpp"
#include "schemas/limits.hpp"

namespace restante {

namespace {

result<void> check_times(const op::deposit& what, wall_ms now) {
  auto latest = now + milliseconds{limits::call_time_ahead_max}.count();
  if (what.called_at < limits::call_time_min_ms || what.called_at > latest)
    return fail(errc::invalid_request, "call_time_out_of_range",
                "calledAtMs must be milliseconds since 1970 UTC, between 1990 and 15 minutes "
                "from now");
  if (milliseconds{what.claimed_duration_ms} > limits::duration_max)
    return fail(errc::invalid_request, "duration_out_of_range",
                "durationMs must be at most 24 hours");
  return {};
}

/// The decoded fields and the media, not the bytes of the envelope, which have many encodings.
digest content_digest(const op::deposit& what, const std::vector<part_record>& parts) {
  std::string fields;
  auto put = [&](uint64_t number) { fields += big_endian(number); };
  put(static_cast<uint64_t>(what.format));
  put(what.caller.size());
  fields += what.caller;
  put(static_cast<uint64_t>(what.called_at));
  put(what.urgent);
  for (const auto& part : parts) {
    put(static_cast<uint64_t>(part.type));
    put(part.size);
    fields += part.content.view();
  }
  return checksum(fields);
}

} // namespace

result<message_record> examine_deposit(const op::deposit& what, wall_ms now) {
  if (what.parts.empty())
    return fail(errc::invalid_request, "media_missing",
                "a deposit carries at least one media part");
  if (auto ok = check_times(what, now); !ok)
    return tl::unexpected<failure>{ok.error()};
  message_record out;
  for (const auto& part : what.parts) {
    auto info = probe_media(part.type, part.bytes.view());
    if (!info)
      return tl::unexpected<failure>{info.error()};
    if (info->duration)
      out.duration_ms += static_cast<uint32_t>(info->duration->count());
    out.parts.push_back({part.type, part.bytes.size(), checksum(part.bytes.view())});
  }
  out.content = content_digest(what, out.parts);
  out.format = what.format;
  out.caller = what.caller;
  out.called_at = what.called_at;
  out.stored_at = now;
  return out;
}

} // namespace restante
