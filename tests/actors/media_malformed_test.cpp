// The media probe against files built to be wrong in one place: every refusal has its case here,
// next to the nearest file that is right.
#include "actors/media.hpp"
#include "tests/actors/media_helpers.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <string>
#include <vector>

using namespace restante;
using namespace restante::media_tests;
using namespace std::string_literals;

namespace {

long duration_of(media_type type, std::string_view bytes) {
  auto info = probe(type, bytes);
  BOOST_REQUIRE_MESSAGE(info, (info ? "" : info.error().text));
  BOOST_REQUIRE(info->duration);
  return info->duration->count();
}

std::string little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i)
    text += i < 8 ? static_cast<char>(value >> 8 * i) : '\0';
  return text;
}

std::string big(uint64_t value, int bytes) {
  auto text = little(value, bytes);
  return {text.rbegin(), text.rend()};
}

/// Overwrites bytes in the middle.
std::string with(std::string bytes, size_t at, const std::string& patch) {
  return bytes.replace(at, patch.size(), patch);
}

std::string chunk_of(const std::string& name, const std::string& body) {
  return name + little(body.size(), 4) + body + std::string(body.size() % 2, '\0');
}

std::string format(unsigned tag, unsigned channels, uint64_t rate, unsigned block, unsigned bits) {
  return chunk_of("fmt ", little(tag, 2) + little(channels, 2) + little(rate, 4) +
                              little(rate * block, 4) + little(block, 2) + little(bits, 2));
}

std::string wav(const std::string& chunks) {
  return "RIFF" + little(4 + chunks.size(), 4) + "WAVE" + chunks;
}

const auto mu_law = format(7, 1, 8000, 1, 8);
const auto second_of_silence = chunk_of("data", std::string(8000, '\x7F'));

/// A frame of MPEG-1 layer III at 128 kbit/s and 44.1 kHz.
const auto mp3_frame = "\xFF\xFB\x90\x40"s + std::string(413, '\0');

std::string page(int flags, uint64_t granule, uint32_t sequence,
                 const std::vector<std::string>& packets, uint32_t serial = 7) {
  std::string lacing, body;
  for (const auto& packet : packets) {
    lacing += std::string(packet.size() / 255, '\xFF') + static_cast<char>(packet.size() % 255);
    body += packet;
  }
  return "OggS\0"s + static_cast<char>(flags) + little(granule, 8) + little(serial, 4) +
         little(sequence, 4) + "\0\0\0\0"s + static_cast<char>(lacing.size()) + lacing + body;
}

