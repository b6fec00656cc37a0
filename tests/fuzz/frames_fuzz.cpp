// What strangers and gateways send to a node, and what a node sends to its clients.
//
// Input: a byte that says which decoder reads it, whose bit 7 says that the rest is one segment;
// for requests and replies then the number of media frames and the size of each, a byte each; then
// the envelope.
#include "schemas/limits.hpp"
#include "schemas/sms_messages.hpp"
#include "schemas/text.hpp"
#include "schemas/wire_codec.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/stretch.hpp"
#include "tests/schemas/same.hpp"
#include "tests/schemas/sms_same.hpp"

using namespace restante;
using namespace restante::fuzz;
using codec_tests::same;

namespace {

/// Media of `size` bytes each; what they contain is another target's business.
std::vector<chunk> take_media(std::string_view& input) {
  std::vector<chunk> out;
  for (auto count = take_byte(input) % (limits::parts_max + 2); count > 0; --count)
    out.emplace_back(std::string(take_byte(input), 'm'));
  return out;
}

void bounded(std::string_view text, size_t bytes_max = limits::name_bytes_max) {
  promise(text.size() <= bytes_max, "a text of a request is longer than its bound");
  promise(printable(text), "a text of a request is no line of UTF-8");
}

struct bounds_of_operation {
  void operator()(const auto&) const {}
  void operator()(const ask::of_mailbox& v) const {
    promise(v.subscriber.what != subscriber_ref::by::none, "a request names no subscriber");
    bounded(v.subscriber.text);
    std::visit(*this, v.op);
  }
  void operator()(const ask::register_device& v) const {
    for (const auto& text : {v.imei, v.number, v.pin, v.language, v.time_zone, v.owner})
      bounded(text);
  }
  void operator()(const ask::subscribe& v) const { bounded(v.name); }
  void operator()(const ask::acknowledge& v) const { bounded(v.name); }
  void operator()(const ask::tenant_add& v) const {
    for (const auto& text :
         {v.tenant.name, v.tenant.region, v.tenant.language, v.tenant.short_code})
      bounded(text);
    for (const auto& name : v.tenant.serves)
      bounded(name);
    promise(v.tenant.serves.size() <= 1024, "a tenant serves too many");
    promise(v.tenant.is <= role::operator_, "an unknown role came out");
  }
  void operator()(const ask::tenant_revoke& v) const { bounded(v.name); }
  void operator()(const ask::subscriber_list& v) const {
    bounded(v.tenant);
    promise(!v.after || !v.after->zero(), "an id is all zero");
  }
  void operator()(const op::create&) const { promise(false, "a mailbox is created by request"); }
  void operator()(const op::deposit& v) const {
    bounded(v.caller, limits::caller_bytes_max);
    promise(v.parts.size() <= limits::parts_max, "a deposit has too many parts");
    promise(v.format <= message_format::image, "an unknown format came out");
  }
  void operator()(const op::retrieve& v) const {
    message(v.message);
    answer(v.answer);
    bounded(v.delivered_to);
    promise(v.via <= channel::device, "an unknown channel came out");
  }
  void operator()(const op::remove& v) const {
    message(v.message);
    answer(v.answer);
    promise(v.via <= channel::device, "an unknown channel came out");
  }
  void operator()(const op::set_flags& v) const {
    message(v.message);
    promise(((v.set | v.clear) & ~all_flags) == 0, "an unknown flag came out");
  }
  void operator()(const op::get_greeting& v) const { greeting(v.kind); }
  void operator()(const op::set_greeting& v) const { greeting(v.kind); }
  void operator()(const op::set_pin& v) const { bounded(v.pin); }
  void operator()(const op::set_preferences& v) const {
    bounded(v.language);
    bounded(v.time_zone);
    promise(v.notifications <= toggle::off, "an unknown switch came out");
  }

private:
  static void message(const message_ref& v) {
    promise(v.id ? v.uid == 0 && !v.id->zero() : v.uid != 0, "a request names not one message");
  }
  static void answer(const challenge_answer& v) {
    promise(v.challenge.size() <= 128, "a challenge is too long");
    bounded(v.pin);
  }
  static void greeting(greeting_kind kind) {
    promise(static_cast<size_t>(kind) < greeting_kinds, "an unknown greeting came out");
  }
};

void try_request(std::string_view bytes, std::vector<chunk> media) {
  const auto given = media.size();
  auto first = decode_request(bytes, std::move(media));
  if (!first) {
    promise(!first.error().why.text.empty(), "a refusal does not say why");
    promise(first.error().request_id.size() <= limits::request_id_bytes_max, "a long request id");
    return;
  }
  promise(first->correlation != 0, "a request has no correlation");
  promise(first->request_id.size() <= limits::request_id_bytes_max, "a long request id");
  promise(first->deadline > milliseconds{0} && first->deadline <= limits::deadline_max,
          "a deadline is out of bounds");
  std::visit(bounds_of_operation{}, first->what);
  auto again = encode_request(*first);
  promise(again.media.size() == given, "media appeared or got lost");
  auto second = decode_request(again.envelope, again.media);
  promise(second && same(*first, *second), "a request changes on its way");
}

/// A failure's reason is a constant on the node and text behind it; it has no way back.
void forget_reason(failure& what) {
  constexpr std::string_view repeated = " [refused_by_node]";
  promise(what.text.ends_with(repeated), "the reason of a failure got lost");
  what.text.resize(what.text.size() - repeated.size());
}

void try_reply(std::string_view bytes, std::vector<chunk> media) {
  auto first = decode_reply(bytes, std::move(media));
  if (!first)
    return promise(!first.error().text.empty(), "a refusal does not say why");
  auto again = encode_reply(*first);
  auto second = decode_reply(again.envelope, again.media);
  promise(second.has_value(), "a reply does not survive its way");
  if (auto* failed = std::get_if<failure>(&second->what))
    forget_reason(*failed);
  if (auto* event = std::get_if<answer::event>(&second->what); event && event->why)
    forget_reason(*event->why);
  promise(same(*first, *second), "a reply changes on its way");
}

void try_from_gateway(std::string_view bytes) {
  auto first = sms::decode_from_gateway(bytes);
  if (!first)
    return promise(!first.error().why.text.empty(), "a refusal does not say why");
  promise(first->correlation != 0, "a gateway's frame has no correlation");
  if (auto* text = std::get_if<sms::mobile_originated>(&first->what)) {
    bounded(text->from);
    bounded(text->to);
    promise(!text->id.empty() && text->id.size() <= limits::request_id_bytes_max, "a wrong id");
    promise(text->text.size() <= limits::sms_text_bytes_max, "a text is too long");
  }
  if (auto* moved = std::get_if<sms::location_update>(&first->what)) {
    bounded(moved->number);
    bounded(moved->region);
    promise(!moved->id.empty() && moved->id.size() <= limits::request_id_bytes_max, "a wrong id");
  }
  if (auto* hello = std::get_if<sms::hello>(&first->what))
    promise(hello->credit >= 1 && hello->credit <= limits::event_credit_max, "credit too large");
  auto second = sms::decode_from_gateway(sms::encode(*first));
  promise(second && sms_tests::same(*first, *second), "a gateway's frame changes on its way");
}

void try_to_gateway(std::string_view bytes) {
  auto first = sms::decode_to_gateway(bytes);
  if (!first)
    return promise(!first.error().text.empty(), "a refusal does not say why");
  auto second = sms::decode_to_gateway(sms::encode(*first));
  promise(second && sms_tests::same(*first, *second), "a frame to a gateway changes on its way");
}

} // namespace

/// Called by libFuzzer in place of its own mutations.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t size_max,
                                          unsigned seed) {
  auto rest = view(data, size);
  if (take_byte(rest) % 4 < 2)
    take_media(rest);
  return mutate(data, size, size_max, size - rest.size(), seed);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto input = view(data, size);
  const auto how = take_byte(input);
  const auto kind = how % 4;
  auto media = kind < 2 ? take_media(input) : std::vector<chunk>{};
  const auto bytes = envelope(input, (how & 0x80) != 0);
  if (kind == 0)
    try_request(bytes.view(), std::move(media));
  else if (kind == 1)
    try_reply(bytes.view(), std::move(media));
  else if (kind == 2)
    try_from_gateway(bytes.view());
  else
    try_to_gateway(bytes.view());
  return 0;
}
