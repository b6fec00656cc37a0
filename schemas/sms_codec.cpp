#include "schemas/capnp_io.hpp"
#include "schemas/sms.capnp.h"
#include "schemas/sms_messages.hpp"

#include <algorithm>

namespace restante::sms {

namespace {

using namespace capnp_io;

constexpr size_t detail_bytes_max = 256;

std::string read_id(::capnp::Data::Reader from) {
  auto id = view(from);
  if (id.empty() || id.size() > limits::request_id_bytes_max ||
      std::all_of(id.begin(), id.end(), [](char c) { return c == 0; }))
    refuse("id_malformed", "an id has 1 to 64 bytes, not all zero");
  return std::string{id};
}

mobile_originated read(wire::MobileOriginated::Reader from) {
  mobile_originated out;
  out.id = read_id(from.getId());
  out.from = line(from.getFrom(), limits::name_bytes_max, "from");
  out.to = line(from.getTo(), limits::name_bytes_max, "to");
  // What people type may hold anything: the parser of texts copes, the bound is kept here.
  out.text = std::string{view(from.getText())};
  if (out.text.size() > limits::sms_text_bytes_max)
    refuse("text_too_long", "a text has at most 2,048 bytes");
  return out;
}

submitted read(wire::Submitted::Reader from) {
  if (from.getStatus() > wire::SubmitStatus::PERMANENT_FAILURE)
    refuse("status_unknown", "this node does not know the submit status", errc::unsupported);
  return {id16_field<notification_id>(from.getNotificationId(), "notification id"),
          static_cast<submit_status>(from.getStatus()),
          line(from.getDetail(), detail_bytes_max, "detail")};
}

delivery_receipt read(wire::DeliveryReceipt::Reader from) {
  if (from.getStatus() > wire::DeliveryStatus::UNKNOWN)
    refuse("status_unknown", "this node does not know the delivery status", errc::unsupported);
  return {id16_field<notification_id>(from.getNotificationId(), "notification id"),
          static_cast<delivery_status>(from.getStatus()),
          line(from.getDetail(), detail_bytes_max, "detail")};
}

location_update read(wire::LocationUpdate::Reader from) {
  return {read_id(from.getId()), line(from.getNumber(), limits::name_bytes_max, "number"),
          line(from.getRegion(), limits::name_bytes_max, "region")};
}

} // namespace

tl::expected<from_gateway, refused_frame> decode_from_gateway(std::string_view bytes) {
  uint64_t correlation = 0;
  auto decoded = read_untrusted<wire::FromGateway>(
      bytes, limits::envelope_bytes_max, [&](wire::FromGateway::Reader root) -> from_gateway {
        using which = wire::FromGateway::Which;
        correlation = root.getCorrelation();
        if (correlation == 0)
          refuse("correlation_zero", "choose a correlation that is not zero");
        switch (root.which()) {
        case which::UNSET:
          refuse("operation_missing", "the frame says nothing");
        case which::HELLO: {
          auto credit = root.getHello().getCredit();
          if (credit == 0 || credit > limits::event_credit_max)
            refuse("credit_out_of_range", "credit is 1 to 1,000");
          return {correlation, hello{credit}};
        }
        case which::MOBILE_ORIGINATED:
          return {correlation, read(root.getMobileOriginated())};
        case which::SUBMITTED:
          return {correlation, read(root.getSubmitted())};
        case which::DELIVERY_RECEIPT:
          return {correlation, read(root.getDeliveryReceipt())};
        case which::LOCATION_UPDATE:
          return {correlation, read(root.getLocationUpdate())};
        }
        refuse("operation_unknown", "this node does not know that frame; it may be older than you",
               errc::unsupported);
      });
  if (!decoded)
    return tl::unexpected<refused_frame>{refused_frame{correlation, std::move(decoded.error())}};
  return std::move(*decoded);
}

std::string encode(const from_gateway& what) {
  envelope_builder builder;
  auto root = builder.initRoot<wire::FromGateway>();
  root.setCorrelation(what.correlation);
  if (auto* hi = std::get_if<hello>(&what.what)) {
    root.initHello().setCredit(hi->credit);
  } else if (auto* mo = std::get_if<mobile_originated>(&what.what)) {
    auto out = root.initMobileOriginated();
    out.setId(blob(mo->id));
    out.setFrom(text(mo->from));
    out.setTo(text(mo->to));
    out.setText(text(mo->text));
  } else if (auto* done = std::get_if<submitted>(&what.what)) {
    auto out = root.initSubmitted();
    out.setNotificationId(blob(done->id.view()));
    out.setStatus(static_cast<wire::SubmitStatus>(done->status));
    out.setDetail(text(done->detail));
  } else if (auto* receipt = std::get_if<delivery_receipt>(&what.what)) {
    auto out = root.initDeliveryReceipt();
    out.setNotificationId(blob(receipt->id.view()));
    out.setStatus(static_cast<wire::DeliveryStatus>(receipt->status));
    out.setDetail(text(receipt->detail));
  } else if (auto* moved = std::get_if<location_update>(&what.what)) {
    auto out = root.initLocationUpdate();
    out.setId(blob(moved->id));
    out.setNumber(text(moved->number));
    out.setRegion(text(moved->region));
  }
  return to_bytes(builder);
}

std::string encode(const to_gateway& what) {
  envelope_builder builder;
  auto root = builder.initRoot<wire::ToGateway>();
  root.setCorrelation(what.correlation);
  if (auto* why = std::get_if<failure>(&what.what)) {
    auto out = root.initFailed();
    out.setCode(static_cast<wire::ErrorCode>(why->code));
    out.setReason(why->reason);
    out.setText(text(why->text));
  } else if (std::holds_alternative<welcome>(what.what)) {
    root.setWelcome();
  } else if (std::holds_alternative<accepted>(what.what)) {
    root.setAccepted();
  } else if (auto* mt = std::get_if<submit>(&what.what)) {
    auto out = root.initSubmit();
    out.setNotificationId(blob(mt->id.view()));
    out.setTo(text(mt->to));
    out.setFrom(text(mt->from));
    out.setText(text(mt->text));
    out.setEncoding(mt->unicode ? wire::Encoding::UCS2 : wire::Encoding::GSM7);
    out.setSegments(mt->segments);
    out.setExpiresAtMs(mt->expires_at);
  }
  return to_bytes(builder);
}

result<to_gateway> decode_to_gateway(std::string_view bytes) {
  return read_untrusted<wire::ToGateway>(
      bytes, limits::envelope_bytes_max, [](wire::ToGateway::Reader root) -> to_gateway {
        using which = wire::ToGateway::Which;
        auto correlation = root.getCorrelation();
        switch (root.which()) {
        case which::FAILED: {
          auto why = root.getFailed();
          return {correlation, failure{error_code(static_cast<uint16_t>(why.getCode())),
                                       "refused_by_node", std::string{view(why.getText())}}};
        }
        case which::WELCOME:
          return {correlation, welcome{}};
        case which::ACCEPTED:
          return {correlation, accepted{}};
        case which::SUBMIT: {
          auto mt = root.getSubmit();
          return {correlation,
                  submit{own_id<notification_id>(mt.getNotificationId()),
                         std::string{view(mt.getTo())}, std::string{view(mt.getFrom())},
                         std::string{view(mt.getText())}, mt.getEncoding() == wire::Encoding::UCS2,
                         mt.getSegments(), mt.getExpiresAtMs()}};
        }
        }
        refuse("frame_unknown", "the node's frame is newer than this program; update it",
               errc::unsupported);
      });
}

} // namespace restante::sms