const auto opus_head = "OpusHead\x01\x01"s + little(312, 2) + little(48'000, 4) + "\0\0\0"s;
const auto opus_start = page(2, 0, 0, {opus_head}) + page(0, 0, 1, {"OpusTags"});
const auto opus_20ms = "\x08speech"s; // SILK, one frame of 20 ms

std::string box(const std::string& type, const std::string& body) {
  return big(8 + body.size(), 4) + type + body;
}

const auto file_type = box("ftyp", "3gp4\0\0\2\0"s);

/// A track of `count` samples of 1/1000 s each.
std::string track(uint64_t count, uint64_t delta = 1) {
  auto table = box("stts", big(0, 4) + big(1, 4) + big(count, 4) + big(delta, 4));
  return box("trak", box("mdia", box("mdhd", big(0, 12) + big(1000, 4) + big(0, 8)) +
                                     box("minf", box("stbl", table))));
}

std::string movie_header(uint64_t scale, uint64_t duration) {
  return box("mvhd", big(0, 12) + big(scale, 4) + big(duration, 4) + big(0, 80));
}

std::string mp4(const std::string& movie, size_t media = 5000) {
  return file_type + box("mdat", std::string(media, 'm')) + box("moov", movie);
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_malformed)

BOOST_AUTO_TEST_CASE(amr_is_measured_by_its_frames_and_reserved_ones_are_refused) {
  auto frame = "\x3C"s + std::string(31, 'a');
  BOOST_TEST(duration_of(media_type::amr, "#!AMR\n" + frame + frame + "\x7C") == 60);
  BOOST_TEST(duration_of(media_type::amr_wb, "#!AMR-WB\n\x04"s + std::string(17, 'a')) == 20);
  BOOST_TEST(reason(media_type::amr, "#!AMR\n") == "media_empty");
  BOOST_TEST(reason(media_type::amr_wb, "#!AMR-WB\n\x7C\x74") == "media_empty");
  BOOST_TEST(reason(media_type::amr, "#!AMR\n" + frame.substr(0, 31)) == "media_truncated");
  BOOST_TEST(reason(media_type::amr, "#!AMR_MC1.0\n" + frame) == "media_magic_mismatch");
  BOOST_TEST(reason(media_type::amr_wb, "#!AMR-WB_MC1.0\n" + frame) == "media_magic_mismatch");
  for (int type = 9; type <= 14; ++type) {
    auto file = frame + static_cast<char>(type << 3 | 4) + frame;
    BOOST_TEST(reason(media_type::amr, "#!AMR\n" + file) == "media_malformed");
    if (type >= 10 && type <= 13)
      BOOST_TEST(reason(media_type::amr_wb, "#!AMR-WB\n" + file.substr(32)) == "media_malformed");
  }
  std::string day = "#!AMR\n" + frame + std::string(24 * 3600 * 50, '\x7C');
  BOOST_TEST(reason(media_type::amr, day) == "media_malformed");
}

BOOST_AUTO_TEST_CASE(wav_formats_that_make_no_sense_are_refused) {
  auto check = [](const std::string& format_chunk) {
    return reason(media_type::wav, wav(format_chunk + second_of_silence));
  };
  BOOST_TEST(check(mu_law) == "accepted");
  BOOST_TEST(check(format(1, 8, 8000, 32, 32)) == "accepted");
  BOOST_TEST(check(format(1, 0, 8000, 0, 16)) == "media_malformed");
  BOOST_TEST(check(format(1, 9, 8000, 18, 16)) == "media_malformed");
  BOOST_TEST(check(format(1, 1, 0, 2, 16)) == "media_malformed");
  BOOST_TEST(check(format(1, 1, 0xFFFFFFFF, 2, 16)) == "media_malformed");
  BOOST_TEST(check(format(1, 1, 8000, 2, 65535)) == "media_malformed");
  BOOST_TEST(check(format(1, 1, 8000, 0xFFFE, 16)) == "media_malformed");
  BOOST_TEST(check(format(1, 1, 8000, 0, 0)) == "media_malformed");
  BOOST_TEST(check(format(0x55, 1, 8000, 1, 0)) == "media_malformed");
  BOOST_TEST(check(format(0x31, 1, 8000, 0, 0)) == "media_malformed");
  BOOST_TEST(check(chunk_of("fmt ", "\1")) == "media_malformed");
  BOOST_TEST(check(format(0xFFFE, 1, 8000, 2, 16)) == "media_malformed");
  auto long_format = "\xFE\xFF"s + mu_law.substr(10) + std::string(8, '\0') + "\7" + // µ-law
                     std::string(15, '\0');
  BOOST_TEST(check(chunk_of("fmt ", long_format)) == "accepted");
  BOOST_TEST(check(mu_law + mu_law) == "media_malformed");
  BOOST_TEST(check(second_of_silence) == "media_malformed");
  BOOST_TEST(check(mu_law + second_of_silence) == "media_malformed");
}

BOOST_AUTO_TEST_CASE(wav_sizes_must_be_the_real_ones) {
  auto good = wav(mu_law + chunk_of("LIST", "odd") + second_of_silence);
  BOOST_TEST(duration_of(media_type::wav, good) == 1000);
  for (auto size :
       std::initializer_list<size_t>{0, 4, good.size() - 10, good.size() - 7, 0xFFFFFFFF}) {
    auto expected = size > good.size() - 8 ? "media_truncated" : "media_malformed";
    BOOST_TEST(reason(media_type::wav, with(good, 4, little(size, 4))) == expected);
  }
  BOOST_TEST(reason(media_type::wav, good + "PK\3\4") == "media_malformed");
  auto data_size_at = good.size() - 8000 - 4;
  for (auto size : {8001ull, 0xFFFFFFF8ull, 0xFFFFFFFFull})
    BOOST_TEST(reason(media_type::wav, with(good, data_size_at, little(size, 4))) ==
               "media_truncated");
  BOOST_TEST(reason(media_type::wav, wav("")) == "media_empty");
  BOOST_TEST(reason(media_type::wav, wav(mu_law)) == "media_empty");
  BOOST_TEST(reason(media_type::wav, wav(mu_law + chunk_of("data", ""))) == "media_empty");
  BOOST_TEST(reason(media_type::wav, wav(mu_law + "data")) == "media_truncated");
  auto half = wav(format(1, 1, 8000, 2, 16) + chunk_of("data", "abc"));
  BOOST_TEST(reason(media_type::wav, half) == "media_truncated");
  // Odd data whose padding is not counted, or not there.
  auto odd = mu_law + chunk_of("data", std::string(8001, 'a'));
  BOOST_TEST(reason(media_type::wav, wav(odd.substr(0, odd.size() - 1))) == "accepted");
  BOOST_TEST(reason(media_type::wav, wav(odd.substr(0, odd.size() - 1)) + "\0"s) == "accepted");
}

BOOST_AUTO_TEST_CASE(mp3_is_measured_by_its_frames) {
  std::string good;
  for (int i = 0; i < 100; ++i)
    good += mp3_frame;
  BOOST_TEST(duration_of(media_type::mp3, good) == 2612);
  auto summary = with(mp3_frame, 36, "Xing");
  BOOST_TEST(duration_of(media_type::mp3, summary + good) == 2612);
  BOOST_TEST(reason(media_type::mp3, summary) == "media_empty");
  BOOST_TEST(reason(media_type::mp3, good.substr(0, good.size() - 1)) == "media_truncated");
  BOOST_TEST(reason(media_type::mp3, good + "\xFF") == "media_truncated");
  BOOST_TEST(reason(media_type::mp3, good + "garbage") == "media_malformed");
  BOOST_TEST(reason(media_type::mp3, "\xFF\xFB\x00\x40"s + good) ==
             "media_malformed"); // free format
  BOOST_TEST(reason(media_type::mp3, "\xFF\xFB\xF0\x40"s + good) == "media_malformed");
  BOOST_TEST(reason(media_type::mp3, "\xFF\xFB\x9C\x40"s + good) == "media_malformed");
  BOOST_TEST(reason(media_type::mp3, good + with(mp3_frame, 2, "\x94")) == "media_malformed");
  auto tag = "ID3\4\0\0\0\0\0\3abc"s;
  BOOST_TEST(duration_of(media_type::mp3, tag + good + "TAG" + std::string(125, ' ')) == 2612);
  BOOST_TEST(reason(media_type::mp3, tag) == "media_empty");
  BOOST_TEST(reason(media_type::mp3, "ID3\4") == "media_truncated");
  BOOST_TEST(reason(media_type::mp3, with(tag, 9, "\4")) == "media_truncated");
  BOOST_TEST(reason(media_type::mp3, with(tag, 6, "\x7F\x7F\x7F\x7F") + good) == "media_truncated");
  BOOST_TEST(reason(media_type::mp3, with(tag, 9, "\x83") + good) == "media_malformed");
  auto long_tag = with(tag, 9, "\x83").substr(0, 10) + std::string(131, 'a');
  BOOST_TEST(reason(media_type::mp3, long_tag + good) == "media_malformed");
  BOOST_TEST(reason(media_type::mp3, tag + with(mp3_frame, 1, "\xFD")) == "media_malformed"); // II
  auto faster = "\xFF\xFB\x94\x40"s + std::string(380, '\0'); // 48 kHz, whole
  BOOST_TEST(reason(media_type::mp3, faster) == "accepted");
  BOOST_TEST(reason(media_type::mp3, good + faster) == "media_malformed");
}

BOOST_AUTO_TEST_CASE(ogg_may_not_claim_more_than_its_packets_hold) {
  auto opus = [](uint64_t granule, const std::vector<std::string>& packets, int flags = 4) {
    return opus_start + page(flags, granule, 2, packets);
  };
  auto two = std::vector{opus_20ms, opus_20ms};
  BOOST_TEST(duration_of(media_type::ogg, opus(1920, two)) == 33); // 40 ms less the pre-skip
  BOOST_TEST(duration_of(media_type::ogg, opus(1272, two)) == 20);
  // A stream that was joined late starts at any granule and may grow by what its packets hold.
  auto late = opus(1'000'000, two, 0);
  BOOST_TEST(duration_of(media_type::ogg, late + page(4, 1'000'960, 3, {opus_20ms})) == 53);
  BOOST_TEST(reason(media_type::ogg, late + page(4, 1'000'961, 3, {opus_20ms})) ==
             "media_malformed");
  BOOST_TEST(reason(media_type::ogg, late + page(4, 999'999, 3, {opus_20ms})) == "media_malformed");
  BOOST_TEST(reason(media_type::ogg, opus(~0ull, two)) == "media_malformed");
  BOOST_TEST(reason(media_type::ogg, opus(312, two)) == "media_empty");
  BOOST_TEST(reason(media_type::ogg, opus_start) == "media_empty");
  BOOST_TEST(reason(media_type::ogg, opus(960, {""})) == "media_malformed");
  BOOST_TEST(reason(media_type::ogg, opus(960, {"\x0B"})) == "media_malformed"); // no frame count
  BOOST_TEST(reason(media_type::ogg, opus(960, {"\x0B\x3F"})) == "media_malformed"); // 1260 ms
  auto vorbis = load("greeting_vorbis.ogg");
  auto last = vorbis.rfind("OggS");
  auto liar = with(vorbis, last + 6, little(42'045'000, 8));
  BOOST_TEST(reason(media_type::ogg, liar) == "media_malformed");
}

BOOST_AUTO_TEST_CASE(ogg_pages_must_be_one_whole_stream) {
  auto audio = page(0, 960, 2, {opus_20ms});
  auto good = opus_start + audio;
  auto check = [](const std::string& bytes) { return reason(media_type::ogg, bytes); };
  BOOST_TEST(check(good) == "accepted");
  BOOST_TEST(check(good + page(4, 1920, 3, {opus_20ms}, 8)) == "media_malformed"); // other stream
  BOOST_TEST(check(good + page(4, 1920, 4, {opus_20ms})) == "media_malformed");    // page missing
  BOOST_TEST(check(good + good) == "media_malformed");                             // chained
  BOOST_TEST(check(good + page(1, 1920, 3, {opus_20ms})) == "media_malformed");
  BOOST_TEST(check(good + page(4, 960, 3, {}) + page(0, 960, 4, {})) == "media_malformed");
  BOOST_TEST(check(good + "junk junk") == "media_malformed");
  BOOST_TEST(check(good + "Og") == "media_truncated");
  BOOST_TEST(check(good.substr(0, good.size() - 1)) == "media_truncated");
  BOOST_TEST(check(audio) == "media_malformed");
  BOOST_TEST(check(page(2, 0, 0, {"\x80theora"})) == "media_malformed");
  BOOST_TEST(check(page(2, 0, 0, {})) == "media_malformed");
  BOOST_TEST(check(with(good, 4, "\1")) == "media_malformed");
  BOOST_TEST(check(with(good, good.find("OpusHead") + 9, "\0"s)) == "media_malformed");
  // A packet over two pages: the first ends with a full segment, the second goes on.
  auto open = "OggS\0\0"s + little(~0ull, 8) + little(7, 4) + little(3, 4) + "\0\0\0\0\1\xFF"s +
              opus_20ms + std::string(248, 'a');
  BOOST_TEST(check(good + open) == "media_truncated");
  BOOST_TEST(check(good + open + page(1, 1920, 4, {"rest"})) == "accepted");
  BOOST_TEST(check(good + open + page(0, 1920, 4, {opus_20ms})) == "media_malformed");
  for (auto flags : {"\0"s, "\6"s}) // does not begin; ends where it begins
    BOOST_TEST(check(with(good, 5, flags)) == "media_malformed");
}

BOOST_AUTO_TEST_CASE(ogg_stream_headers_that_make_no_sense_are_refused) {
  constexpr size_t head = 28; // after the first page's header
  auto check = [](const std::string& bytes) { return reason(media_type::ogg, bytes); };
  auto opus = opus_start + page(4, 960, 2, {opus_20ms});
  auto vorbis = load("greeting_vorbis.ogg"), speex = load("greeting_speex.ogg");
  BOOST_TEST(check(with(opus, head + 8, "\x10")) == "media_malformed");   // version
  BOOST_TEST(check(with(vorbis, head + 7, "\1")) == "media_malformed");   // version
  BOOST_TEST(check(with(vorbis, head + 11, "\0"s)) == "media_malformed"); // channels
  for (uint32_t rate : {0u, 3999u, 192'001u, 0xFFFFFFFFu}) {
    BOOST_TEST(check(with(vorbis, head + 12, little(rate, 4))) == "media_malformed");
    BOOST_TEST(check(with(speex, head + 36, little(rate, 4))) == "media_malformed");
  }
  for (auto sizes : {"\xEB", "\xB5", "\x9A"}) // too large, too small, the wrong way round
    BOOST_TEST(check(with(vorbis, head + 28, sizes)) == "media_malformed");
  BOOST_TEST(check(with(speex, head + 48, little(3, 4))) == "media_malformed"); // channels
  BOOST_TEST(check(with(with(speex, head + 40, little(3, 4)), head + 56, little(1280, 4))) ==
             "media_malformed");                                                  // mode
  BOOST_TEST(check(with(speex, head + 56, little(640, 4))) == "media_malformed"); // frame size
  BOOST_TEST(check(with(speex, head + 64, little(11, 4))) == "media_malformed");
  BOOST_TEST(check(with(speex, head + 68, little(17, 4))) == "media_malformed");
  for (auto start : {"OpusHead", "\x01vorbis", "Speex   "})
    BOOST_TEST(check(page(2, 0, 0, {start})) == "media_malformed");
}

BOOST_AUTO_TEST_CASE(mp4_may_not_claim_more_than_its_tracks_hold) {
  auto check = [](const std::string& bytes) { return reason(media_type::mp4, bytes); };
  BOOST_TEST(duration_of(media_type::mp4, mp4(movie_header(600, 1200) + track(2000))) == 2000);
  auto version_1 = box("mvhd", "\1"s + big(0, 19) + big(600, 4) + big(1200, 8) + big(0, 80));
  BOOST_TEST(duration_of(media_type::mp4, mp4(version_1 + track(2000))) == 2000);
  BOOST_TEST(check(mp4(movie_header(600, 1801) + track(2000))) == "media_malformed");
  BOOST_TEST(check(mp4(movie_header(0, 1200) + track(2000))) == "media_malformed");
  BOOST_TEST(check(mp4(movie_header(1, 86'400) + track(2000))) == "media_malformed");
  BOOST_TEST(check(mp4(movie_header(600, 0xFFFFFFFF) + track(2000))) == "media_malformed");
  BOOST_TEST(check(mp4(movie_header(600, 0) + track(2000))) == "media_empty");
  BOOST_TEST(check(mp4(movie_header(600, 1200))) == "media_empty");
  BOOST_TEST(check(mp4(movie_header(600, 1200) + track(2000), 1999)) == "media_malformed");
  BOOST_TEST(check(mp4(movie_header(600, 1200) + track(2000), 0)) == "media_empty");
  BOOST_TEST(check(mp4(movie_header(600, 1200) + track(2000, ~0u))) == "media_malformed");
  BOOST_TEST(check(mp4(movie_header(1, 2) + movie_header(1, 2) + track(2000))) ==
             "media_malformed");
  BOOST_TEST(check(mp4(track(2000))) == "media_malformed");
  BOOST_TEST(check(mp4(box("mvhd", "\2"s + big(0, 99)) + track(9))) == "media_malformed");
  BOOST_TEST(check(mp4(box("mvhd", big(0, 19)) + track(2000))) == "media_malformed");
  auto table_of_many = with(track(2000), track(2000).size() - 12, big(0xFFFFFFFF, 4));
  BOOST_TEST(check(mp4(movie_header(600, 1200) + table_of_many)) == "media_malformed");
  BOOST_TEST(check(mp4(movie_header(0xFFFFFFFF, 0xFFFFFFFF) + track(2000))) == "media_malformed");
  BOOST_TEST(check(mp4(with(version_1, 8, "\2") + track(2000))) == "media_malformed");
  BOOST_TEST(check(mp4(box("mvhd", "") + track(2000))) == "media_malformed");
  auto no_table = box("trak", box("mdia", box("mdhd", big(0, 12) + big(1000, 4) + big(0, 8)) +
                                              box("minf", box("stbl", box("stts", "\0"s)))));
  BOOST_TEST(check(mp4(movie_header(600, 1200) + no_table)) == "media_malformed");
}

BOOST_AUTO_TEST_CASE(mp4_boxes_must_fit_into_each_other) {
  auto movie = box("moov", movie_header(600, 1200) + track(2000));
  auto media = std::string(5000, 'm');
  auto check = [](const std::string& rest) { return reason(media_type::mp4, file_type + rest); };
  BOOST_TEST(check(movie + box("mdat", media)) == "accepted");
  BOOST_TEST(check(movie + big(0, 4) + "mdat" + media) == "accepted");
  BOOST_TEST(check(movie + big(1, 4) + "mdat" + big(5016, 8) + media) == "accepted");
  BOOST_TEST(check(movie + big(1, 4) + "mdat" + big(~0ull, 8) + media) == "media_truncated");
  BOOST_TEST(check(movie + big(1, 4) + "mdat" + big(15, 8) + media) == "media_malformed");
  BOOST_TEST(check(movie + box("mdat", media) + big(0, 4) + "free") == "media_malformed");
  BOOST_TEST(check(movie + box("mdat", media) + big(7, 4) + "free") == "media_malformed");
  BOOST_TEST(check(movie + box("mdat", media) + "\0\0"s) == "media_truncated");
  BOOST_TEST(check(movie + movie + box("mdat", media)) == "media_malformed");
  BOOST_TEST(check(box("mdat", media)) == "media_truncated");
  auto brand = [](const std::string& brands) { return sniff_media(box("ftyp", brands)); };
  BOOST_TEST((brand("3gp6\0\0\0\0"s) == media_type::mp4));
  BOOST_TEST((brand("M4A \0\0\0\0"s) == media_type::mp4));
  BOOST_TEST((brand("XAVC\0\0\0\0mp42"s) == media_type::mp4));
  BOOST_TEST((brand("heic\0\0\0\0mif1"s) == media_type::unknown));
  BOOST_TEST(check(movie + box("mdat", media) + big(1, 4) + "free") == "media_truncated");
}

BOOST_AUTO_TEST_CASE(images_must_have_their_least_structure) {
  auto png = load("picture.png"), jpeg = load("picture.jpg"), tiff = load("fax.tiff");
  BOOST_TEST(reason(media_type::png, png + "PK\3\4") == "media_malformed");
  BOOST_TEST(reason(media_type::png, with(png, 16, big(0, 4))) == "media_malformed"); // width
  BOOST_TEST(reason(media_type::png, with(png, 12, "IDAT")) == "media_malformed");
  BOOST_TEST(reason(media_type::png, with(png, 33, big(0xFFFFFFFF, 4))) == "media_truncated");
  auto no_pixels = png.substr(0, 33) + png.substr(png.size() - 12);
  BOOST_TEST(reason(media_type::png, no_pixels) == "media_malformed");
  BOOST_TEST(reason(media_type::jpeg, jpeg + "PK\3\4") == "media_truncated");
  BOOST_TEST(reason(media_type::jpeg, "\xFF\xD8\xFF\xD9") == "media_truncated");
  BOOST_TEST(reason(media_type::jpeg, with(jpeg, 4, big(0, 2))) == "media_malformed");
  BOOST_TEST(reason(media_type::jpeg, with(jpeg, 4, big(0xFFFF, 2))) == "media_truncated");
  auto frame = jpeg.find("\xFF\xC0"s);
  BOOST_TEST(reason(media_type::jpeg, with(jpeg, frame + 5, big(0, 2))) == "media_malformed");
  BOOST_TEST(reason(media_type::jpeg, with(jpeg, frame + 1, "\xC4")) == "media_malformed");
  for (auto offset : {0u, 7u})
    BOOST_TEST(reason(media_type::tiff, with(tiff, 4, little(offset, 4))) == "media_malformed");
  for (auto offset : {static_cast<uint32_t>(tiff.size()), 0xFFFFFFFFu})
    BOOST_TEST(reason(media_type::tiff, with(tiff, 4, little(offset, 4))) == "media_truncated");
  auto circle = "II*\0"s + little(8, 4) + little(1, 2) + std::string(12, 'e') + little(8, 4);
  BOOST_TEST(reason(media_type::tiff, circle) == "media_malformed");
  auto motorola = "MM\0*"s + big(8, 4) + big(1, 2) + std::string(12, 'e') + big(0, 4);
  BOOST_TEST(reason(media_type::tiff, motorola) == "accepted");
  BOOST_TEST(reason(media_type::jpeg, with(jpeg, 20, "\0"s)) == "media_malformed");  // no marker
  BOOST_TEST(reason(media_type::jpeg, with(jpeg, 21, "\xD0")) == "media_malformed"); // a restart
  auto scan = jpeg.find("\xFF\xDA"s);
  BOOST_TEST(reason(media_type::jpeg, with(jpeg, scan + 2, big(0, 2))) == "media_malformed");
  BOOST_TEST(reason(media_type::jpeg, with(jpeg, scan + 2, big(0xFFFF, 2))) == "media_truncated");
  auto no_data = with(jpeg.substr(0, scan + 4), scan + 2, big(2, 2)) + "\xFF\xD9";
  BOOST_TEST(reason(media_type::jpeg, no_data) == "media_malformed");
  auto no_entries = "II*\0"s + little(8, 4) + little(0, 2) + little(0, 4) + "padding.";
  BOOST_TEST(reason(media_type::tiff, no_entries) == "media_malformed");
}

BOOST_AUTO_TEST_SUITE_END()
