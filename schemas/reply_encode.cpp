#include "schemas/wire_codec.hpp"
#include "schemas/wire_fields.hpp"

namespace restante {

namespace {

using namespace capnp_io;

void put_header(wire::Header::Builder to, const message_record& from) {
  to.setMessageId(blob(from.id.view()));
  to.setUid(from.uid);
  to.setFormat(static_cast<wire::MessageFormat>(from.format));
  to.setCaller(text(from.caller));
  to.setCalledAtMs(from.called_at);
  to.setStoredAtMs(from.stored_at);
  to.setDurationMs(from.duration_ms);
  to.setFlags(from.flag_bits());
  to.setDepositedBy(text(from.deposited_by));
  auto parts = to.initParts(static_cast<unsigned>(from.parts.size()));
  for (unsigned i = 0; i < parts.size(); ++i)
    put_part(parts[i], from.parts[i].type, from.parts[i].size);
}

void put_profile(wire::Profile::Builder to, const answer::profile& from) {
  to.setProfileId(text(to_string(from.id)));
  to.setImei(text(from.imei));
  to.setNumber(text(from.number));
  to.setLanguage(text(from.language));
  to.setTimeZone(text(from.time_zone));
  to.setNotifications(from.notifications);
  to.setHasPin(from.has_pin);
  auto greetings = to.initGreetings(static_cast<unsigned>(from.greetings.size()));
  for (unsigned i = 0; i < greetings.size(); ++i)
    greetings.set(i, static_cast<wire::GreetingKind>(from.greetings[i]));
  to.setMessages(from.messages);
  to.setUnheard(from.unheard);
  to.setTenant(text(from.tenant));
  to.setMailbox(blob(from.id.mailbox.view()));
}

struct outcome_writer {
  wire::Reply::Builder to;

  void operator()(const failure& from) { put_failure(to.initFailed(), from); }
  void operator()(const answer::pong&) { to.setPong(); }
  void operator()(const answer::registered& from) {
    auto out = to.initRegistered();
    out.setProfileId(text(to_string(from.profile)));
    out.setAlreadyHadAccess(from.already_had_access);
  }
  void operator()(const answer::profile& from) { put_profile(to.initProfile(), from); }
  void operator()(const answer::deposited& from) {
    auto out = to.initDeposited();
    out.setMessageId(blob(from.message.view()));
    out.setUid(from.uid);
    out.setDurationMs(from.duration_ms);
    out.setDuplicate(from.duplicate);
    out.setSequence(from.sequence);
  }
  void operator()(const answer::listing& from) {
    auto out = to.initListing();
    auto headers = out.initHeaders(static_cast<unsigned>(from.headers.size()));
    for (unsigned i = 0; i < headers.size(); ++i)
      put_header(headers[i], from.headers[i]);
    out.setMore(from.more);
  }
  void operator()(const answer::message& from) {
    put_header(to.initMessage().initHeader(), from.header);
  }
  void operator()(const answer::challenge& from) {
    auto out = to.initChallenge();
    out.setChallenge(blob(from.challenge));
    out.setExpiresAtMs(from.expires_at);
  }
  void operator()(const answer::done& from) { to.initDone().setChanged(from.changed); }
  void operator()(const answer::greeting& from) {
    auto out = to.initGreeting();
    out.setKind(static_cast<wire::GreetingKind>(from.kind));
    put_part(out.initMedia(), from.media.type, from.media.bytes.size());
  }
  void operator()(const answer::subscribed& from) { to.initSubscribed().setFrom(from.from); }
  void operator()(const answer::event& from) {
    auto out = to.initEvent();
    out.setSequence(from.sequence);
    out.setCause(static_cast<wire::Cause>(from.what));
    out.setProfileId(text(from.profile));
    if (from.message)
      out.setMessageId(blob(from.message->view()));
    out.setUid(from.uid);
    out.setAtMs(from.at);
    out.setRequestId(blob(from.request_id));
    out.setTenant(text(from.tenant));
    if (from.why)
      put_failure(out.initFailure(), *from.why);
  }
  void operator()(const answer::tenants& from) {
    auto out = to.initTenants(static_cast<unsigned>(from.all.size()));
    for (unsigned i = 0; i < out.size(); ++i)
      put_tenant(out[i], from.all[i]);
  }
  void operator()(const answer::subscribers& from) {
    auto out = to.initSubscribers(static_cast<unsigned>(from.page.size()));
    for (unsigned i = 0; i < out.size(); ++i)
      put_profile(out[i], from.page[i]);
  }
  void operator()(const answer::records& from) {
    auto out = to.initRecords(static_cast<unsigned>(from.page.size()));
    for (unsigned i = 0; i < out.size(); ++i) {
      const auto& entry = from.page[i];
      out[i].setDay(entry.day);
      out[i].setSequence(entry.sequence);
      out[i].setAtMs(entry.what.at);
      out[i].setKind(text(entry.what.kind));
      out[i].setTenant(text(entry.what.tenant));
      out[i].setProfileId(text(entry.what.profile));
      out[i].setDetail(text(entry.what.detail));
    }
  }
  void operator()(const answer::status& from) {
    auto out = to.initStatus(static_cast<unsigned>(from.figures.size()));
    for (unsigned i = 0; i < out.size(); ++i) {
      out[i].setName(text(from.figures[i].first));
      out[i].setValue(text(from.figures[i].second));
    }
  }
  void operator()(const answer::copies& from) {
    auto out = to.initCopies(static_cast<unsigned>(from.all.size()));
    for (unsigned i = 0; i < out.size(); ++i) {
      const auto& each = from.all[i];
      out[i].setNode(text(each.node));
      out[i].setRegion(text(each.region));
      out[i].setRole(text(each.role));
      out[i].setThere(each.there);
      out[i].setLeaving(each.leaving);
      out[i].setDigest(blob(each.state.view()));
      out[i].setMessages(each.messages);
      out[i].setLocation(text(each.location));
      out[i].setProblem(text(each.problem));
    }
  }
};

} // namespace

frames encode_reply(const reply& what) {
  envelope_builder builder;
  auto root = builder.initRoot<wire::Reply>();
  root.setCorrelation(what.correlation);
  std::visit(outcome_writer{root}, what.what);
  frames out;
  out.envelope = to_bytes(builder);
  for (auto& part : media_of(what.what))
    out.media.push_back(part.bytes);
  return out;
}

} // namespace restante
