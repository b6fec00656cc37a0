// Requests and replies survive their frames; frames of earlier versions are written and read alike.
#include "schemas/limits.hpp"
#include "schemas/wire_codec.hpp"
#include "tests/schemas/codec_helpers.hpp"
#include "tests/schemas/same.hpp"
#include "tests/schemas/wire_samples.hpp"

namespace restante::codec_tests {

namespace {

// --- drawing -------------------------------------------------------------------------------------

message_ref any_message(random_source& draw) {
  if (draw.one_in(2))
    return {any_id<message_id>(draw), 0};
  return {std::nullopt, 1 + static_cast<uint32_t>(draw.below(UINT32_MAX))};
}

challenge_answer any_answer(random_source& draw) { return {any_bytes(draw, 60), any_text(draw)}; }

std::optional<media_part> any_greeting(random_source& draw) {
  return draw.one_in(2) ? std::optional{any_part(draw)} : std::nullopt;
}

/// One of every kind in turn.
mailbox_op any_op(random_source& draw, uint64_t which) {
  auto via = any_of(draw, channel::device);
  auto kind = any_of(draw, greeting_kind::name);
  switch (which) {
  case 0:
    return op::describe{};
  case 1: {
    op::deposit out{any_of(draw, message_format::image), any_text(draw), any_number<wall_ms>(draw),
                    any_number<uint32_t>(draw),          draw.one_in(2), {}};
    for (auto parts = draw.below(9); parts > 0; --parts)
      out.parts.push_back(any_part(draw));
    out.until = any_of(draw, op::durability::replicated);
    return out;
  }
  case 2:
    return op::list{any_number<uint32_t>(draw), any_number<uint16_t>(draw), draw.one_in(2)};
  case 3:
    return op::retrieve{any_message(draw), via, any_answer(draw), any_text(draw)};
  case 4:
    return op::remove{any_message(draw), via, any_answer(draw), draw.one_in(2)};
  case 5:
    return op::set_flags{any_message(draw), static_cast<uint8_t>(draw.below(16)),
                         static_cast<uint8_t>(draw.below(16))};
  case 6:
    return op::get_greeting{kind};
  case 7:
    return op::set_greeting{kind, any_greeting(draw)};
  case 8:
    return op::set_pin{any_text(draw)};
  case 9:
    return op::locate{any_text(draw)};
  case 10:
    return op::inspect{};
  default:
    return op::set_preferences{any_text(draw), any_text(draw), any_of(draw, toggle::off)};
  }
}
constexpr uint64_t op_kinds = 12;

tenant_record any_tenant(random_source& draw) {
  tenant_record out{any_text(draw),      any_of(draw, role::operator_),
                    any_bytes(draw, 32), any_text(draw),
                    any_text(draw),      {},
                    any_text(draw),      false};
  for (auto count = draw.below(4); count > 0; --count)
    out.serves.push_back(any_text(draw));
  return out;
}

operation any_operation(random_source& draw, uint64_t which) {
  switch (which) {
  case 0:
    return ask::ping{};
  case 1:
    return ask::register_device{any_text(draw), any_text(draw),     any_text(draw), any_text(draw),
                                any_text(draw), any_greeting(draw), any_text(draw)};
  case 2:
    return ask::subscribe{any_text(draw), any_number<uint32_t>(draw), any_number<uint64_t>(draw)};
  case 3:
    return ask::acknowledge{any_text(draw), any_number<uint64_t>(draw)};
  case 4:
    return ask::tenant_add{[&] {
      auto out = any_tenant(draw);
      out.revoked = draw.one_in(2);
      out.version = static_cast<uint32_t>(draw.below(9));
      return out;
    }()};
  case 5:
    return ask::tenant_list{};
  case 6:
    return ask::tenant_revoke{any_text(draw)};
  case 7:
    return ask::subscriber_list{
        any_text(draw), draw.one_in(2) ? std::optional{any_id<mailbox_id>(draw)} : std::nullopt,
        any_number<uint16_t>(draw)};
  case 8:
    return ask::records{any_number<uint32_t>(draw), any_number<uint64_t>(draw),
                        any_number<uint16_t>(draw), draw.one_in(2)};
  case 9:
    return ask::status{};
  case 10:
    return ask::drain{any_text(draw), draw.one_in(2)};
  default:
    return ask::of_mailbox{{static_cast<subscriber_ref::by>(1 + draw.below(3)), any_text(draw)},
                           any_op(draw, which - 11)};
  }
}
constexpr uint64_t operation_kinds = 11 + op_kinds;

/// A header as it travels: without stamps and digests.
message_record any_header(random_source& draw) {
  message_record out;
  out.id = any_id<message_id>(draw);
  out.uid = any_number<uint32_t>(draw);
  out.format = any_of(draw, message_format::image);
  out.caller = any_text(draw);
  out.called_at = any_number<wall_ms>(draw);
  out.stored_at = any_number<wall_ms>(draw);
  out.duration_ms = any_number<uint32_t>(draw);
  out.deposited_by = any_text(draw);
  for (auto& flag : out.flags)
    flag.value = draw.one_in(2);
  return out;
}

answer::profile any_profile(random_source& draw) {
  return {{"eu1", any_id<mailbox_id>(draw)},
          any_text(draw),
          any_text(draw),
          any_text(draw),
          any_text(draw),
          draw.one_in(2),
          draw.one_in(2),
          {greeting_kind::name, any_of(draw, greeting_kind::name)},
          any_number<uint32_t>(draw),
          any_number<uint32_t>(draw),
          any_text(draw)};
}

outcome any_page(random_source& draw, uint64_t which) {
  auto count = draw.below(20);
  answer::listing listing{{}, draw.one_in(2)};
  answer::tenants tenants;
  answer::subscribers subscribers;
  answer::records records;
  answer::status status;
  answer::copies copies;
  for (; count > 0; --count) {
    listing.headers.push_back(any_header(draw));
    listing.headers.back().parts.push_back({any_of(draw, media_type::mp4), draw.below(1'000), {}});
    tenants.all.push_back(any_tenant(draw));
    tenants.all.back().revoked = draw.one_in(2);
    subscribers.page.push_back(any_profile(draw));
    records.page.push_back({any_number<uint32_t>(draw),
                            any_number<uint64_t>(draw),
                            {any_number<wall_ms>(draw), any_text(draw), any_text(draw),
                             any_text(draw), any_text(draw)}});
    status.figures.emplace_back(any_text(draw), any_text(draw));
    copies.all.push_back({any_text(draw), any_text(draw), any_text(draw), draw.one_in(2),
                          draw.one_in(2), any_id<digest>(draw), any_number<uint32_t>(draw),
                          any_text(draw), any_text(draw)});
  }
  outcome all[] = {listing, tenants, subscribers, records, status, copies};
  return all[which];
}

outcome any_outcome(random_source& draw, uint64_t which) {
  switch (which) {
  case 0:
    return answer::pong{};
  case 1:
    return answer::registered{{"eu1", any_id<mailbox_id>(draw)}, draw.one_in(2)};
  case 2:
    return any_profile(draw);
  case 3:
    return answer::deposited{any_id<message_id>(draw), any_number<uint32_t>(draw),
                             any_number<uint32_t>(draw), draw.one_in(2),
                             any_number<uint64_t>(draw)};
  case 4: {
    answer::message out{any_header(draw), {}};
    for (auto parts = draw.below(9); parts > 0; --parts) {
      out.parts.push_back(any_part(draw));
      out.header.parts.push_back({out.parts.back().type, out.parts.back().bytes.size(), {}});
    }
    return out;
  }
  case 5:
    return answer::challenge{any_bytes(draw, 100), any_number<wall_ms>(draw)};
  case 6:
    return answer::done{draw.one_in(2)};
  case 7:
    return answer::greeting{any_of(draw, greeting_kind::name), any_part(draw)};
  case 8:
    return answer::subscribed{any_number<uint64_t>(draw)};
  case 9:
    return answer::event{any_number<uint64_t>(draw),
                         any_of(draw, cause::seeded),
                         any_text(draw),
                         draw.one_in(2) ? std::optional{any_id<message_id>(draw)} : std::nullopt,
                         any_number<uint32_t>(draw),
                         any_number<wall_ms>(draw),
                         any_bytes(draw, 64),
                         any_text(draw)};
  default:
    return any_page(draw, which - 10);
  }
}
constexpr uint64_t outcome_kinds = 16;

} // namespace

BOOST_AUTO_TEST_SUITE(wire_codec)

BOOST_AUTO_TEST_CASE(every_request_survives_its_frames) {
  random_source draw{test_seed()};
  for (uint64_t i = 0; i < 200 * operation_kinds; ++i) {
    request sent{1 + draw.below(UINT64_MAX), milliseconds{1 + draw.below(60'000)},
                 "x" + any_bytes(draw, 63), any_operation(draw, i % operation_kinds)};
    auto frames = encode_request(sent);
    auto got = decode_request(frames.envelope, frames.media);
    BOOST_REQUIRE_MESSAGE(got, got.error().why.reason << " for kind " << i % operation_kinds);
    BOOST_REQUIRE_MESSAGE(same(sent, *got), "kind " << i % operation_kinds << " differs");
  }
}

BOOST_AUTO_TEST_CASE(every_reply_survives_its_frames) {
  random_source draw{test_seed()};
  for (uint64_t i = 0; i < 200 * outcome_kinds; ++i) {
    reply sent{any_number<uint64_t>(draw), any_outcome(draw, i % outcome_kinds)};
    auto frames = encode_reply(sent);
    auto got = decode_reply(frames.envelope, frames.media);
    BOOST_REQUIRE_MESSAGE(got, got.error().reason << " for kind " << i % outcome_kinds);
    BOOST_REQUIRE_MESSAGE(same(sent, *got), "kind " << i % outcome_kinds << " differs");
  }
}

BOOST_AUTO_TEST_CASE(every_failure_survives_its_frames) {
  for (int code = 1; code <= static_cast<int>(errc::storage_failure); ++code) {
    failure sent{static_cast<errc>(code), "some_reason", "What to do."};
    auto reply_frames = encode_reply({7, sent});
    auto got = decode_reply(reply_frames.envelope, {});
    BOOST_REQUIRE(got);
    auto* why = std::get_if<failure>(&got->what);
    BOOST_REQUIRE(why);
    BOOST_TEST((why->code == sent.code));
    BOOST_TEST(why->text == "What to do. [some_reason]");
    answer::event event;
    event.why = sent;
    auto event_frames = encode_reply({7, event});
    auto heard = decode_reply(event_frames.envelope, {});
    BOOST_REQUIRE(heard);
    BOOST_TEST((std::get<answer::event>(heard->what).why == *why));
  }
}

BOOST_AUTO_TEST_CASE(deadlines_are_filled_in_and_bounded) {
  auto decoded = [](milliseconds deadline) {
    auto frames = encode_request({7, deadline, "id", ask::ping{}});
    return decode_request(frames.envelope, {}).value().deadline;
  };
  BOOST_TEST((decoded(milliseconds{0}) == milliseconds{limits::deadline_default}));
  BOOST_TEST((decoded(milliseconds{1}) == milliseconds{1}));
  BOOST_TEST((decoded(milliseconds{UINT32_MAX}) == milliseconds{limits::deadline_max}));
}

BOOST_AUTO_TEST_CASE(a_refused_request_keeps_its_correlation_and_request_id) {
  auto frames =
      encode_request({77, milliseconds{1}, "the id", ask::of_mailbox{alice(), op::deposit{}}});
  auto got = decode_request(frames.envelope, {chunk{"not described"}});
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().why.reason == "frames_extra");
  BOOST_TEST(got.error().correlation == 77U);
  BOOST_TEST(got.error().request_id == "the id");
}

BOOST_AUTO_TEST_CASE(golden_requests_are_written_and_read_alike) {
  for (const auto& [name, what] : golden_requests()) {
    auto frames = encode_request(what);
    if (!of_an_older_version(name))
      unchanged(name, frames.envelope);
    auto old = decode_request(golden(name), frames.media);
    BOOST_TEST_CONTEXT(name) BOOST_TEST((old && same(*old, what)));
  }
}

BOOST_AUTO_TEST_CASE(golden_replies_are_written_and_read_alike) {
  for (const auto& [name, what] : golden_replies()) {
    auto frames = encode_reply(what);
    unchanged(name, frames.envelope);
    auto old = decode_reply(golden(name), frames.media);
    BOOST_TEST_CONTEXT(name) BOOST_TEST((old && same(*old, what)));
  }
  unchanged("reply.failed",
            encode_reply({7, failure{errc::busy, "some_reason", "What to do."}}).envelope);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::codec_tests
