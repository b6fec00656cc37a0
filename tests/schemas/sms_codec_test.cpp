// What gateways and nodes say survives its frames, and frames of earlier versions are written and
// read alike.
#include "schemas/sms_messages.hpp"
#include "tests/schemas/codec_helpers.hpp"
#include "tests/schemas/sms_same.hpp"

namespace restante::codec_tests {

namespace {

using namespace sms;
using sms_tests::same;

from_gateway any_from_gateway(random_source& draw, uint64_t which) {
  auto id = any_id<notification_id>(draw);
  auto correlation = 1 + draw.below(UINT64_MAX);
  switch (which) {
  case 0:
    return {correlation, hello{1 + static_cast<uint32_t>(draw.below(1'000))}};
  case 1: // its text may be anything
    return {correlation, mobile_originated{"x" + any_bytes(draw, 63), any_text(draw),
                                           any_text(draw), any_bytes(draw, 2'048)}};
  case 2:
    return {correlation,
            submitted{id, any_of(draw, submit_status::permanent_failure), any_text(draw)}};
  case 3:
    return {correlation,
            delivery_receipt{id, any_of(draw, delivery_status::unknown), any_text(draw)}};
  default:
    return {correlation,
            location_update{"x" + any_bytes(draw, 63), any_text(draw), any_text(draw)}};
  }
}
constexpr const char* from_names[] = {"hello", "mobile_originated", "submitted", "delivery_receipt",
                                      "location_update"};

to_gateway any_to_gateway(random_source& draw, uint64_t which) {
  auto correlation = any_number<uint64_t>(draw);
  switch (which) {
  case 0:
    return {correlation, failure{errc::busy, "some_reason", any_text(draw)}};
  case 1:
    return {correlation, welcome{}};
  case 2:
    return {correlation, accepted{}};
  default:
    return {correlation,
            submit{any_id<notification_id>(draw), any_text(draw), any_text(draw), any_text(draw),
                   draw.one_in(2), any_number<uint8_t>(draw), any_number<wall_ms>(draw)}};
  }
}
constexpr const char* to_names[] = {"failed", "welcome", "accepted", "submit"};

} // namespace

BOOST_AUTO_TEST_SUITE(sms_codec)

BOOST_AUTO_TEST_CASE(every_frame_survives) {
  random_source draw{test_seed()};
  for (uint64_t i = 0; i < 2'000; ++i) {
    auto sent = any_from_gateway(draw, i % 5);
    auto got = decode_from_gateway(encode(sent));
    BOOST_REQUIRE_MESSAGE(got, got.error().why.reason);
    BOOST_REQUIRE_MESSAGE(same(sent, *got), from_names[i % 5]);
    auto told = any_to_gateway(draw, i % 4);
    auto heard = decode_to_gateway(encode(told));
    BOOST_REQUIRE_MESSAGE(heard, heard.error().reason);
    BOOST_REQUIRE_MESSAGE(same(told, *heard), to_names[i % 4]);
  }
}

BOOST_AUTO_TEST_CASE(golden_frames_are_written_and_read_alike) {
  auto id = id_of<notification_id>(0x66);
  const from_gateway from[] = {
      {7, hello{100}},
      {7, mobile_originated{"an id", "+15055550183", "4711", "activate 482913 é"}},
      {7, submitted{id, submit_status::temporary_failure, "try later"}},
      {7, delivery_receipt{id, delivery_status::undeliverable, "absent"}},
      {7, location_update{"an id", "+15055550183", "us1"}}};
  const to_gateway to[] = {
      {7, failure{errc::busy, "some_reason", "What to do."}},
      {7, welcome{}},
      {7, accepted{}},
      {0, submit{id, "+15055550183", "4711", "Voicemail déposé", true, 2, 1'760'000'000'000}}};
  for (size_t which = 0; which < std::size(from); ++which) {
    auto name = std::string{"sms."} + from_names[which];
    unchanged(name, encode(from[which]));
    auto got = decode_from_gateway(golden(name));
    BOOST_TEST_CONTEXT(name) BOOST_TEST((got && same(from[which], *got)));
  }
  for (size_t which = 0; which < std::size(to); ++which) {
    auto name = std::string{"sms."} + to_names[which];
    unchanged(name, encode(to[which]));
    auto heard = decode_to_gateway(golden(name));
    BOOST_TEST_CONTEXT(name) BOOST_TEST((heard && same(to[which], *heard)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::codec_tests
