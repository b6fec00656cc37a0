#include "schemas/wire_codec.hpp"
#include "schemas/wire_fields.hpp"

#include <algorithm>

namespace restante {

namespace {

using namespace capnp_io;

std::string raw(::capnp::Text::Reader from) { return std::string{view(from)}; }

media_type read_type(wire::MediaType from) {
  return from <= wire::MediaType::MP4 ? static_cast<media_type>(from) : media_type::unknown;
}

/// Reasons are static on the node and free text here: kept as text, with the reason in front.
failure read_failure(wire::Failure::Reader from) {
  failure out;
  out.code = error_code(static_cast<uint16_t>(from.getCode()));
  out.reason = "refused_by_node";
  out.text = raw(from.getText());
  if (!view(from.getReason()).empty())
    out.text += " [" + raw(from.getReason()) + "]";
  return out;
}

profile_id read_profile_id(::capnp::Text::Reader from) {
  auto id = parse_profile_id(view(from));
  if (!id)
    refuse("profile_id_malformed", "the node sent a malformed profile id");
  return *id;
}

message_record read_header(wire::Header::Reader from) {
  message_record out;
  out.id = own_id<message_id>(from.getMessageId());
  out.uid = from.getUid();
  out.format = static_cast<message_format>(from.getFormat());
  out.caller = raw(from.getCaller());
  out.called_at = from.getCalledAtMs();
  out.stored_at = from.getStoredAtMs();
  out.duration_ms = from.getDurationMs();
  for (size_t i = 0; i < flag_count; ++i)
    out.flags[i].value = (from.getFlags() >> i & 1) != 0;
  out.deposited_by = raw(from.getDepositedBy());
  for (auto part : from.getParts())
    out.parts.push_back({read_type(part.getType()), part.getSize(), {}});
  return out;
}

answer::profile read_profile(wire::Profile::Reader from) {
  answer::profile out;
  out.id = read_profile_id(from.getProfileId());
  out.imei = raw(from.getImei());
  out.number = raw(from.getNumber());
  out.language = raw(from.getLanguage());
  out.time_zone = raw(from.getTimeZone());
  out.notifications = from.getNotifications();
  out.has_pin = from.getHasPin();
  for (auto kind : from.getGreetings())
    out.greetings.push_back(static_cast<greeting_kind>(kind));
  out.messages = from.getMessages();
  out.unheard = from.getUnheard();
  out.tenant = raw(from.getTenant());
  return out;
}

answer::event read_event(wire::Event::Reader from) {
  answer::event out;
  out.sequence = from.getSequence();
  out.what = static_cast<cause>(from.getCause());
  out.profile = raw(from.getProfileId());
  if (from.getMessageId().size() != 0)
    out.message = own_id<message_id>(from.getMessageId());
  out.uid = from.getUid();
  out.at = from.getAtMs();
  out.request_id = std::string{view(from.getRequestId())};
  out.tenant = raw(from.getTenant());
  if (from.getFailure().getCode() != wire::ErrorCode::NONE)
    out.why = read_failure(from.getFailure());
  return out;
}

answer::message read_message(wire::Message::Reader from, media_frames& media) {
  answer::message out;
  out.header = read_header(from.getHeader());
  for (auto part : from.getHeader().getParts())
    out.parts.push_back(media.take(part));
  return out;
}

outcome read_outcome(wire::Reply::Reader from, media_frames& media) {
  using which = wire::Reply::Which;
  switch (from.which()) {
  case which::FAILED:
    return read_failure(from.getFailed());
  case which::PONG:
    return answer::pong{};
  case which::REGISTERED:
    return answer::registered{read_profile_id(from.getRegistered().getProfileId()),
                              from.getRegistered().getAlreadyHadAccess()};
  case which::PROFILE:
    return read_profile(from.getProfile());
  case which::DEPOSITED: {
    auto r = from.getDeposited();
    return answer::deposited{own_id<message_id>(r.getMessageId()), r.getUid(), r.getDurationMs(),
                             r.getDuplicate(), r.getSequence()};
  }
  case which::LISTING: {
    answer::listing out;
    for (auto header : from.getListing().getHeaders())
      out.headers.push_back(read_header(header));
    out.more = from.getListing().getMore();
    return out;
  }
  case which::MESSAGE:
    return read_message(from.getMessage(), media);
  case which::CHALLENGE:
    return answer::challenge{std::string{view(from.getChallenge().getChallenge())},
                             from.getChallenge().getExpiresAtMs()};
  case which::DONE:
    return answer::done{from.getDone().getChanged()};
  case which::GREETING:
    return answer::greeting{static_cast<greeting_kind>(from.getGreeting().getKind()),
                            media.take(from.getGreeting().getMedia())};
  case which::SUBSCRIBED:
    return answer::subscribed{from.getSubscribed().getFrom()};
  case which::EVENT:
    return read_event(from.getEvent());
  case which::TENANTS: {
    answer::tenants out;
    for (auto tenant : from.getTenants()) {
      out.all.push_back(read_tenant(tenant));
      out.all.back().revoked = tenant.getRevoked();
    }
    return out;
  }
  case which::SUBSCRIBERS: {
    answer::subscribers out;
    for (auto profile : from.getSubscribers())
      out.page.push_back(read_profile(profile));
    return out;
  }
  case which::RECORDS: {
    answer::records out;
    for (auto r : from.getRecords())
      out.page.push_back({r.getDay(),
                          r.getSequence(),
                          {r.getAtMs(), raw(r.getKind()), raw(r.getTenant()), raw(r.getProfileId()),
                           raw(r.getDetail())}});
    return out;
  }
  case which::STATUS: {
    answer::status out;
    for (auto figure : from.getStatus())
      out.figures.emplace_back(raw(figure.getName()), raw(figure.getValue()));
    return out;
  }
  case which::COPIES: {
    answer::copies out;
    for (auto copy : from.getCopies())
      out.all.push_back({raw(copy.getNode()), raw(copy.getRegion()), raw(copy.getRole()),
                         copy.getThere(), copy.getLeaving(), own_id<digest>(copy.getDigest()),
                         copy.getMessages(), raw(copy.getLocation()), raw(copy.getProblem())});
    return out;
  }
  }
  refuse("reply_unknown", "the node's answer is newer than this program; update it",
         errc::unsupported);
}

} // namespace

failure as_said(failure read) {
  const auto from = read.text.rfind(" [");
  if (from == std::string::npos || read.text.back() != ']')
    return read;
  read.reason = reason_constant(
      std::string_view{read.text}.substr(from + 2, read.text.size() - from - 3), read.reason);
  read.text.resize(from);
  return read;
}

result<reply> decode_reply(std::string_view envelope, std::vector<chunk> media) {
  return read_untrusted<wire::Reply>(envelope, limits::reply_envelope_bytes_max,
                                     [&](wire::Reply::Reader root) {
                                       media_frames given{std::move(media)};
                                       reply out{root.getCorrelation(), read_outcome(root, given)};
                                       given.finish();
                                       return out;
                                     });
}

} // namespace restante
