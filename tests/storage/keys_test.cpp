// The hex in this file is on disk on every node. When a test here fails, the code is wrong, never
// the test.
#include "storage/keys.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace restante;

namespace {

const std::string mailbox_hex = "000102030405060708090a0b0c0d0e0f";
const std::string message_hex = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

template <class Id>
Id id_of(const std::string& hex) {
  return *Id::from(*from_hex(hex));
}

const auto mailbox = id_of<mailbox_id>(mailbox_hex);
const auto message = id_of<message_id>(message_hex);

/// Every shorter form of a key, and one byte more, must be refused.
template <class Parse>
void refuses_other_lengths(const std::string& key, Parse parse) {
  for (size_t size = 0; size < key.size(); ++size)
    BOOST_TEST(!parse(std::string_view{key}.substr(0, size)), "length " << size);
  BOOST_TEST(!parse(key + '\0'));
}

} // namespace

BOOST_AUTO_TEST_SUITE(keys)

BOOST_AUTO_TEST_CASE(a_profile_is_under_its_mailbox_id) {
  const auto key = profile_key(mailbox);
  BOOST_TEST(to_hex(key) == mailbox_hex);
  BOOST_TEST((parse_profile_key(key) == mailbox));
  refuses_other_lengths(key, parse_profile_key);
}

BOOST_AUTO_TEST_CASE(an_alias_is_under_its_kind_and_its_text) {
  const std::pair<alias, const char*> golden[] = {
      {{alias_kind::number, "+33612345678"}, "012b3333363132333435363738"},
      {{alias_kind::imei, "490154203237518"}, "02343930313534323033323337353138"},
      {{alias_kind::email, "a@b.fr"}, "036140622e6672"},
      {{alias_kind::fax, "+331"}, "042b333331"},
      {{alias_kind::set_top_box, "\xC3\xA9"}, "05c3a9"},
  };
  for (const auto& [name, hex] : golden) {
    BOOST_TEST(to_hex(alias_key(name)) == hex);
    BOOST_TEST((parse_alias_key(*from_hex(hex)) == name));
  }
}

BOOST_AUTO_TEST_CASE(an_alias_of_unknown_kind_or_impossible_length_is_refused) {
  BOOST_TEST(!parse_alias_key(""));
  BOOST_TEST(!parse_alias_key("\x01"));
  BOOST_TEST(!parse_alias_key(std::string{'\0', 'x'}));
  BOOST_TEST(!parse_alias_key("\x06x"));
  BOOST_TEST(parse_alias_key("\x03" + std::string(254, 'x')).has_value());
  BOOST_TEST(!parse_alias_key("\x03" + std::string(255, 'x')));
}

BOOST_AUTO_TEST_CASE(alias_kinds_have_names) {
  BOOST_TEST(to_string(alias_kind::number) == "number");
  BOOST_TEST(to_string(alias_kind::imei) == "imei");
  BOOST_TEST(to_string(alias_kind::email) == "email");
  BOOST_TEST(to_string(alias_kind::fax) == "fax");
  BOOST_TEST(to_string(alias_kind::set_top_box) == "set_top_box");
  BOOST_TEST(to_string(static_cast<alias_kind>(6)) == "unknown");
}

BOOST_AUTO_TEST_CASE(a_message_is_under_mailbox_and_message_id) {
  const auto key = message_key(mailbox, message);
  BOOST_TEST(to_hex(key) == mailbox_hex + message_hex);
  BOOST_TEST((parse_message_key(key) == message_place{mailbox, message}));
  BOOST_TEST(key.starts_with(mailbox_prefix(mailbox)));
  BOOST_TEST(to_hex(mailbox_prefix(mailbox)) == mailbox_hex);
  refuses_other_lengths(key, parse_message_key);
}

BOOST_AUTO_TEST_CASE(media_are_under_their_message_and_part) {
  const auto key = media_key(mailbox, message, 7);
  BOOST_TEST(to_hex(key) == mailbox_hex + message_hex + "07");
  BOOST_TEST((parse_media_key(key) == media_place{mailbox, message, 7}));
  BOOST_TEST((parse_media_key(media_key(mailbox, message, 255))->part == 255));
  refuses_other_lengths(key, parse_media_key);
}

