#include "schemas/wire_codec.hpp"
#include "schemas/wire_fields.hpp"

#include <algorithm>

namespace restante {

namespace {

using namespace capnp_io;

subscriber_ref read_subscriber(wire::Subscriber::Reader from) {
  using which = wire::Subscriber::Which;
  switch (from.which()) {
  case which::PROFILE_ID:
    return {subscriber_ref::by::profile,
            line(from.getProfileId(), limits::name_bytes_max, "profile id")};
  case which::IMEI:
    return {subscriber_ref::by::imei, line(from.getImei(), limits::name_bytes_max, "IMEI")};
  case which::NUMBER:
    return {subscriber_ref::by::number, line(from.getNumber(), limits::name_bytes_max, "number")};
  case which::NONE:
    refuse("subscriber_missing", "name the subscriber by profile id, IMEI or number");
  }
  refuse("subscriber_kind_unknown", "this node does not know that kind of subscriber name",
         errc::unsupported);
}

message_ref read_message(wire::MessageRef::Reader from) {
  using which = wire::MessageRef::Which;
  switch (from.which()) {
  case which::ID:
    return {id16_field<message_id>(from.getId(), "message id"), 0};
  case which::UID:
    if (from.getUid() == 0)
      refuse("id_malformed", "message numbers begin at 1");
    return {std::nullopt, from.getUid()};
  case which::NONE:
    refuse("message_missing", "name the message by id or number");
  }
  refuse("message_kind_unknown", "this node does not know that kind of message name",
         errc::unsupported);
}

challenge_answer read_answer(wire::ChallengeAnswer::Reader from) {
  if (from.getChallenge().size() > 128)
    refuse("challenge_malformed", "send the challenge back as it came");
  return {std::string{view(from.getChallenge())},
          line(from.getPin(), limits::name_bytes_max, "PIN")};
}

channel read_channel(wire::Channel from) {
  if (from > wire::Channel::DEVICE)
    refuse("channel_unknown", "this node does not know the channel", errc::unsupported);
  return static_cast<channel>(from);
}

greeting_kind read_kind(wire::GreetingKind from) {
  if (static_cast<uint16_t>(from) >= greeting_kinds)
    refuse("greeting_kind_unknown", "this node knows normal, busy and name", errc::unsupported);
  return static_cast<greeting_kind>(from);
}

std::optional<media_part> read_optional_part(wire::Part::Reader from, media_frames& media) {
  if (from.getSize() == 0)
    return std::nullopt;
  return media.take(from);
}

uint8_t read_flags(uint8_t bits) {
  if ((bits & ~all_flags) != 0)
    refuse("flag_unknown", "flags are 1 played, 2 saved, 4 urgent, 8 deleted", errc::unsupported);
  return bits;
}

op::deposit read_deposit(wire::Deposit::Reader from, media_frames& media) {
  op::deposit out;
  if (from.getFormat() > wire::MessageFormat::IMAGE)
    refuse("format_unknown", "this node does not know the message format", errc::unsupported);
  out.format = static_cast<message_format>(from.getFormat());
  out.caller = line(from.getCaller(), limits::caller_bytes_max, "caller");
  out.called_at = from.getCalledAtMs();
  out.claimed_duration_ms = from.getDurationMs();
  out.urgent = from.getUrgent();
  auto parts = from.getParts();
  if (parts.size() > limits::parts_max)
    refuse("list_too_long", "a message has at most 8 parts");
  for (auto part : parts)
    out.parts.push_back(media.take(part));
  if (from.getDurability() > wire::Durability::REPLICATED)
    refuse("durability_unknown", "this node does not know the durability", errc::unsupported);
  out.until = static_cast<op::durability>(from.getDurability());
  return out;
}

ask::register_device read_register(wire::Register::Reader from, media_frames& media) {
  ask::register_device out;
  out.imei = line(from.getImei(), limits::name_bytes_max, "IMEI");
  out.number = line(from.getNumber(), limits::name_bytes_max, "number");
  out.pin = line(from.getPin(), limits::name_bytes_max, "PIN");
  out.language = line(from.getLanguage(), limits::name_bytes_max, "language");
  out.time_zone = line(from.getTimeZone(), limits::name_bytes_max, "time zone");
  out.greeting = read_optional_part(from.getGreeting(), media);
  out.owner = line(from.getOwner(), limits::name_bytes_max, "owner");
  return out;
}

op::set_preferences read_preferences(wire::SetPreferences::Reader from) {
  if (from.getNotifications() > wire::Switch::OFF)
    refuse("switch_unknown", "notifications are unchanged, on or off", errc::unsupported);
  return {line(from.getLanguage(), limits::name_bytes_max, "language"),
          line(from.getTimeZone(), limits::name_bytes_max, "time zone"),
          static_cast<toggle>(from.getNotifications())};
}

ask::subscriber_list read_subscriber_list(wire::SubscriberList::Reader from) {
  ask::subscriber_list out;
  out.tenant = line(from.getTenant(), limits::name_bytes_max, "tenant name");
  if (from.getAfter().size() != 0)
    out.after = id16_field<mailbox_id>(from.getAfter(), "after");
  out.limit = from.getLimit();
  return out;
}

operation of(wire::Subscriber::Reader who, mailbox_op what) {
  return ask::of_mailbox{read_subscriber(who), std::move(what)};
}

operation read_operation(wire::Request::Reader from, media_frames& media) {
  using which = wire::Request::Which;
  switch (from.which()) {
  case which::UNSET:
    refuse("operation_missing", "the request asks for nothing");
  case which::PING:
    return ask::ping{};
  case which::REGISTER:
    return read_register(from.getRegister(), media);
  case which::PROFILE:
    return of(from.getProfile(), op::describe{});
  case which::DEPOSIT:
    return of(from.getDeposit().getSubscriber(), read_deposit(from.getDeposit(), media));
  case which::LIST: {
    auto r = from.getList();
    return of(r.getSubscriber(), op::list{r.getAfterUid(), r.getLimit(), r.getIncludeDeleted()});
  }
  case which::RETRIEVE: {
    auto r = from.getRetrieve();
    return of(r.getSubscriber(),
              op::retrieve{read_message(r.getMessage()), read_channel(r.getChannel()),
                           read_answer(r.getAnswer()),
                           line(r.getDeliveredTo(), limits::name_bytes_max, "deliveredTo")});
  }
  case which::DELETE: {
    auto r = from.getDelete();
    return of(r.getSubscriber(),
              op::remove{read_message(r.getMessage()), read_channel(r.getChannel()),
                         read_answer(r.getAnswer()), r.getPurge()});
  }
  case which::SET_FLAGS: {
    auto r = from.getSetFlags();
    return of(r.getSubscriber(), op::set_flags{read_message(r.getMessage()), read_flags(r.getSet()),
                                               read_flags(r.getClear())});
  }
  case which::GET_GREETING: {
    auto r = from.getGetGreeting();
    return of(r.getSubscriber(), op::get_greeting{read_kind(r.getKind())});
  }
  case which::SET_GREETING: {
    auto r = from.getSetGreeting();
    return of(r.getSubscriber(),
              op::set_greeting{read_kind(r.getKind()), read_optional_part(r.getMedia(), media)});
  }
  case which::SET_PIN: {
    auto r = from.getSetPin();
    return of(r.getSubscriber(), op::set_pin{line(r.getPin(), limits::name_bytes_max, "PIN")});
  }
  case which::SET_PREFERENCES:
    return of(from.getSetPreferences().getSubscriber(), read_preferences(from.getSetPreferences()));
  case which::SUBSCRIBE: {
    auto r = from.getSubscribe();
    return ask::subscribe{line(r.getName(), limits::name_bytes_max, "subscription name"),
                          r.getCredit(), r.getFrom()};
  }
  case which::ACKNOWLEDGE: {
    auto r = from.getAcknowledge();
    return ask::acknowledge{line(r.getName(), limits::name_bytes_max, "subscription name"),
                            r.getSequence()};
  }
  case which::TENANT_ADD: {
    auto r = from.getTenantAdd();
    auto tenant = read_tenant(r);
    tenant.revoked = r.getRevoked();
    tenant.version = r.getVersion();
    return ask::tenant_add{std::move(tenant)};
  }
  case which::TENANT_LIST:
    return ask::tenant_list{};
  case which::TENANT_REVOKE:
    return ask::tenant_revoke{line(from.getTenantRevoke(), limits::name_bytes_max, "tenant name")};
  case which::SUBSCRIBER_LIST:
    return read_subscriber_list(from.getSubscriberList());
  case which::RECORDS: {
    auto r = from.getRecords();
    return ask::records{r.getAfterDay(), r.getAfterSequence(), r.getLimit(), r.getNewest()};
  }
  case which::STATUS:
    return ask::status{};
  case which::LOCATE: {
    auto r = from.getLocate();
    return of(r.getSubscriber(), op::locate{line(r.getRegion(), limits::name_bytes_max, "region")});
  }
  case which::DRAIN:
    return ask::drain{line(from.getDrain().getNode(), limits::name_bytes_max, "node name"),
                      from.getDrain().getOn()};
  case which::INSPECT:
    return of(from.getInspect(), op::inspect{});
  }
  refuse("operation_unknown", "this node does not know the operation; it may be older than you",
         errc::unsupported);
}

std::string read_request_id(::capnp::Data::Reader from) {
  auto id = view(from);
  if (id.size() > limits::request_id_bytes_max)
    refuse("request_id_too_long", "a request id has at most 64 bytes");
  if (!id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c == 0; }))
    refuse("request_id_zero", "a request id must not be all zero bytes");
  return std::string{id};
}

