#include "schemas/stored_codec.hpp"

#include "schemas/stored.capnp.h"
#include "schemas/wire_fields.hpp"

namespace restante {

namespace {

using namespace capnp_io;

/// A change holds a part of one mailbox: at most all its message headers.
constexpr size_t stored_bytes_max = 4 * 1024 * 1024;

std::string raw(::capnp::Text::Reader from) { return std::string{view(from)}; }
std::string raw(::capnp::Data::Reader from) { return std::string{view(from)}; }

void put(stored::Stamp::Builder to, const stamp& from) {
  to.setHlc(from.hlc);
  to.setIncarnation(from.incarnation);
}
stamp read(stored::Stamp::Reader from) { return {from.getHlc(), from.getIncarnation()}; }

void put(stored::TextRegister::Builder to, const last_write<std::string>& from) {
  put(to.initStamp(), from.at);
  to.setValue(text(from.value));
}
/// A register that was never written has no value, whatever its bytes say: put() would not keep it.
template <class T>
last_write<T> written(last_write<T> value) {
  return value.at.unset() ? last_write<T>{} : std::move(value);
}

last_write<std::string> read(stored::TextRegister::Reader from) {
  return written(last_write<std::string>{read(from.getStamp()), raw(from.getValue())});
}

void put(stored::Profile::Builder to, const profile_state& from) {
  to.setTenant(text(from.tenant));
  to.setRegion(text(from.region));
  to.setBornAtMs(from.born_at);
  auto aliases = to.initAliases(static_cast<unsigned>(from.aliases.size()));
  unsigned at = 0;
  for (const auto& alias : from.aliases) {
    aliases[at].setKind(static_cast<uint8_t>(alias.kind));
    aliases[at++].setValue(text(alias.value));
  }
  // Registers never written stay null: a delta of one setting is small.
  if (!from.pin.at.unset())
    put(to.initPin(), from.pin);
  if (!from.language.at.unset())
    put(to.initLanguage(), from.language);
  if (!from.time_zone.at.unset())
    put(to.initTimeZone(), from.time_zone);
  if (!from.notifications.at.unset())
    put(to.initNotifications(), from.notifications);
  unsigned written = 0;
  for (const auto& greeting : from.greetings)
    written += !greeting.at.unset();
  auto greetings = to.initGreetings(written);
  at = 0;
  for (size_t kind = 0; kind < greeting_kinds; ++kind) {
    const auto& greeting = from.greetings[kind];
    if (greeting.at.unset())
      continue;
    auto out = greetings[at++];
    out.setKind(static_cast<wire::GreetingKind>(kind));
    put(out.initStamp(), greeting.at);
    out.setType(static_cast<wire::MediaType>(greeting.value.type));
    out.setSize(greeting.value.size);
    out.setDigest(blob(greeting.value.content.view()));
  }
  auto shares = to.initPinShares(static_cast<unsigned>(from.pin_shares.size()));
  at = 0;
  for (const auto& [incarnation, share] : from.pin_shares) {
    auto out = shares[at++];
    out.setIncarnation(incarnation);
    out.setVersion(share.version);
    put(out.initPinStamp(), share.pin_at);
    out.setFailures(share.failures);
    out.setClosedUntilMs(share.closed_until);
  }
  to.setUidFloor(from.uid_floor);
  if (!from.location.at.unset())
    put(to.initLocation(), from.location);
  to.setSealed(from.sealed);
}

profile_state read(stored::Profile::Reader from) {
  profile_state out;
  out.tenant = raw(from.getTenant());
  out.region = raw(from.getRegion());
  out.born_at = from.getBornAtMs();
  for (auto entry : from.getAliases())
    out.aliases.insert({static_cast<alias_kind>(entry.getKind()), raw(entry.getValue())});
  out.pin = read(from.getPin());
  out.language = read(from.getLanguage());
  out.time_zone = read(from.getTimeZone());
  out.notifications = read(from.getNotifications());
  for (auto entry : from.getGreetings()) {
    auto kind = static_cast<size_t>(entry.getKind());
    if (kind >= greeting_kinds)
      refuse("stored_newer", "the store holds a kind of greeting this version does not know");
    out.greetings[kind] =
        written(last_write<greeting_record>{read(entry.getStamp()),
                                            {static_cast<media_type>(entry.getType()),
                                             entry.getSize(), own_id<digest>(entry.getDigest())}});
  }
  for (auto entry : from.getPinShares())
    out.pin_shares[entry.getIncarnation()] = {entry.getVersion(), read(entry.getPinStamp()),
                                              entry.getFailures(), entry.getClosedUntilMs()};
  out.uid_floor = from.getUidFloor();
  out.location = read(from.getLocation());
  out.sealed = from.getSealed();
  return out;
}

void put(stored::Delivery::Builder to, const delivery& from) {
  put(to.initStamp(), from.at);
  to.setRequest(blob(from.value));
}
delivery read(stored::Delivery::Reader from) {
  return written(delivery{read(from.getStamp()), raw(from.getRequest())});
}

void put(stored::Message::Builder to, const message_record& from) {
  to.setId(blob(from.id.view()));
  to.setUid(from.uid);
  to.setPurged(from.purged);
  to.setContentDigest(blob(from.content.view()));
  if (from.purged)
    return;
  to.setFormat(static_cast<wire::MessageFormat>(from.format));
  to.setCaller(text(from.caller));
  to.setCalledAtMs(from.called_at);
  to.setStoredAtMs(from.stored_at);
  to.setDurationMs(from.duration_ms);
  to.setDepositedBy(text(from.deposited_by));
  to.setAwaited(from.awaited);
  auto parts = to.initParts(static_cast<unsigned>(from.parts.size()));
  for (unsigned i = 0; i < parts.size(); ++i) {
    parts[i].setType(static_cast<wire::MediaType>(from.parts[i].type));
    parts[i].setSize(from.parts[i].size);
    parts[i].setDigest(blob(from.parts[i].content.view()));
  }
  auto flags = to.initFlags(flag_count);
  for (unsigned i = 0; i < flag_count; ++i) {
    put(flags[i].initStamp(), from.flags[i].at);
    flags[i].setSet(from.flags[i].value);
  }
  if (!from.to_device.at.unset())
    put(to.initToDevice(), from.to_device);
  if (!from.elsewhere.at.unset())
    put(to.initElsewhere(), from.elsewhere);
}

message_record read(stored::Message::Reader from) {
  message_record out;
  out.id = own_id<message_id>(from.getId());
  out.uid = from.getUid();
  out.purged = from.getPurged();
  out.content = own_id<digest>(from.getContentDigest());
  if (out.purged)
    return out;
  out.format = static_cast<message_format>(from.getFormat());
  out.caller = raw(from.getCaller());
  out.called_at = from.getCalledAtMs();
  out.stored_at = from.getStoredAtMs();
  out.duration_ms = from.getDurationMs();
  out.deposited_by = raw(from.getDepositedBy());
  out.awaited = from.getAwaited();
  for (auto part : from.getParts())
    out.parts.push_back({static_cast<media_type>(part.getType()), part.getSize(),
                         own_id<digest>(part.getDigest())});
  auto flags = from.getFlags();
  for (unsigned i = 0; i < flags.size() && i < flag_count; ++i)
    out.flags[i] = {read(flags[i].getStamp()), flags[i].getSet()};
  out.to_device = read(from.getToDevice());
  out.elsewhere = read(from.getElsewhere());
  return out;
}

void put(stored::Change::Builder to, const change& from) {
  to.setMailbox(blob(from.mailbox.view()));
  put(to.initStamp(), from.at);
  to.setCause(static_cast<uint16_t>(from.what));
  to.setTenant(text(from.tenant));
  to.setOwner(text(from.owner));
  to.setRegion(text(from.region));
  to.setRequestId(blob(from.request_id));
  if (from.message)
    to.setMessage(blob(from.message->view()));
  to.setUid(from.uid);
  if (!from.location.empty()) // mostly they are: not even a pointer's text
    to.setLocation(text(from.location));
  if (!from.left.empty())
    to.setLeft(text(from.left));
  if (!from.delta.profile.empty())
    put(to.initProfile(), from.delta.profile);
  auto messages = to.initMessages(static_cast<unsigned>(from.delta.messages.size()));
  unsigned at = 0;
  for (const auto& [id, message] : from.delta.messages)
    put(messages[at++], message);
}

change read(stored::Change::Reader from) {
  change out;
  out.mailbox = own_id<mailbox_id>(from.getMailbox());
  out.at = read(from.getStamp());
  out.what = static_cast<cause>(from.getCause());
  out.tenant = raw(from.getTenant());
  out.owner = raw(from.getOwner());
  out.region = raw(from.getRegion());
  out.request_id = raw(from.getRequestId());
  if (from.getMessage().size() != 0)
    out.message = own_id<message_id>(from.getMessage());
  out.uid = from.getUid();
  out.location = raw(from.getLocation());
  out.left = raw(from.getLeft());
  out.delta.id = out.mailbox;
  if (from.hasProfile())
    out.delta.profile = read(from.getProfile());
  for (auto message : from.getMessages()) {
    auto value = read(message);
    auto id = value.id;
    out.delta.messages.emplace(id, std::move(value));
  }
  return out;
}

void put(stored::AliasTarget::Builder to, const alias_target& from) {
  to.setMailbox(blob(from.mailbox.view()));
  to.setTenant(text(from.tenant));
  to.setRegion(text(from.region));
}
alias_target read(stored::AliasTarget::Reader from) {
  return {own_id<mailbox_id>(from.getMailbox()), raw(from.getTenant()), raw(from.getRegion())};
}

void put(stored::Notification::Builder to, const notification& from) {
  to.setMailbox(blob(from.mailbox.view()));
  to.setRegion(text(from.region));
  to.setTenant(text(from.tenant));
  to.setTo(text(from.to));
  to.setText(text(from.text));
  to.setKind(from.kind);
  to.setCreatedAtMs(from.created_at);
  to.setAttempts(from.attempts);
}
notification read(stored::Notification::Reader from) {
  notification out;
  out.mailbox = own_id<mailbox_id>(from.getMailbox());
  out.region = raw(from.getRegion());
  out.tenant = raw(from.getTenant());
  out.to = raw(from.getTo());
  out.text = raw(from.getText());
  out.kind = from.getKind();
  out.created_at = from.getCreatedAtMs();
  out.attempts = from.getAttempts();
  return out;
}

void put(stored::Record::Builder to, const record& from) {
  to.setAtMs(from.at);
  to.setKind(text(from.kind));
  to.setTenant(text(from.tenant));
  to.setProfileId(text(from.profile));
  to.setDetail(text(from.detail));
}
record read(stored::Record::Reader from) {
  return {from.getAtMs(), raw(from.getKind()), raw(from.getTenant()), raw(from.getProfileId()),
          raw(from.getDetail())};
}

void put(stored::Tenant::Builder to, const tenant_record& from) {
  put_tenant(to, from);
  to.setVersion(from.version);
}
tenant_record read(stored::Tenant::Reader from) {
  tenant_record out;
  out.name = raw(from.getName());
  out.is = static_cast<role>(from.getRole());
  out.public_key = raw(from.getPublicKey());
  out.region = raw(from.getRegion());
  out.language = raw(from.getLanguage());
  for (auto name : from.getServes())
    out.serves.push_back(raw(name));
  out.short_code = raw(from.getShortCode());
  out.revoked = from.getRevoked();
  out.version = from.getVersion();
  return out;
}

template <class Root, class T>
std::string encode_as(const T& value) {
  envelope_builder builder;
  put(builder.initRoot<Root>(), value);
  return to_bytes(builder);
}

/// Our own bytes, but read with the same care: a damaged value must not take the node down.
template <class Root>
auto decode_as(std::string_view bytes) {
  auto value = read_untrusted<Root>(bytes, stored_bytes_max,
                                    [](typename Root::Reader root) { return read(root); });
  if (!value)
    value.error() = {errc::storage_failure, "stored_value_damaged",
                     "a stored value can't be read: " + value.error().text};
  return value;
}

} // namespace

std::string encode(const profile_state& value) { return encode_as<stored::Profile>(value); }
std::string encode(const message_record& value) { return encode_as<stored::Message>(value); }
std::string encode(const change& value) { return encode_as<stored::Change>(value); }
std::string encode(const alias_target& value) { return encode_as<stored::AliasTarget>(value); }
std::string encode(const notification& value) { return encode_as<stored::Notification>(value); }
std::string encode(const record& value) { return encode_as<stored::Record>(value); }
std::string encode(const tenant_record& value) { return encode_as<stored::Tenant>(value); }

result<profile_state> decode_profile(std::string_view b) { return decode_as<stored::Profile>(b); }
result<message_record> decode_message(std::string_view b) { return decode_as<stored::Message>(b); }
result<change> decode_change(std::string_view b) { return decode_as<stored::Change>(b); }
result<alias_target> decode_alias_target(std::string_view b) {
  return decode_as<stored::AliasTarget>(b);
}
result<notification> decode_notification(std::string_view b) {
  return decode_as<stored::Notification>(b);
}
result<record> decode_record(std::string_view b) { return decode_as<stored::Record>(b); }
result<tenant_record> decode_tenant(std::string_view b) { return decode_as<stored::Tenant>(b); }

} // namespace restante