BOOST_AUTO_TEST_CASE(a_greeting_is_under_a_message_id_no_deposit_can_have) {
  const auto key = greeting_key(mailbox, 2);
  BOOST_TEST(to_hex(key) == mailbox_hex + "ffffffffffffffffffffffffffffff" + "02" + "00");
  const auto place = parse_media_key(key);
  BOOST_REQUIRE(place);
  BOOST_TEST((greeting_kind_of(*place) == uint8_t{2}));
  BOOST_TEST(!greeting_kind_of({mailbox, message, 0}));
  auto with_part = *place;
  with_part.part = 1;
  BOOST_TEST(!greeting_kind_of(with_part));
  for (size_t i = 0; i < 15; ++i) {
    auto other = *place;
    other.message.bytes[i] = 0xFE;
    BOOST_TEST(!greeting_kind_of(other), "byte " << i);
  }
}

BOOST_AUTO_TEST_CASE(a_change_is_under_its_sequence_number) {
  const auto key = change_key(0x0102030405060708);
  BOOST_TEST(to_hex(key) == "0102030405060708");
  BOOST_TEST((parse_change_key(key) == uint64_t{0x0102030405060708}));
  constexpr auto most = std::numeric_limits<uint64_t>::max();
  BOOST_TEST(to_hex(change_key(most)) == "ffffffffffffffff");
  BOOST_TEST((parse_change_key(change_key(most)) == most));
  refuses_other_lengths(key, parse_change_key);
}

BOOST_AUTO_TEST_CASE(a_notification_is_under_its_due_time_and_id) {
  const auto id = id_of<notification_id>(message_hex);
  const auto key = outbox_key(1'760'000'000'000, id);
  BOOST_TEST(to_hex(key) == "00000199c82cc000" + message_hex);
  BOOST_TEST((parse_outbox_key(key) == outbox_place{1'760'000'000'000, id}));
  refuses_other_lengths(key, parse_outbox_key);
}

BOOST_AUTO_TEST_CASE(an_account_is_under_its_id) {
  const auto key = account_key(id_of<account_id>(message_hex));
  BOOST_TEST(to_hex(key) == message_hex);
  BOOST_TEST((parse_account_key(key) == id_of<account_id>(message_hex)));
  refuses_other_lengths(key, parse_account_key);
}

BOOST_AUTO_TEST_CASE(a_record_is_under_its_day_and_sequence_number) {
  const auto key = record_key(20'370, 258);
  BOOST_TEST(to_hex(key) == "00004f920000000000000102");
  BOOST_TEST((parse_record_key(key) == record_place{20'370, 258}));
  BOOST_TEST(to_hex(record_day_prefix(20'370)) == "00004f92");
  refuses_other_lengths(key, parse_record_key);
}

BOOST_AUTO_TEST_CASE(a_meta_row_is_under_its_name) {
  BOOST_TEST(to_hex(meta_key("format")) == "666f726d6174");
  BOOST_TEST((parse_meta_key("format") == std::string{"format"}));
  BOOST_TEST(!parse_meta_key(""));
}

BOOST_AUTO_TEST_CASE(byte_order_of_keys_is_the_order_of_what_they_stand_for) {
  const auto low = id_of<notification_id>(mailbox_hex);
  const auto high = id_of<notification_id>(message_hex);
  BOOST_TEST((change_key(255) < change_key(256)));
  BOOST_TEST((change_key(0x7FFFFFFFFFFFFFFF) < change_key(0x8000000000000000)));
  BOOST_TEST((outbox_key(255, high) < outbox_key(256, low)));
  BOOST_TEST((record_key(1, 0xFFFFFFFFFFFFFFFF) < record_key(2, 0)));
  BOOST_TEST((media_key(mailbox, message, 127) < media_key(mailbox, message, 128)));
  BOOST_TEST((media_key(mailbox, message, 255) < greeting_key(mailbox, 0)));
}

BOOST_AUTO_TEST_SUITE_END()
