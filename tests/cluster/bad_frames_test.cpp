// Frames that are no requests: whatever comes, it is refused with a code, counted, and changes
// nothing; the connection and its neighbours go on.
#include "tests/cluster/engine_fixture.hpp"
#include "tests/cluster/envelope_words.hpp"
#include "tests/support/random_state.hpp"

namespace restante::cluster_tests {

namespace {

constexpr const char* malformed = "invalid_request envelope_malformed";

struct frames_fixture : engine_fixture {
  /// Sends all, and counts the answers by verdict. Each must be answered, and nothing twice: the
  /// answer to an honest request behind them must be the last.
  std::map<std::string, size_t> answers(const std::vector<frames>& many) {
    raw_client to{acme};
    std::map<std::string, size_t> out;
    size_t sent = 0;
    for (size_t got = 0; got < many.size(); ++got) {
      while (sent < many.size() && sent - got < 200)
        to.send(many[sent++]);
      auto what = to.receive();
      BOOST_REQUIRE_MESSAGE(what, "answers are missing: " << many.size() - got);
      ++out[verdict(what->what)];
    }
    auto last = to.ask(encode_request({4'711, 10'000ms, {}, ask::ping{}}));
    BOOST_TEST(last.correlation == 4'711U);
    BOOST_TEST(std::holds_alternative<answer::pong>(last.what));
    return out;
  }

  std::string accepted(const frames& what) {
    raw_client to{acme};
    auto got = to.ask(what);
    BOOST_TEST(got.correlation == 77U);
    return verdict(got.what);
  }

  /// The words of a profile request whose subscriber and text are given; both may be larger than
  /// this version knows.
  [[nodiscard]] std::string larger_profile_request() const {
    auto text = bytes_as_words(profile);
    words all{to_struct(0, 4, 3), // root: two more words, one more pointer
              77,
              uint64_t{tags::profile} << 32,
              0xAAAA,
              0xBBBB,
              to_list(2, element::byte, 8), // the request id, word 8
              to_struct(2, 2, 2),           // the subscriber, word 9
              to_struct(0, 1, 0),           // unknown: behind the pointer
              0x1122334455667788,
              1, // subscriber: by profile id
              0xCCCC,
              to_list(1, element::byte, static_cast<uint32_t>(profile.size() + 1)),
              0}; // an unknown pointer, null
    all.insert(all.end(), text.begin(), text.end());
    return framed({all});
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_frames, frames_fixture)

BOOST_AUTO_TEST_CASE(an_empty_envelope_is_refused) {
  refuses(std::string{}, "invalid_request envelope_empty");
  refuses(frames{{}, {chunk{amr(5)}}}, "invalid_request envelope_empty");
}

BOOST_AUTO_TEST_CASE(a_request_with_frames_missing_is_refused) {
  auto bad = deposit_frames();
  bad.media.clear();
  refuses(bad, "invalid_request frames_missing");
}

BOOST_AUTO_TEST_CASE(a_request_with_extra_frames_is_refused) {
  auto bad = deposit_frames();
  bad.media.emplace_back(amr(5));
  refuses(bad, "invalid_request frames_extra");
  bad.media.assign(9, chunk{amr(5)});
  refuses(bad, "invalid_request frames_too_many");
  refuses(frames{encode_request({1, 1s, {}, ask::ping{}}).envelope, {chunk{}}},
          "invalid_request frames_extra");
}

BOOST_AUTO_TEST_CASE(a_message_of_ten_thousand_frames_is_refused) {
  auto bad = deposit_frames();
  bad.media.assign(10'000, chunk{std::string(1'000, 'x')});
  refuses(bad, "invalid_request frames_too_many");
  bad.media.assign(10'000, chunk{});
  refuses(bad, "invalid_request frames_too_many");
}

BOOST_AUTO_TEST_CASE(a_frame_whose_size_is_not_as_described_is_refused) {
  auto bad = deposit_frames();
  bad.media[0] = chunk{amr(50) + "x"};
  refuses(bad, "invalid_request frame_size_mismatch");
  bad.media[0] = chunk{};
  refuses(bad, "invalid_request frame_size_mismatch");
  bad.media[0] = chunk{amr(49)};
  refuses(bad, "invalid_request frame_size_mismatch");
}

BOOST_AUTO_TEST_CASE(an_envelope_cut_anywhere_is_refused) {
  auto whole = deposit_frames();
  auto before = written();
  std::vector<frames> cuts;
  for (size_t size = 0; size < whole.envelope.size(); ++size)
    cuts.push_back({whole.envelope.substr(0, size), whole.media});
  auto got = answers(cuts);
  auto whole_words = whole.envelope.size() / 8 - 1;
  BOOST_TEST(got["invalid_request envelope_empty"] == 1U);
  BOOST_TEST(got[malformed] == whole_words);
  BOOST_TEST(got["invalid_request envelope_truncated"] == cuts.size() - 1 - whole_words);
  BOOST_TEST(refused("envelope_malformed") == whole_words);
  BOOST_TEST(written() == before);
}

BOOST_AUTO_TEST_CASE(an_envelope_at_an_odd_address_is_read) {
  // Small messages of one connection share ZeroMQ's buffer, so the one before shifts the next.
  raw_client to{local(2)};
  for (size_t shift = 0; shift < 8; ++shift) {
    to.send({std::string(shift, 'x'), {}});
    to.send(encode_request({shift + 1, 10'000ms, {}, ask::ping{}}));
    BOOST_TEST((to.receive()->correlation == 0));
    auto got = to.receive();
    BOOST_REQUIRE(got);
    BOOST_TEST(got->correlation == shift + 1);
    BOOST_TEST(std::holds_alternative<answer::pong>(got->what));
  }
}

BOOST_AUTO_TEST_CASE(an_oversized_envelope_is_refused) {
  refuses(std::string(limits::envelope_bytes_max + 8, '\0'), "invalid_request envelope_too_large");
  refuses(deposit_frames().envelope + std::string(limits::envelope_bytes_max, '\0'),
          "invalid_request envelope_too_large");
}

BOOST_AUTO_TEST_CASE(a_frame_above_what_is_received_at_all_ends_its_connection_only) {
  raw_client honest{acme}, hostile{acme};
  hostile.send({std::string(3 * limits::media_bytes_max, 'x'), {}});
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(std::holds_alternative<answer::pong>(
        honest.ask(encode_request({5, 10'000ms, {}, ask::ping{}})).what));
  // The hostile client's socket connects again by itself, and is served again.
  auto end = std::chrono::steady_clock::now() + patience;
  std::optional<reply> got;
  while (!got && std::chrono::steady_clock::now() < end) {
    hostile.send(encode_request({6, 10'000ms, {}, ask::ping{}}));
    got = hostile.receive(200ms);
  }
  BOOST_REQUIRE(got);
  BOOST_TEST(got->correlation == 6U);
}

BOOST_AUTO_TEST_CASE(too_many_segments_are_refused) {
  auto ping = request_words(tags::ping, 0);
  auto with_count = [&](uint32_t count) {
    auto bytes = framed({ping});
    std::memcpy(bytes.data(), &count, 4);
    return bytes;
  };
  refuses(with_count(0xFFFFFFFF), "invalid_request envelope_segments");
  refuses(with_count(0xFFFFFFFE), "invalid_request envelope_segments");
  refuses(with_count(15), malformed); // as many as are allowed, but they are not there
  std::vector<words> segments(513);
  segments[0] = ping;
  refuses(framed(segments), "invalid_request envelope_segments");
  segments.resize(17);
  refuses(framed(segments), "invalid_request envelope_segments");
  segments.resize(16);
  BOOST_TEST(accepted({framed(segments), {}}) == "accepted");
}

BOOST_AUTO_TEST_CASE(segments_larger_than_the_envelope_are_refused) {
  auto bytes = framed({request_words(tags::ping, 0)});
  for (uint32_t size : {7U, 0x1FFFFFFFU, 0x20000000U, 0x80000000U, 0xFFFFFFFFU}) {
    std::memcpy(bytes.data() + 4, &size, 4);
    refuses(bytes, malformed);
  }
  uint32_t none = 0;
  std::memcpy(bytes.data() + 4, &none, 4);
  refuses(bytes, "invalid_request envelope_trailing_bytes");
}

BOOST_AUTO_TEST_CASE(bytes_after_the_message_are_refused) {
  auto bad = deposit_frames();
  bad.envelope += std::string(8, '\0');
  refuses(bad, "invalid_request envelope_trailing_bytes");
}

BOOST_AUTO_TEST_CASE(lists_that_claim_to_be_huge_are_refused) {
  constexpr uint32_t most = 0x1FFFFFFF;
  auto deposit = [](uint64_t parts, const words& rest = {}) {
    words body{0, 1, 0, 0, parts}; // word 6 and on; the pointer to parts is word 10
    body.insert(body.end(), rest.begin(), rest.end());
    // The subscriber is checked first: let it be there.
    body[2] = to_struct(static_cast<int32_t>(2 + rest.size()), 1, 1); // word 8 -> 11 + rest
    body.push_back(1);
    body.push_back(to_list(0, element::byte, 2));
    body.push_back('x');
    return framed({request_words(tags::deposit, to_struct(1, 2, 3), body)});
  };
  refuses(deposit(to_list(0, element::nothing, most)), malformed);
  refuses(deposit(to_list(0, element::nothing, 9)), "invalid_request list_too_long");
  refuses(deposit(to_list(0, element::byte, most)), malformed);
  refuses(deposit(to_list(0, element::pointer, most)), malformed);
  refuses(deposit(to_list(0, element::composite, most)), malformed);
  // A list of structs without words: the claim costs nothing, walking it would.
  refuses(deposit(to_list(0, element::composite, 0), {uint64_t{most} << 2}), malformed);
  refuses(deposit(to_list(0, element::composite, 0), {9 << 2}), "invalid_request list_too_long");
  words tenant(7);
  tenant[4] = to_list(0, element::pointer, most);
  refuses(framed({request_words(tags::tenant_add, to_struct(1, 1, 5), tenant)}), malformed);
}

BOOST_AUTO_TEST_CASE(nesting_without_an_end_is_refused) {
  // The body is its own child, and its child's: a reader that followed would never return.
  refuses(framed({request_words(
              tags::deposit, to_struct(1, 2, 3),
              {0, 1, to_struct(-3, 2, 3), to_struct(-4, 2, 3), to_struct(-5, 2, 3)})}),
          malformed);
  // The union's pointer to itself, and to the root.
  refuses(framed({request_words(tags::profile, to_struct(-1, 1, 1))}),
          "unsupported subscriber_kind_unknown");
  refuses(framed({request_words(tags::profile, to_struct(-5, 2, 2))}),
          "invalid_request subscriber_missing");
  // A thousand structs one in the other, where a text should be.
  words chain;
  for (int i = 0; i < 1'000; ++i)
    chain.push_back(to_struct(0, 0, 1));
  chain.push_back(0);
  refuses(framed({request_words(tags::tenant_add, to_struct(1, 0, 1), chain)}), malformed);
}

BOOST_AUTO_TEST_CASE(far_pointers_that_lead_nowhere_or_in_circles_are_refused) {
  refuses(framed({{to_far(1, 0)}, {to_far(0, 0)}}), malformed);
  refuses(framed({{to_far(0, 0)}}), malformed);
  refuses(framed({{to_far(0, 0, true)}}), malformed);
  refuses(framed({{to_far(1, 0, true)}, {to_far(1, 0, true), to_far(1, 0, true)}}), malformed);
  refuses(framed({{to_far(7, 0)}}), malformed);
  refuses(framed({{to_far(0xFFFFFFFF, 0x1FFFFFFF)}}), malformed);
  refuses(framed({request_words(tags::profile, to_far(0, 4))}), malformed);
  refuses(framed({request_words(tags::profile, to_far(1, 0)), {to_far(0, 4)}}), malformed);
}

BOOST_AUTO_TEST_CASE(a_message_in_several_segments_is_read) {
  words landing{to_struct(0, 1, 1), 1,
                to_list(0, element::byte, static_cast<uint32_t>(profile.size() + 1))};
  auto text = bytes_as_words(profile);
  landing.insert(landing.end(), text.begin(), text.end());
  BOOST_TEST(accepted({framed({request_words(tags::profile, to_far(1, 0)), landing}), {}}) ==
             "accepted");
}

BOOST_AUTO_TEST_CASE(pointers_of_another_kind_are_refused) {
  refuses(framed({request_words(tags::profile, to_list(1, element::byte, 8), {0})}), malformed);
  refuses(framed({request_words(tags::profile, 3)}), malformed); // a capability
  refuses(framed({request_words(tags::profile, to_struct(1'000'000, 1, 1))}), malformed);
  refuses(framed({{0}}), "invalid_request correlation_zero"); // no root
  refuses(framed({{}}), malformed);
}

BOOST_AUTO_TEST_CASE(a_text_without_its_end_is_refused) {
  words subscriber{1, to_list(0, element::byte, 8), 0x7878787878787878};
  refuses(framed({request_words(tags::profile, to_struct(1, 1, 1), subscriber)}), malformed);
}

BOOST_AUTO_TEST_CASE(other_encodings_of_an_envelope_are_refused) {
  std::string text = R"({"correlation": 1, "ping": null})";
  refuses(text, "invalid_request envelope_segments");
  refuses(std::string(64, '\xFF'), "invalid_request envelope_segments");
  refuses(std::string(64, '\0'), "invalid_request envelope_trailing_bytes");
}

BOOST_AUTO_TEST_CASE(an_unknown_operation_is_unsupported) {
  for (uint16_t tag : {tags::unknown, uint16_t{1'000}, uint16_t{0xFFFF}})
    refuses(framed({request_words(tag, 0)}), "unsupported operation_unknown");
  refuses(framed({request_words(0, 0)}), "invalid_request operation_missing");
}

BOOST_AUTO_TEST_CASE(an_unknown_kind_of_subscriber_or_message_name_is_unsupported) {
  refuses(framed({request_words(tags::profile, to_struct(1, 1, 1), {9, 0})}),
          "unsupported subscriber_kind_unknown");
  refuses(framed({request_words(tags::profile, to_struct(1, 1, 1), {0, 0})}),
          "invalid_request subscriber_missing");
  // retrieve: channel; subscriber, message, answer, deliveredTo
  words retrieve{
      0, to_struct(3, 1, 1), to_struct(5, 1, 1), 0, 0, 1, to_list(0, element::byte, 2), 'x', 9, 0};
  refuses(framed({request_words(tags::retrieve, to_struct(1, 1, 4), retrieve)}),
          "unsupported message_kind_unknown");
  retrieve[8] = 0;
  refuses(framed({request_words(tags::retrieve, to_struct(1, 1, 4), retrieve)}),
          "invalid_request message_missing");
}

BOOST_AUTO_TEST_CASE(larger_structs_of_a_newer_client_are_read) {
  BOOST_TEST(accepted({larger_profile_request(), {}}) == "accepted");
  // A deposit whose parts are a word larger each than this version's.
  auto media = amr(50);
  auto text = bytes_as_words(profile);
  auto size = static_cast<int32_t>(text.size());
  words body{0,
             static_cast<uint64_t>(system_now()),
             to_struct(2, 1, 1), // word 8 -> 11
             0,
             to_list(2 + size, element::composite, 3), // word 10 -> 13 + size
             1,
             to_list(0, element::byte, static_cast<uint32_t>(profile.size() + 1))};
  body.insert(body.end(), text.begin(), text.end());
  body.insert(body.end(), {to_struct(1, 3, 0), 1, media.size(), 0xDDDD});
  frames deposit{framed({request_words(tags::deposit, to_struct(1, 2, 3), body)}), {}};
  deposit.media.emplace_back(media);
  BOOST_TEST(accepted(deposit) == "accepted");
}

BOOST_AUTO_TEST_CASE(random_damage_to_a_deposit_is_answered_once_each) {
  random_source draw{test_seed()};
  std::vector<frames> damaged;
  while (damaged.size() < 4'000) {
    auto what = deposit_frames(77 + damaged.size());
    for (auto times = 1 + draw.below(3); times > 0; --times) {
      auto& byte = what.envelope[draw.below(what.envelope.size())];
      byte = static_cast<char>(draw.one_in(2) ? byte ^ (1 << draw.below(8)) : draw.below(256));
    }
    if (draw.one_in(8))
      what.envelope.resize(8 * draw.below(what.envelope.size() / 8 + 1));
    // An acknowledgement is the one request without an answer.
    auto meant = decode_request(what.envelope, what.media);
    if (!meant || !std::holds_alternative<ask::acknowledge>(meant->what))
      damaged.push_back(std::move(what));
  }
  auto got = answers(damaged);
  for (const auto& [verdict, count] : got)
    BOOST_TEST_MESSAGE(verdict << ": " << count);
  BOOST_TEST(got[malformed] > 500U); // the damage does reach the decoder
  BOOST_TEST(got["accepted"] > 50U); // and the fields behind it
}

BOOST_AUTO_TEST_CASE(noise_is_answered_once_each) {
  random_source draw{test_seed()};
  std::vector<frames> noise;
  for (int i = 0; i < 1'000; ++i) {
    frames what;
    for (auto size = 8 * draw.below(40); size > 0; --size)
      what.envelope += static_cast<char>(draw.below(256));
    // Most noise ends at the segment count: let a part of it get further.
    if (draw.one_in(2) && what.envelope.size() >= 8) {
      uint32_t table[2] = {0, static_cast<uint32_t>(what.envelope.size() / 8 - 1)};
      std::memcpy(what.envelope.data(), table, sizeof table);
    }
    if (draw.one_in(3))
      what.media.emplace_back(amr(draw.below(10)));
    noise.push_back(std::move(what));
  }
  auto before = written();
  auto got = answers(noise);
  BOOST_TEST(got["accepted"] == 0U);
  BOOST_TEST(written() == before);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::cluster_tests
