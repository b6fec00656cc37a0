// What nodes say to each other survives its frames; frames of earlier versions are written and read
// alike. What is malformed: peer_refusal_test.cpp.
#include "schemas/limits.hpp"
#include "tests/schemas/codec_helpers.hpp"
#include "tests/schemas/peer_same.hpp"
#include "tests/schemas/peer_samples.hpp"

namespace restante::codec_tests {

namespace {

using peer_tests::golden_messages;
using peer_tests::same;

constexpr size_t kinds = std::variant_size_v<peer::message>;

std::string any_name(random_source& draw, const std::string& letters, size_t size_max) {
  std::string out;
  for (auto size = 1 + draw.below(size_max); size > 0; --size)
    out += draw.pick(letters);
  return out;
}
std::string any_node(random_source& draw) { return any_name(draw, "abcxyz0189-", 64); }
uint64_t any_count(random_source& draw) {
  return draw.one_in(4) ? uint64_t{1} << 62 : draw.below(uint64_t{1} << 62);
}
chunk any_media(random_source& draw) { return chunk{"x" + any_bytes(draw, 100)}; }

peer::media_row any_row(random_source& draw) {
  peer::media_row out;
  if (draw.one_in(2))
    out.message = any_id<message_id>(draw);
  out.part = static_cast<uint8_t>(draw.below(out.message ? 8 : 3));
  out.in_pieces = draw.one_in(2);
  if (!out.in_pieces)
    out.bytes = any_media(draw);
  out.size = out.in_pieces ? 1 + draw.below(limits::media_bytes_max) : out.bytes.size();
  return out;
}

peer::piece any_piece(random_source& draw) {
  peer::piece out{any_id<mailbox_id>(draw), any_row(draw), 0};
  out.row.bytes = any_media(draw);
  out.offset = draw.below(limits::media_bytes_max - out.row.bytes.size());
  out.row.size = out.offset + out.row.bytes.size() +
                 draw.below(limits::media_bytes_max - out.offset - out.row.bytes.size() + 1);
  return out;
}

peer::batch any_batch(random_source& draw) {
  peer::batch out{any_count(draw), any_count(draw), {}};
  for (auto count = draw.below(20); count > 0; --count) {
    peer::entry each{"c" + any_bytes(draw, 500), {}};
    for (auto rows = draw.below(4); rows > 0; --rows)
      each.media.push_back(any_row(draw));
    out.entries.push_back(std::move(each));
  }
  return out;
}

frames any_frames(random_source& draw) {
  frames out{"e" + any_bytes(draw, 200), {}};
  for (auto count = draw.below(9); count > 0; --count)
    out.media.emplace_back(any_bytes(draw, 100));
  return out;
}

failure any_failure(random_source& draw) {
  return {static_cast<errc>(1 + draw.below(static_cast<uint64_t>(errc::storage_failure))),
          "some_reason", any_text(draw)};
}

uint64_t any_correlation(random_source& draw) { return 1 + draw.below(UINT64_MAX); }

peer::message any_message(random_source& draw, uint64_t which) {
  auto u64 = [&] { return any_number<uint64_t>(draw); };
  switch (which) {
  case 0: {
    auto oldest = static_cast<uint16_t>(1 + draw.below(UINT16_MAX));
    return peer::hello{any_id<digest>(draw),
                       oldest,
                       static_cast<uint16_t>(oldest + draw.below(UINT16_MAX - oldest + 1)),
                       u64(),
                       any_node(draw),
                       any_name(draw, "abcxyz0189", 16),
                       any_number<uint32_t>(draw),
                       u64(),
                       any_count(draw),
                       static_cast<wall_ms>(draw.below(4'102'444'800'001))};
  }
  case 1:
    return peer::alive{draw.one_in(2), any_count(draw), any_count(draw), draw.one_in(2)};
  case 2:
    return any_piece(draw);
  case 3:
    return any_batch(draw);
  case 4:
    return peer::forward{any_correlation(draw), "t" + any_text(draw),
                         milliseconds{draw.below(60'001)}, any_frames(draw)};
  case 5: {
    peer::compare out{any_count(draw), {}};
    for (auto count = draw.below(40); count > 0; --count)
      out.mailboxes.emplace_back(any_id<mailbox_id>(draw), any_id<digest>(draw));
    return out;
  }
  case 6:
    return peer::welcome{
        any_number<uint16_t>(draw), u64(), any_node(draw), u64(), u64(), any_count(draw)};
  case 7:
    return peer::applied{any_count(draw)};
  case 8:
    return peer::stopped{any_count(draw), any_failure(draw)};
  case 9:
    return peer::answer{any_correlation(draw), any_frames(draw)};
  case 10: {
    peer::differ out{any_count(draw), {}};
    for (auto count = draw.below(40); count > 0; --count)
      (draw.one_in(3) ? out.leaving : out.mailboxes).push_back(any_id<mailbox_id>(draw));
    return out;
  }
  default:
    return any_failure(draw);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(peer_codec)

BOOST_AUTO_TEST_CASE(every_message_survives) {
  random_source draw{test_seed()};
  for (uint64_t i = 0; i < 6'000; ++i) {
    auto sent = any_message(draw, i % kinds);
    BOOST_REQUIRE(sent.index() == i % kinds);
    auto on_the_way = encode(sent);
    auto got = peer::decode(on_the_way.envelope, on_the_way.media);
    BOOST_REQUIRE_MESSAGE(got, name_of(sent) << ": " << got.error().reason);
    BOOST_REQUIRE_MESSAGE(same(sent, *got), name_of(sent));
  }
}

BOOST_AUTO_TEST_CASE(golden_frames_are_written_and_read_alike) {
  auto all = golden_messages();
  BOOST_REQUIRE(all.size() == kinds);
  for (size_t which = 0; which < all.size(); ++which) {
    auto name = "peer." + std::string{name_of(all[which])};
    auto out = encode(all[which]);
    unchanged(name, out.envelope);
    auto got = peer::decode(golden(name), out.media);
    BOOST_TEST_CONTEXT(name) BOOST_TEST((got && same(all[which], *got)));
  }
}

BOOST_AUTO_TEST_CASE(a_node_that_knows_nothing_of_leaving_copies_is_understood) {
  auto got = peer::decode(golden("peer.differ_v1"), {});
  auto* said = got ? std::get_if<peer::differ>(&*got) : nullptr;
  BOOST_REQUIRE(said != nullptr);
  BOOST_TEST((said->number == 10 && said->mailboxes.size() == 1 && said->leaving.empty()));
}

BOOST_AUTO_TEST_CASE(the_largest_batch_survives_in_one_segment) {
  peer::batch all{1, 0, {}};
  const chunk media{std::string(100, 'm')};
  for (size_t i = 0; i < limits::batch_entries_max; ++i) {
    all.entries.push_back({std::string(limits::peer_envelope_bytes_max / 512 - 400, 'c'), {}});
    for (uint8_t part = 0; part < limits::parts_max; ++part)
      all.entries.back().media.push_back(
          {id_of<message_id>(static_cast<uint8_t>(1 + i % 255)), part, 100, false, media});
  }
  auto out = encode(peer::message{all});
  BOOST_TEST(out.envelope.size() <= limits::peer_envelope_bytes_max);
  BOOST_TEST(out.envelope.size() > limits::peer_envelope_bytes_max - 64 * 1024);
  BOOST_TEST(out.envelope.substr(0, 4) == std::string(4, '\0')); // one segment
  BOOST_REQUIRE(out.media.size() == 1U);
  BOOST_TEST(out.media[0].size() == limits::batch_media_max * media.size());
  auto got = peer::decode(out.envelope, out.media);
  BOOST_REQUIRE_MESSAGE(got, got.error().reason);
  BOOST_TEST(same(peer::message{all}, *got));
  const size_t before = 9 * limits::parts_max + 1;
  BOOST_TEST((std::get<peer::batch>(*got).entries[9].media[1].bytes.view().data() ==
              out.media[0].view().data() + before * media.size())); // a view, no copy
}

// A connection takes frames of the largest media and no more.
BOOST_AUTO_TEST_CASE(large_media_of_a_batch_go_in_frames_of_their_own) {
  peer::batch all{1, 0, {{"change", {}}, {"another", {}}}};
  const chunk large{std::string(limits::batch_bytes_max, 'm')}, little{std::string(10, 'l')};
  for (auto& entry : all.entries)
    for (uint8_t part = 0; part < limits::parts_max; ++part) {
      const auto& bytes = part % 3 == 0 ? little : large;
      entry.media.push_back({id_of<message_id>(1), part, bytes.size(), false, bytes});
    }
  auto out = encode(peer::message{all});
  for (const auto& frame : out.media)
    BOOST_TEST(frame.size() <= limits::batch_bytes_max);
  auto got = peer::decode(out.envelope, out.media);
  BOOST_REQUIRE_MESSAGE(got, got.error().reason);
  BOOST_TEST(same(peer::message{all}, *got));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_is_none_at_all) {
  auto out = encode(peer::forward{1, "acme", milliseconds{-5}, {"request", {}}});
  auto got = peer::decode(out.envelope, out.media);
  BOOST_TEST((std::get<peer::forward>(got.value()).deadline == milliseconds{0}));
  out = encode(peer::forward{1, "acme", milliseconds{4'000'000'000}, {"request", {}}});
  got = peer::decode(out.envelope, out.media);
  BOOST_TEST((std::get<peer::forward>(got.value()).deadline == limits::deadline_max));
}

BOOST_AUTO_TEST_CASE(six_kinds_are_said_by_the_side_that_connected) {
  std::string by_it;
  for (const auto& each : golden_messages())
    if (by_connecting_side(each))
      by_it += std::string{name_of(each)} + ' ';
  BOOST_TEST(by_it == "hello alive piece batch forward compare ");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::codec_tests
