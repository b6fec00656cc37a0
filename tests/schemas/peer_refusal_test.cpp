// What a peer may not send, and what a newer peer may.
#include "schemas/capnp_io.hpp"
#include "schemas/peer.capnp.h"
#include "tests/cluster/envelope_words.hpp"
#include "tests/schemas/codec_helpers.hpp"
#include "tests/schemas/peer_same.hpp"

namespace restante::codec_tests {

namespace {

using namespace cluster_tests; // envelopes made by hand

std::string verdict(const frames& what) {
  auto got = peer::decode(what.envelope, what.media);
  if (got)
    return "accepted";
  BOOST_TEST(!got.error().text.empty());
  return std::string{to_string(got.error().code)} + " " + got.error().reason;
}
/// Encoding judges nothing.
std::string verdict(const peer::message& what) { return verdict(encode(what)); }

/// An envelope as `write` fills it.
template <class Write>
frames built(Write write) {
  capnp::MallocMessageBuilder builder;
  write(builder.initRoot<wire::peer::PeerMessage>());
  return {capnp_io::to_bytes(builder), {}};
}

capnp::Data::Reader blob_of(const std::string& bytes) { return capnp_io::blob(bytes); }

peer::hello good_hello() {
  return {id_of<digest>(1), 1, 1, 0, "node-a", "eu1", 0, 7, 8, 1'760'000'000'000};
}
peer::media_row good_row() { return {id_of<message_id>(2), 0, 5, false, chunk{"media"}}; }
peer::piece good_piece() { return {id_of<mailbox_id>(3), good_row(), 0}; }
peer::batch batch_of(peer::media_row row) { return {1, 0, {{"change", {std::move(row)}}}}; }
peer::forward good_forward() { return {1, "acme", milliseconds{10}, {"request", {}}}; }

/// The verdict when one thing is wrong.
template <class What, class Spoil>
std::string spoilt(What what, Spoil spoil) {
  BOOST_TEST(verdict(peer::message{what}) == "accepted");
  spoil(what);
  return verdict(peer::message{what});
}

std::vector<chunk> many(size_t count) { return std::vector<chunk>(count, chunk{"media"}); }

} // namespace

BOOST_AUTO_TEST_SUITE(peer_refusals)

BOOST_AUTO_TEST_CASE(a_hello_is_refused_for_each_field_that_cannot_be) {
  using peer::hello;
  auto with = [](auto spoil) { return spoilt(good_hello(), spoil); };
  const std::string id = "invalid_request id_malformed", name = "invalid_request name_malformed",
                    versions = "invalid_request version_range",
                    number = "invalid_request number_out_of_range",
                    time = "invalid_request time_out_of_range";
  BOOST_TEST(with([](hello& v) { v.cluster = {}; }) == id);
  BOOST_TEST(with([](hello& v) { v.version_min = 0; }) == versions);
  BOOST_TEST(with([](hello& v) { v.version_min = 2; }) == versions);
  BOOST_TEST(with([](hello& v) { v.node = ""; }) == name);
  BOOST_TEST(with([](hello& v) { v.node = std::string(65, 'a'); }) == name);
  BOOST_TEST(with([](hello& v) { v.node = "Node"; }) == name);
  BOOST_TEST(with([](hello& v) { v.node = "a\nb"; }) == name);
  BOOST_TEST(with([](hello& v) { v.region = "eu-1"; }) == name);
  BOOST_TEST(with([](hello& v) { v.region = std::string(17, 'a'); }) == name);
  BOOST_TEST(with([](hello& v) { v.newest = UINT64_MAX; }) == number);
  BOOST_TEST(with([](hello& v) { v.now = -1; }) == time);
  BOOST_TEST(with([](hello& v) { v.now = 4'102'444'800'001; }) == time);
  BOOST_TEST(with([](hello& v) { v.now = INT64_MIN; }) == time);
  for (size_t size : {0, 15, 17, 10'000})
    BOOST_TEST(verdict(built([&](auto root) {
                 root.initHello().setCluster(blob_of(std::string(size, 'x')));
               })) == id);
}

BOOST_AUTO_TEST_CASE(numbers_that_no_count_reaches_are_refused) {
  constexpr uint64_t most = uint64_t{1} << 62;
  for (auto number : {most + 1, UINT64_MAX}) {
    const peer::message all[] = {
        peer::alive{false, number}, peer::batch{number, 0, {}},
        peer::batch{0, number, {}}, peer::applied{number},
        peer::stopped{number, {}},  peer::compare{number, {}},
        peer::differ{number, {}},   peer::welcome{1, 0, "node-a", 0, 0, number}};
    for (const auto& each : all)
      BOOST_TEST(verdict(each) == "invalid_request number_out_of_range");
  }
  BOOST_TEST(verdict(peer::applied{most}) == "accepted");
}

BOOST_AUTO_TEST_CASE(media_rows_that_cannot_be_are_refused) {
  using peer::media_row;
  auto with = [](auto spoil) {
    return spoilt(batch_of(good_row()), [&](peer::batch& v) { spoil(v.entries[0].media[0]); });
  };
  const std::string size = "invalid_request media_size", part = "invalid_request part_out_of_range",
                    kind = "unsupported greeting_kind_unknown";
  BOOST_TEST(with([](media_row& v) { v.part = 8; }) == part);
  BOOST_TEST(with([](media_row& v) { v = {{}, 3, 5, false, chunk{"media"}}; }) == kind);
  BOOST_TEST(with([](media_row& v) { v = {v.message, 0, 0, true, {}}; }) == size);
  BOOST_TEST(with([](media_row& v) {
               v = {v.message, 0, limits::media_bytes_max + 1, true, {}};
             }) == size);
  BOOST_TEST(with([](media_row& v) { v = {v.message, 0, UINT64_MAX, true, {}}; }) == size);
  BOOST_TEST(with([](media_row& v) { v.message = message_id{}; }) ==
             "invalid_request id_malformed");
  BOOST_TEST(with([](media_row& v) { v.size = 4; }) == "invalid_request frame_size_mismatch");
  for (size_t bytes : {1, 15, 17})
    BOOST_TEST(verdict(built([&](auto root) {
                 auto entry = root.initBatch().initEntries(1)[0];
                 entry.setChange(blob_of("change"));
                 entry.initMedia(1)[0].setMessage(blob_of(std::string(bytes, 'x')));
               })) == "invalid_request id_malformed");
}

BOOST_AUTO_TEST_CASE(pieces_lie_within_their_media) {
  using peer::piece;
  auto with = [](auto spoil) { return spoilt(good_piece(), spoil); };
  const std::string beyond = "invalid_request piece_beyond_end",
                    size = "invalid_request piece_size";
  BOOST_TEST(with([](piece& v) { v.mailbox = {}; }) == "invalid_request id_malformed");
  BOOST_TEST(with([](piece& v) { v.offset = 1; }) == beyond);
  BOOST_TEST(with([](piece& v) { v.offset = UINT64_MAX; }) == beyond);
  BOOST_TEST(with([](piece& v) { v.offset = UINT64_MAX - 4; }) == beyond);
  BOOST_TEST(with([](piece& v) { v.row.size = 4; }) == beyond);
  BOOST_TEST(with([](piece& v) { v.row.bytes = {}; }) == size);
  BOOST_TEST(with([](piece& v) {
               v.row.size = limits::media_bytes_max;
               v.row.bytes = chunk{std::string(limits::piece_bytes_max + 1, 'p')};
             }) == size);
  auto largest = good_piece();
  largest.row.size = limits::media_bytes_max;
  largest.row.bytes = chunk{std::string(limits::piece_bytes_max, 'p')};
  largest.offset = limits::media_bytes_max - limits::piece_bytes_max;
  BOOST_TEST(verdict(peer::message{largest}) == "accepted");
}

BOOST_AUTO_TEST_CASE(frames_are_exactly_the_described_ones) {
  const std::string extra = "invalid_request frames_extra",
                    missing = "invalid_request frames_missing";
  const peer::message frameless[] = {good_hello(),
                                     peer::alive{},
                                     peer::batch{1, 0, {{"change", {}}}},
                                     peer::compare{},
                                     peer::welcome{1, 0, "node-a", 0, 0, 0},
                                     peer::applied{},
                                     peer::stopped{},
                                     peer::differ{},
                                     failure{}};
  for (const auto& each : frameless) {
    auto what = encode(each);
    BOOST_TEST(verdict(what) == "accepted");
    what.media.emplace_back("more");
    BOOST_TEST(verdict(what) == extra);
  }
  const peer::message framed[] = {good_piece(), batch_of(good_row())};
  for (const auto& each : framed) {
    auto what = encode(each);
    BOOST_TEST(verdict(what) == "accepted");
    BOOST_TEST(verdict(frames{what.envelope, {}}) == missing);
    what.media.emplace_back("more");
    BOOST_TEST(verdict(what) == extra);
  }
  auto batch = encode(framed[1]);
  const std::string media{batch.media.front().view()}, mismatch = "invalid_request "
                                                                  "frame_size_mismatch";
  for (const auto& other : {media + "x", media.substr(1)})
    BOOST_TEST(verdict(frames{batch.envelope, {chunk{other}}}) == mismatch);
  auto in_pieces = good_row();
  in_pieces.in_pieces = true;
  auto what = encode(peer::message{batch_of(in_pieces)});
  what.media.emplace_back("media");
  BOOST_TEST(verdict(what) == extra);
}

BOOST_AUTO_TEST_CASE(what_is_passed_on_has_its_bounds) {
  using peer::forward;
  auto with = [](auto spoil) { return spoilt(good_forward(), spoil); };
  const std::string envelope = "invalid_request inner_envelope_size",
                    frames_too_many = "invalid_request frames_too_many",
                    zero = "invalid_request correlation_zero";
  BOOST_TEST(with([](forward& v) { v.correlation = 0; }) == zero);
  BOOST_TEST(with([](forward& v) { v.tenant = ""; }) == "invalid_request tenant_missing");
  BOOST_TEST(with([](forward& v) { v.tenant = std::string(65, 'a'); }) ==
             "invalid_request text_too_long");
  BOOST_TEST(with([](forward& v) { v.tenant = "a\nb"; }) == "invalid_request text_not_utf8");
  BOOST_TEST(with([](forward& v) { v.what.envelope = ""; }) == envelope);
  BOOST_TEST(with([](forward& v) {
               v.what.envelope = std::string(limits::envelope_bytes_max + 1, 'e');
             }) == envelope);
  BOOST_TEST(with([](forward& v) { v.what.media = many(limits::parts_max); }) == "accepted");
  BOOST_TEST(with([](forward& v) { v.what.media = many(limits::parts_max + 1); }) ==
             frames_too_many);
  const chunk large{std::string(limits::media_bytes_max + 1, 'm')};
  BOOST_TEST(with([&](forward& v) { v.what.media = {large}; }) == "invalid_request media_size");

  const std::string page(limits::reply_envelope_bytes_max, 'e');
  BOOST_TEST(verdict(peer::answer{1, {page, {}}}) == "accepted");
  BOOST_TEST(verdict(peer::answer{1, {page + "e", {}}}) == envelope);
  BOOST_TEST(verdict(peer::answer{0, {"reply", {}}}) == zero);
  BOOST_TEST(verdict(peer::answer{1, {"reply", many(limits::parts_max + 1)}}) == frames_too_many);
  BOOST_TEST(verdict(peer::answer{1, {"reply", {large}}}) == "invalid_request media_size");
}

BOOST_AUTO_TEST_CASE(lists_have_their_bounds) {
  const std::string too_long = "invalid_request list_too_long";
  peer::batch batch{1, 0, std::vector<peer::entry>(limits::batch_entries_max, {"c", {}})};
  BOOST_TEST(verdict(peer::message{batch}) == "accepted");
  batch.entries.push_back({"c", {}});
  BOOST_TEST(verdict(peer::message{batch}) == too_long);

  // A mailbox's many messages may be one entry; the bound is on all.
  auto row = good_row();
  row.in_pieces = true;
  batch = {1, 0, {{"c", std::vector<peer::media_row>(limits::batch_media_max, row)}}};
  BOOST_TEST(verdict(peer::message{batch}) == "accepted");
  batch.entries.push_back({"c", {row}});
  BOOST_TEST(verdict(peer::message{batch}) == too_long);
  BOOST_TEST(verdict(peer::batch{1, 0, {{"", {}}}}) == "invalid_request change_missing");

  peer::compare compare{1, {}};
  peer::differ differ{1, {}};
  for (size_t i = 0; i < limits::compared_at_once; ++i) {
    compare.mailboxes.emplace_back(id_of<mailbox_id>(1), id_of<digest>(0)); // any digest is one
    differ.mailboxes.push_back(id_of<mailbox_id>(1));
  }
  BOOST_TEST(verdict(peer::message{compare}) == "accepted");
  BOOST_TEST(verdict(peer::message{differ}) == "accepted");
  compare.mailboxes.push_back(compare.mailboxes.back());
  differ.mailboxes.push_back(differ.mailboxes.back());
  BOOST_TEST(verdict(peer::message{compare}) == too_long);
  BOOST_TEST(verdict(peer::message{differ}) == too_long);
  BOOST_TEST(verdict(peer::message{peer::differ{1, {}, differ.mailboxes}}) == too_long);
  BOOST_TEST(verdict(peer::differ{1, {}, {mailbox_id{}}}) == "invalid_request id_malformed");
  BOOST_TEST(verdict(peer::compare{1, {{mailbox_id{}, digest{}}}}) ==
             "invalid_request id_malformed");
  BOOST_TEST(verdict(peer::differ{1, {mailbox_id{}}}) == "invalid_request id_malformed");
  BOOST_TEST(verdict(built([](auto root) {
               auto one = root.initCompare().initMailboxes(1)[0];
               one.setMailbox(blob_of(std::string(16, 'x')));
               one.setDigest(blob_of(std::string(15, 'x')));
             })) == "invalid_request digest_malformed");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_envelope_are_refused) {
  const auto good = encode(peer::message{good_hello()}).envelope;
  BOOST_TEST(verdict(frames{"", {}}) == "invalid_request envelope_empty");
  BOOST_TEST(verdict(frames{good.substr(1), {}}) == "invalid_request envelope_truncated");
  BOOST_TEST(verdict(frames{good.substr(0, good.size() - 8), {}}) ==
             "invalid_request envelope_malformed");
  BOOST_TEST(verdict(frames{good + std::string(8, '\0'), {}}) ==
             "invalid_request envelope_trailing_bytes");
  BOOST_TEST(verdict(frames{std::string(limits::peer_envelope_bytes_max + 8, '\0'), {}}) ==
             "invalid_request envelope_too_large");
  BOOST_TEST(verdict(built([](auto root) { root.setUnset(); })) ==
             "invalid_request operation_missing");
  // Every bit of a frame turned: a value within its bounds or a refusal, never more.
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    (void)verdict(frames{bytes, {}});
  }
}

BOOST_AUTO_TEST_CASE(few_bytes_do_not_become_many) {
  // Of half a billion elements without size.
  const words voids{to_struct(0, 1, 1), 6, to_struct(0, 1, 1), 7,
                    to_list(0, element::nothing, 500'000'000)};
  BOOST_TEST(verdict(frames{framed({voids}), {}}).starts_with("invalid_request "));
  // 512 entries that share one change of 64 KiB.
  words shared{
      to_struct(0, 1, 1),  4, to_struct(0, 2, 1), 1, 0, to_list(0, element::composite, 1024),
      to_struct(512, 0, 2)};
  for (int i = 0; i < 512; ++i) {
    shared.push_back(to_list(1024 - 2 * i - 1, element::byte, 65'536));
    shared.push_back(0);
  }
  shared.resize(shared.size() + 65'536 / 8, 0x6363636363636363);
  BOOST_TEST(verdict(frames{framed({shared}), {}}) == "invalid_request envelope_malformed");
  shared.resize(7 + 1024);
  for (size_t i = 0; i < 512; ++i) // the same with changes of 8 bytes is well formed
    shared[7 + 2 * i] = to_list(static_cast<int32_t>(1024 - 2 * i - 1), element::byte, 8);
  shared.push_back(1);
  BOOST_TEST(verdict(frames{framed({shared}), {}}) == "accepted");
}

BOOST_AUTO_TEST_CASE(what_a_newer_peer_says_besides_is_ignored) {
  // Alive: more data and pointers in the envelope and in the struct than this version knows.
  const words alive{to_struct(0, 3, 2),
                    2,
                    77,
                    78,
                    to_struct(1, 4, 1),
                    to_list(5, element::byte, 4),
                    1,
                    42,
                    79,
                    80,
                    0,
                    0x77656e};
  auto got = peer::decode(framed({alive}), {});
  BOOST_REQUIRE_MESSAGE(got, got.error().reason);
  BOOST_TEST(peer_tests::same(*got, peer::alive{true, 42, 79}));
  // Compare: longer elements of a list.
  auto same_byte = [](uint64_t byte) { return byte * 0x0101010101010101; };
  const words compare{to_struct(0, 1, 1),
                      6,
                      to_struct(0, 1, 1),
                      7,
                      to_list(0, element::composite, 4),
                      to_struct(1, 1, 3),
                      99,
                      to_list(2, element::byte, 16),
                      to_list(3, element::byte, 16),
                      0,
                      same_byte(5),
                      same_byte(5),
                      same_byte(6),
                      same_byte(6)};
  got = peer::decode(framed({compare}), {});
  BOOST_REQUIRE_MESSAGE(got, got.error().reason);
  BOOST_TEST(peer_tests::same(*got, peer::compare{7, {{id_of<mailbox_id>(5), id_of<digest>(6)}}}));
}

BOOST_AUTO_TEST_CASE(what_only_a_newer_peer_knows_is_unsupported) {
  const words unknown{to_struct(0, 1, 1), 13, 0};
  BOOST_TEST(verdict(frames{framed({unknown}), {}}) == "unsupported operation_unknown");
  auto later = built([](auto root) { root.initRefused().setCode(wire::ErrorCode{200}); });
  auto got = peer::decode(later.envelope, {});
  BOOST_TEST((std::get<failure>(got.value()).code == errc::unsupported));
}

BOOST_AUTO_TEST_CASE(a_peers_explanation_fits_on_a_line_of_a_log) {
  auto got = peer::decode(built([](auto root) {
                            auto why = root.initStopped().initWhy();
                            why.setCode(wire::ErrorCode::BUSY);
                            why.setReason("two\nlines");
                            why.setText(std::string(10'000, 'x') + "\x1b[2J");
                          }).envelope,
                          {});
  const auto& why = std::get<peer::stopped>(got.value()).why;
  BOOST_TEST((why.code == errc::busy));
  BOOST_TEST(printable(why.text));
  BOOST_TEST(why.text.size() < 600U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::codec_tests
