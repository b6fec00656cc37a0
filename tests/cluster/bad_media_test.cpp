// Deposits and greetings whose media or times are not what they should be.
#include "actors/media.hpp"
#include "tests/cluster/engine_fixture.hpp"

#include <limits>

namespace restante::cluster_tests {

namespace {

constexpr const char* out_of_time = "invalid_request call_time_out_of_range";

struct sample_of_type {
  media_type type;
  const char* file;
};
constexpr sample_of_type samples[] = {
    {media_type::amr, "greeting.amr"},      {media_type::amr_wb, "greeting.awb"},
    {media_type::wav, "greeting.wav"},      {media_type::mp3, "greeting.mp3"},
    {media_type::ogg, "greeting_opus.ogg"}, {media_type::tiff, "fax.tiff"},
    {media_type::jpeg, "picture.jpg"},      {media_type::png, "picture.png"},
    {media_type::mp4, "video.mp4"}};

struct media_fixture : engine_fixture {
  [[nodiscard]] operation mine(mailbox_op what) const { return of(profile, std::move(what)); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_media, media_fixture)

BOOST_AUTO_TEST_CASE(a_deposit_without_media_is_refused) {
  auto what = voicemail();
  what.parts.clear();
  refuses(mine(what), "invalid_request media_missing");
}

BOOST_AUTO_TEST_CASE(empty_media_are_refused) {
  for (const auto& entry : samples)
    refuses(mine(voicemail({}, entry.type)), "invalid_request media_empty");
}

BOOST_AUTO_TEST_CASE(media_above_the_limit_are_refused) {
  auto large = amr(limits::media_bytes_max / 32 - 1);
  large.resize(limits::media_bytes_max + 1, '\x7C'); // frames without speech, a byte each
  refuses(mine(voicemail(large)), "invalid_request media_too_large");
  large.pop_back();
  client asks{acme};
  BOOST_TEST(verdict(asks.ask(mine(voicemail(large)))) == "accepted");
}

BOOST_AUTO_TEST_CASE(media_of_another_type_than_claimed_are_refused) {
  for (const auto& claimed : samples)
    for (const auto& real : samples)
      if (claimed.type != real.type)
        refuses(mine(voicemail(sample(real.file), claimed.type)),
                "invalid_request media_magic_mismatch");
}

BOOST_AUTO_TEST_CASE(truncated_media_are_refused) {
  client asks{acme};
  for (const auto& entry : samples) {
    auto whole = sample(entry.file);
    BOOST_TEST(verdict(asks.ask(mine(voicemail(whole, entry.type)))) == "accepted");
    for (auto size : {whole.size() / 2, whole.size() - 1}) {
      // A stream cut between two frames is a shorter stream: cut it within one.
      auto probed = probe_media(entry.type, std::string_view{whole}.substr(0, size));
      while (probed)
        probed = probe_media(entry.type, std::string_view{whole}.substr(0, --size));
      std::string reason = probed.error().reason;
      BOOST_TEST((reason == "media_truncated" || reason == "media_malformed"));
      refuses(mine(voicemail(whole.substr(0, size), entry.type)), "invalid_request " + reason);
    }
  }
}

BOOST_AUTO_TEST_CASE(one_bad_part_refuses_the_whole_message) {
  auto what = voicemail();
  what.parts.push_back({media_type::png, chunk{amr(9)}});
  refuses(mine(what), "invalid_request media_magic_mismatch");
  what.parts.assign(8, what.parts[0]);
  what.parts[7] = {media_type::amr, chunk{"#!AMR\n"}};
  refuses(mine(what), "invalid_request media_empty");
  what.parts.push_back(what.parts[0]);
  refuses(mine(what), "invalid_request frames_too_many");
}

BOOST_AUTO_TEST_CASE(a_greeting_is_audio) {
  auto greeting = [&](media_type type, std::string bytes) {
    return mine(op::set_greeting{greeting_kind::name, media_part{type, chunk{std::move(bytes)}}});
  };
  refuses(greeting(media_type::png, sample("picture.png")), "invalid_request greeting_not_audio");
  refuses(greeting(media_type::wav, sample("picture.png")), "invalid_request media_magic_mismatch");
  ask::register_device what;
  what.number = "+15055550199";
  what.greeting = media_part{media_type::png, chunk{sample("picture.png")}};
  refuses(what, "invalid_request greeting_not_audio");
}

// --- times ---------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(call_times_that_cannot_be_are_refused) {
  using ms = std::numeric_limits<wall_ms>;
  constexpr wall_ms minute = 60'000;
  for (wall_ms at : {wall_ms{0}, wall_ms{-1}, ms::min(), ms::max(), limits::call_time_min_ms - 1,
                     system_now() + 17 * minute, system_now() / 1000, system_now() * 1000}) {
    auto what = voicemail();
    what.called_at = at;
    refuses(mine(what), out_of_time);
  }
  client asks{acme};
  for (wall_ms at : {limits::call_time_min_ms + 0, system_now() + 13 * minute}) {
    auto what = voicemail();
    what.called_at = at;
    BOOST_TEST(verdict(asks.ask(mine(what))) == "accepted");
  }
}

BOOST_AUTO_TEST_CASE(a_claimed_duration_above_a_day_is_refused) {
  for (uint32_t claimed : {86'400'001U, 0xFFFFFFFFU}) {
    auto what = voicemail();
    what.claimed_duration_ms = claimed;
    refuses(mine(what), "invalid_request duration_out_of_range");
  }
}

BOOST_AUTO_TEST_CASE(the_measured_duration_is_stored_not_the_claimed) {
  client asks{acme};
  for (uint32_t claimed : {0U, 1U, 1'000U, 86'400'000U}) {
    auto what = voicemail(amr(50));
    what.claimed_duration_ms = claimed;
    auto got = asks.ask(mine(what));
    BOOST_TEST_REQUIRE(verdict(got) == "accepted");
    BOOST_TEST(std::get<answer::deposited>(*got).duration_ms == 1'000U);
  }
  auto listed = asks.ask(mine(op::list{}));
  BOOST_TEST_REQUIRE(verdict(listed) == "accepted");
  for (const auto& header : std::get<answer::listing>(*listed).headers)
    BOOST_TEST(header.duration_ms == 1'000U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::cluster_tests
