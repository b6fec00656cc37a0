// The media probe against real recordings (tests/data), whole, cut and damaged.
#include "actors/media.hpp"
#include "schemas/limits.hpp"
#include "tests/actors/media_helpers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace restante;
using namespace restante::media_tests;
using namespace std::string_literals;

namespace {

struct sample {
  const char* name;
  media_type type;
  long milliseconds; // what soxi or ffprobe measure; 0 for still images
};

constexpr sample samples[] = {
    {"voicemail.amr", media_type::amr, 26'000},
    {"greeting.amr", media_type::amr, 2'640},
    {"greeting.awb", media_type::amr_wb, 2'620},
    {"greeting.wav", media_type::wav, 2'628},
    {"greeting_gsm.wav", media_type::wav, 2'640},
    {"empty.wav", media_type::wav, 1'319},
    {"greeting.mp3", media_type::mp3, 2'700},
    {"greeting_opus.ogg", media_type::ogg, 2'634},
    {"greeting_vorbis.ogg", media_type::ogg, 2'628},
    {"greeting_speex.ogg", media_type::ogg, 2'640},
    {"video.mp4", media_type::mp4, 3'000},
    {"video.3gp", media_type::mp4, 2'000},
    {"fax.tiff", media_type::tiff, 0},
    {"picture.jpg", media_type::jpeg, 0},
    {"picture.png", media_type::png, 0},
};

} // namespace

BOOST_AUTO_TEST_SUITE(media)

BOOST_AUTO_TEST_CASE(every_real_recording_is_what_it_says_and_as_long_as_other_tools_measure) {
  for (const auto& [name, type, expected] : samples) {
    BOOST_TEST_CONTEXT(name) {
      auto bytes = load(name);
      BOOST_TEST((sniff_media(bytes) == type));
      auto info = probe(type, bytes);
      BOOST_REQUIRE_MESSAGE(info, (info ? "" : info.error().text));
      BOOST_TEST((info->type == type));
      BOOST_TEST(info->duration.has_value() == (expected != 0));
      if (info->duration)
        BOOST_TEST(std::abs(info->duration->count() - expected) <= 50);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_recording_under_any_other_type_is_refused) {
  for (const auto& [name, type, expected] : samples)
    for (const auto& other : samples)
      if (other.type != type)
        BOOST_TEST(reason(other.type, load(name)) == "media_magic_mismatch");
}

BOOST_AUTO_TEST_CASE(nothing_too_much_and_types_that_do_not_exist_are_refused) {
  for (auto type : {media_type::amr, media_type::wav, media_type::mp4, media_type::png}) {
    BOOST_TEST(reason(type, "") == "media_empty");
    BOOST_TEST(reason(type, "#") == "media_magic_mismatch");
    BOOST_TEST(reason(type, "<html><body>PK\3\4") == "media_magic_mismatch");
  }
  BOOST_TEST(reason(media_type::unknown, load("greeting.amr")) == "media_type_unknown");
  BOOST_TEST(reason(static_cast<media_type>(200), load("greeting.amr")) == "media_type_unknown");
  auto most = "#!AMR\n"s + std::string(limits::media_bytes_max - 6, '\x78'); // frames without data
  BOOST_TEST(reason(media_type::amr, most) == "media_empty");
  BOOST_TEST(reason(media_type::amr, most + "\x78") == "media_too_large");
}

BOOST_AUTO_TEST_CASE(a_recording_cut_anywhere_never_plays_longer_than_the_whole) {
  for (const auto& [name, type, expected] : samples) {
    BOOST_TEST_CONTEXT(name) {
      auto bytes = load(name);
      auto whole = probe(type, bytes).value().duration.value_or(std::chrono::milliseconds{0});
      size_t accepted = 0, longer = 0;
      for (size_t size = 0; size < bytes.size(); ++size)
        if (auto info = probe(type, std::string_view{bytes}.substr(0, size))) {
          ++accepted;
          longer += info->duration.value_or(std::chrono::milliseconds{0}) > whole;
        }
      BOOST_TEST(longer == 0);
      // Only where a frame or a page ends; what declares its size up front is refused everywhere.
      if (type != media_type::amr && type != media_type::amr_wb && type != media_type::mp3)
        BOOST_TEST(accepted <= 2);
    }
  }
}

BOOST_AUTO_TEST_CASE(damaged_recordings_are_refused_or_measured_but_never_crash) {
  constexpr uint32_t seed = 20'250'917;
  constexpr int rounds = 20'000;
  BOOST_TEST_MESSAGE("mutating " << rounds << " times with seed " << seed);
  const std::set<std::string> reasons{"media_empty", "media_magic_mismatch", "media_truncated",
                                      "media_malformed"};
  std::mt19937 random{seed};
  auto below = [&](size_t bound) { return static_cast<size_t>(random() % bound); };
  std::vector<std::string> originals;
  for (const auto& each : samples)
    originals.push_back(load(each.name));
  size_t accepted = 0, wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    auto chosen = below(std::size(samples));
    auto bytes = originals[chosen];
    for (auto flips = 1 + below(4); flips > 0; --flips) {
      // Structure gathers at the ends, so half of the flips go there.
      auto near = std::min<size_t>(bytes.size(), 1 + below(1500));
      auto at = below(4) < 2 ? below(bytes.size()) : below(2) ? below(near) : bytes.size() - near;
      bytes[at] = static_cast<char>(below(3) == 0 ? (below(2) ? 0xFF : 0) : random());
    }
    if (below(4) == 0)
      bytes.resize(below(bytes.size()));
    auto info = probe(samples[chosen].type, bytes);
    accepted += info.has_value();
    wrong += info ? info->duration.value_or(std::chrono::milliseconds{0}) >= limits::duration_max
                  : !reasons.contains(info.error().reason) && !bytes.empty();
  }
  BOOST_TEST(wrong == 0, "seed " << seed);
  // Both outcomes were reached: flips in samples of speech are not damage the probe can see.
  BOOST_TEST(accepted > rounds / 20);
  BOOST_TEST(accepted < rounds - rounds / 20);
}

BOOST_AUTO_TEST_CASE(type_names_and_mime_types_are_read_back) {
  for (int number = 1; number <= 9; ++number) {
    auto type = static_cast<media_type>(number);
    BOOST_TEST((parse_media_type(to_string(type)) == type));
    BOOST_TEST((parse_media_type(mime_type(type)) == type));
  }
  BOOST_TEST((parse_media_type("AUDIO/amr-wb") == media_type::amr_wb));
  BOOST_TEST((parse_media_type("audio/ogg ; codecs=opus") == media_type::ogg));
  BOOST_TEST((parse_media_type("video/3gpp") == media_type::mp4));
  for (auto text : {"", "unknown", "application/octet-stream", "audio/amr2", "text/html", ";"})
    BOOST_TEST(!parse_media_type(text).has_value());
  BOOST_TEST(to_string(static_cast<media_type>(10)) == "unknown");
  BOOST_TEST(mime_type(media_type::unknown) == "application/octet-stream");
}

BOOST_AUTO_TEST_SUITE_END()
