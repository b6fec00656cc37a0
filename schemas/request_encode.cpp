#include "schemas/wire_codec.hpp"
#include "schemas/wire_fields.hpp"

namespace restante {

namespace {

using namespace capnp_io;

void put_subscriber(wire::Subscriber::Builder to, const subscriber_ref& from) {
  switch (from.what) {
  case subscriber_ref::by::profile:
    to.setProfileId(text(from.text));
    break;
  case subscriber_ref::by::imei:
    to.setImei(text(from.text));
    break;
  case subscriber_ref::by::number:
    to.setNumber(text(from.text));
    break;
  case subscriber_ref::by::none:
    to.setNone();
  }
}

void put_message(wire::MessageRef::Builder to, const message_ref& from) {
  if (from.id)
    to.setId(blob(from.id->view()));
  else if (from.uid != 0)
    to.setUid(from.uid);
}

void put_answer(wire::ChallengeAnswer::Builder to, const challenge_answer& from) {
  to.setChallenge(blob(from.challenge));
  to.setPin(text(from.pin));
}

/// Fills the union member of an operation and collects its media.
struct operation_writer {
  wire::Request::Builder to;
  std::vector<chunk>& media;

  void part(wire::Part::Builder builder, const media_part& from) {
    put_part(builder, from.type, from.bytes.size());
    media.push_back(from.bytes);
  }

  void operator()(const ask::ping&) { to.setPing(); }
  void operator()(const ask::register_device& from) {
    auto out = to.initRegister();
    out.setImei(text(from.imei));
    out.setNumber(text(from.number));
    out.setPin(text(from.pin));
    out.setLanguage(text(from.language));
    out.setTimeZone(text(from.time_zone));
    if (from.greeting)
      part(out.initGreeting(), *from.greeting);
    out.setOwner(text(from.owner));
  }
  void operator()(const ask::of_mailbox& from) {
    std::visit([&](const auto& what) { (*this)(from.subscriber, what); }, from.op);
  }
  void operator()(const ask::subscribe& from) {
    auto out = to.initSubscribe();
    out.setName(text(from.name));
    out.setCredit(from.credit);
    out.setFrom(from.from);
  }
  void operator()(const ask::acknowledge& from) {
    auto out = to.initAcknowledge();
    out.setName(text(from.name));
    out.setSequence(from.sequence);
  }
  void operator()(const ask::tenant_add& from) {
    auto out = to.initTenantAdd();
    out.setName(text(from.tenant.name));
    out.setRole(static_cast<wire::Role>(from.tenant.is));
    out.setPublicKey(blob(from.tenant.public_key));
    out.setRegion(text(from.tenant.region));
    out.setLanguage(text(from.tenant.language));
    auto serves = out.initServes(static_cast<unsigned>(from.tenant.serves.size()));
    for (unsigned i = 0; i < serves.size(); ++i)
      serves.set(i, text(from.tenant.serves[i]));
    out.setShortCode(text(from.tenant.short_code));
    out.setRevoked(from.tenant.revoked);
    out.setVersion(from.tenant.version);
  }
  void operator()(const ask::tenant_list&) { to.setTenantList(); }
  void operator()(const ask::tenant_revoke& from) { to.setTenantRevoke(text(from.name)); }
  void operator()(const ask::subscriber_list& from) {
    auto out = to.initSubscriberList();
    out.setTenant(text(from.tenant));
    if (from.after)
      out.setAfter(blob(from.after->view()));
    out.setLimit(from.limit);
  }
  void operator()(const ask::records& from) {
    auto out = to.initRecords();
    out.setAfterDay(from.after_day);
    out.setAfterSequence(from.after_sequence);
    out.setLimit(from.limit);
    out.setNewest(from.newest);
  }
  void operator()(const ask::status&) { to.setStatus(); }
  void operator()(const ask::drain& from) {
    auto out = to.initDrain();
    out.setNode(text(from.node));
    out.setOn(from.on);
  }

