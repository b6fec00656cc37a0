#include "schemas/ids.hpp"
#include "tests/support/random_state.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>

using namespace restante;
using namespace std::string_literals;

namespace {

mailbox_id mailbox(std::string_view hex) { return *mailbox_id::from(*from_hex(hex)); }

struct golden {
  const char* hex;
  const char* text;
};

// Worked out with another program; subscribers' papers carry these texts for ever.
const golden goldens[] = {
    {"00000000000000000000000000000000", "eu1-00000000000000000000000000"},
    {"ffffffffffffffffffffffffffffffff", "eu1-7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
    {"000102030405060708090a0b0c0d0e0f", "eu1-00041061050R3GG28A1C60T3GF"},
    {"0123456789abcdeffedcba9876543210", "eu1-014D2PF2DBSQQZXQ5TK1V58CGG"},
};

/// Types a text as people do: any case, O for 0, I and L for 1.
std::string as_typed(random_source& draw, std::string text) {
  const auto body = text.rfind('-') + 1;
  for (size_t i = 0; i < text.size(); ++i) {
    auto& c = text[i];
    if (i >= body && c == '0' && draw.one_in(2))
      c = 'O';
    else if (i >= body && c == '1' && draw.one_in(2))
      c = draw.one_in(2) ? 'I' : 'L';
    if (draw.one_in(2))
      c = static_cast<char>(std::islower(static_cast<unsigned char>(c)) ? std::toupper(c)
                                                                        : std::tolower(c));
  }
  return text;
}

profile_id random_profile_id(random_source& draw) {
  static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  profile_id out;
  for (auto length = 1 + draw.below(16); length > 0; --length)
    out.region += draw.pick(letters);
  for (auto& byte : out.mailbox.bytes)
    byte = static_cast<uint8_t>(draw.below(256));
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ids)

BOOST_AUTO_TEST_CASE(profile_ids_have_the_frozen_texts) {
  for (const auto& [hex, text] : goldens) {
    profile_id id{"eu1", mailbox(hex)};
    BOOST_TEST(to_string(id) == text);
    BOOST_TEST((parse_profile_id(text) == id));
  }
}

BOOST_AUTO_TEST_CASE(every_profile_id_is_read_back_however_it_is_typed) {
  const auto seed = test_seed();
  random_source draw{seed};
  for (int round = 0; round < 5000; ++round) {
    auto id = random_profile_id(draw);
    auto text = to_string(id);
    auto typed = as_typed(draw, text);
    BOOST_REQUIRE_MESSAGE(parse_profile_id(text) == id, text << " RESTANTE_SEED=" << seed);
    BOOST_REQUIRE_MESSAGE(parse_profile_id(typed) == id, typed << " RESTANTE_SEED=" << seed);
  }
}

BOOST_AUTO_TEST_CASE(aliases_of_digits_are_read) {
  const profile_id id{"eu1", mailbox("00000000000000000000000000000021")}; // ends in 11
  for (auto text : {"eu1-00000000000000000000000011", "EU1-OOOOOOOOOOOOOOOOOOOOOOOO11",
                    "eu1-oooooooooooooooooooooooo1i", "Eu1-000000000000000000000000Il",
                    "eu1-000000000000000000000000lL"})
    BOOST_TEST((parse_profile_id(text) == id), text);
}

BOOST_AUTO_TEST_CASE(malformed_profile_ids_are_refused) {
  const auto zeros = std::string(26, '0');
  for (const auto& text : {""s,
                           "-"s,
                           "eu1"s,
                           zeros,
                           "-" + zeros,
                           "eu1-"s,
                           "eu1" + zeros,
                           "eu1-" + zeros + "0",
                           "eu1-" + zeros.substr(1),
                           "eu_1-" + zeros,
                           "eu 1-" + zeros,
                           "eu-1-" + zeros,
                           "\xC3\xA9u-" + zeros,
                           std::string(17, 'a') + "-" + zeros,
                           " eu1-" + zeros,
                           "eu1-" + zeros + " ",
                           "eu1-" + zeros.substr(1) + "U",
                           "eu1-" + zeros.substr(1) + "\0"s,
                           "eu1-" + zeros.substr(1) + "\xFF",
                           "eu1-" + zeros.substr(2) + "--",
                           "eu1-8" + zeros.substr(1),
                           "eu1-Z" + zeros.substr(1)}) // more than 128 bits
    BOOST_TEST(!parse_profile_id(text).has_value(), text);
  BOOST_TEST(parse_profile_id(std::string(16, 'a') + "-" + zeros).has_value());
  BOOST_TEST(parse_profile_id("eu1-7" + zeros.substr(1)).has_value());
}

BOOST_AUTO_TEST_CASE(every_byte_has_two_hex_digits) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  auto hex = to_hex(all);
  BOOST_TEST(hex.size() == 512U);
  BOOST_TEST(hex.substr(0, 8) == "00010203");
  BOOST_TEST(hex.substr(504) == "fcfdfeff");
  BOOST_TEST((from_hex(hex) == all));
  BOOST_TEST((from_hex("aBfF09") == "\xAB\xFF\x09"));
  BOOST_TEST((from_hex("") == ""));
  for (auto bad : {"a", "abc", "0g", "g0", " 0", "0x", "a-", "\xC3\xA9", "/0", ":0", "@0", "`0"})
    BOOST_TEST(!from_hex(bad).has_value(), bad);
}

BOOST_AUTO_TEST_CASE(an_id_is_exactly_sixteen_bytes) {
  const std::string raw = "0123456789abcdef";
  auto id = message_id::from(raw);
  BOOST_REQUIRE(id.has_value());
  BOOST_TEST(id->view() == raw);
  BOOST_TEST(to_string(*id) == to_hex(raw));
  BOOST_TEST(!message_id::from("").has_value());
  BOOST_TEST(!message_id::from(raw.substr(1)).has_value());
  BOOST_TEST(!message_id::from(raw + "0").has_value());
  BOOST_TEST(message_id{}.zero());
  BOOST_TEST(!id->zero());
}

BOOST_AUTO_TEST_CASE(ids_are_ordered_as_their_bytes_and_hex_are) {
  random_source draw{test_seed()};
  std::vector<mailbox_id> all;
  for (int i = 0; i < 200; ++i)
    all.push_back(random_profile_id(draw).mailbox);
  std::sort(all.begin(), all.end());
  BOOST_TEST(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return to_string(a) < to_string(b);
  }));
  BOOST_TEST((mailbox("00000000000000000000000000000080") >
              mailbox("0000000000000000000000000000007f"))); // bytes are unsigned
}

BOOST_AUTO_TEST_SUITE_END()