/// Whether repeating the operation could have a second effect.
bool changes_something(const operation& what) {
  if (auto* of = std::get_if<ask::of_mailbox>(&what))
    return !std::holds_alternative<op::describe>(of->op) &&
           !std::holds_alternative<op::list>(of->op) &&
           !std::holds_alternative<op::get_greeting>(of->op);
  return std::holds_alternative<ask::register_device>(what) ||
         std::holds_alternative<ask::tenant_add>(what) ||
         std::holds_alternative<ask::tenant_revoke>(what);
}

} // namespace

tl::expected<request, refused_request> decode_request(std::string_view envelope,
                                                      std::vector<chunk> media) {
  uint64_t correlation = 0;
  std::string request_id;
  auto decoded = read_untrusted<wire::Request>(
      envelope, limits::envelope_bytes_max, [&](wire::Request::Reader root) {
        correlation = root.getCorrelation();
        if (correlation == 0)
          refuse("correlation_zero", "choose a correlation that is not zero");
        request out;
        out.correlation = correlation;
        auto deadline = milliseconds{root.getDeadlineMs()};
        out.deadline = deadline.count() == 0
                           ? milliseconds{limits::deadline_default}
                           : std::min(deadline, milliseconds{limits::deadline_max});
        out.request_id = request_id = read_request_id(root.getRequestId());
        media_frames given{std::move(media)};
        out.what = read_operation(root, given);
        given.finish();
        if (out.request_id.empty() && changes_something(out.what))
          refuse("request_id_missing", "this request changes something: give it a request id");
        return out;
      });
  if (!decoded)
    return tl::unexpected<refused_request>{
        refused_request{correlation, std::move(request_id), std::move(decoded.error())}};
  return std::move(*decoded);
}

} // namespace restante