  void operator()(const subscriber_ref&, const op::create&) {} // these never travel
  void operator()(const subscriber_ref&, const op::absorb&) {}
  void operator()(const subscriber_ref&, const op::seal&) {}
  void operator()(const subscriber_ref&, const op::drop&) {}
  void operator()(const subscriber_ref& who, const op::locate& from) {
    auto out = to.initLocate();
    put_subscriber(out.initSubscriber(), who);
    out.setRegion(text(from.region));
  }
  void operator()(const subscriber_ref& who, const op::inspect&) {
    put_subscriber(to.initInspect(), who);
  }
  void operator()(const subscriber_ref& who, const op::describe&) {
    put_subscriber(to.initProfile(), who);
  }
  void operator()(const subscriber_ref& who, const op::deposit& from) {
    auto out = to.initDeposit();
    put_subscriber(out.initSubscriber(), who);
    out.setFormat(static_cast<wire::MessageFormat>(from.format));
    out.setCaller(text(from.caller));
    out.setCalledAtMs(from.called_at);
    out.setDurationMs(from.claimed_duration_ms);
    out.setUrgent(from.urgent);
    out.setDurability(static_cast<wire::Durability>(from.until));
    auto parts = out.initParts(static_cast<unsigned>(from.parts.size()));
    for (unsigned i = 0; i < parts.size(); ++i)
      part(parts[i], from.parts[i]);
  }
  void operator()(const subscriber_ref& who, const op::list& from) {
    auto out = to.initList();
    put_subscriber(out.initSubscriber(), who);
    out.setAfterUid(from.after_uid);
    out.setLimit(from.limit);
    out.setIncludeDeleted(from.include_deleted);
  }
  void operator()(const subscriber_ref& who, const op::retrieve& from) {
    auto out = to.initRetrieve();
    put_subscriber(out.initSubscriber(), who);
    put_message(out.initMessage(), from.message);
    out.setChannel(static_cast<wire::Channel>(from.via));
    put_answer(out.initAnswer(), from.answer);
    out.setDeliveredTo(text(from.delivered_to));
  }
  void operator()(const subscriber_ref& who, const op::remove& from) {
    auto out = to.initDelete();
    put_subscriber(out.initSubscriber(), who);
    put_message(out.initMessage(), from.message);
    out.setChannel(static_cast<wire::Channel>(from.via));
    put_answer(out.initAnswer(), from.answer);
    out.setPurge(from.purge);
  }
  void operator()(const subscriber_ref& who, const op::set_flags& from) {
    auto out = to.initSetFlags();
    put_subscriber(out.initSubscriber(), who);
    put_message(out.initMessage(), from.message);
    out.setSet(from.set);
    out.setClear(from.clear);
  }
  void operator()(const subscriber_ref& who, const op::get_greeting& from) {
    auto out = to.initGetGreeting();
    put_subscriber(out.initSubscriber(), who);
    out.setKind(static_cast<wire::GreetingKind>(from.kind));
  }
  void operator()(const subscriber_ref& who, const op::set_greeting& from) {
    auto out = to.initSetGreeting();
    put_subscriber(out.initSubscriber(), who);
    out.setKind(static_cast<wire::GreetingKind>(from.kind));
    if (from.media)
      part(out.initMedia(), *from.media);
  }
  void operator()(const subscriber_ref& who, const op::set_pin& from) {
    auto out = to.initSetPin();
    put_subscriber(out.initSubscriber(), who);
    out.setPin(text(from.pin));
  }
  void operator()(const subscriber_ref& who, const op::set_preferences& from) {
    auto out = to.initSetPreferences();
    put_subscriber(out.initSubscriber(), who);
    out.setLanguage(text(from.language));
    out.setTimeZone(text(from.time_zone));
    out.setNotifications(static_cast<wire::Switch>(from.notifications));
  }
};

} // namespace

frames encode_request(const request& what) {
  envelope_builder builder;
  auto root = builder.initRoot<wire::Request>();
  root.setCorrelation(what.correlation);
  root.setDeadlineMs(static_cast<uint32_t>(what.deadline.count()));
  root.setRequestId(blob(what.request_id));
  frames out;
  std::visit(operation_writer{root, out.media}, what.what);
  out.envelope = to_bytes(builder);
  return out;
}

} // namespace restante
