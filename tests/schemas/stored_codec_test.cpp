// Values on disk survive their bytes, and bytes of earlier versions are written and read alike.
#include "schemas/capnp_io.hpp"
#include "schemas/stored.capnp.h"
#include "schemas/stored_codec.hpp"
#include "tests/schemas/codec_helpers.hpp"

namespace restante::codec_tests {

namespace {

change any_change(random_source& draw) {
  change out;
  out.mailbox = id_of<mailbox_id>(0xAB);
  out.at = {any_number<uint64_t>(draw), any_number<uint64_t>(draw)};
  out.what = any_of(draw, cause::seeded);
  out.tenant = any_text(draw);
  out.owner = any_text(draw);
  out.region = any_text(draw);
  out.request_id = any_bytes(draw, 64);
  if (draw.one_in(2))
    out.message = any_id<message_id>(draw);
  out.uid = any_number<uint32_t>(draw);
  out.location = any_text(draw);
  out.left = any_text(draw);
  out.delta = random_state(draw);
  out.delta.profile.sealed = draw.one_in(2);
  out.delta.id = out.mailbox;
  return out;
}

/// Without what is in the key.
notification any_notification(random_source& draw) {
  notification out;
  out.mailbox = any_id<mailbox_id>(draw);
  out.region = any_text(draw);
  out.tenant = any_text(draw);
  out.to = any_text(draw);
  out.text = any_text(draw);
  out.kind = any_number<uint8_t>(draw);
  out.created_at = any_number<wall_ms>(draw);
  out.attempts = any_number<uint32_t>(draw);
  return out;
}

record any_record(random_source& draw) {
  return {any_number<wall_ms>(draw), any_text(draw), any_text(draw), any_text(draw),
          any_text(draw)};
}

tenant_record any_tenant(random_source& draw) {
  return {any_text(draw),
          any_of(draw, role::operator_),
          any_bytes(draw, 32),
          any_text(draw),
          any_text(draw),
          {any_text(draw), any_text(draw)},
          any_text(draw),
          draw.one_in(2),
          static_cast<uint32_t>(draw.below(9))};
}

/// A profile with everything set, so that its golden bytes hold every field.
profile_state full_profile() {
  profile_state out;
  out.tenant = "acme";
  out.region = "eu1";
  out.born_at = 1'760'000'000'000;
  out.aliases = {{alias_kind::number, "+15055550183"}, {alias_kind::imei, "490154203237518"}};
  out.pin = {{1, 9}, "$argon2id$..."};
  out.language = {{2, 9}, "fr"};
  out.time_zone = {{3, 9}, "Europe/Paris"};
  out.notifications = {{4, 9}, "off"};
  out.greetings[1] = {{5, 9}, {media_type::amr, 1'000, id_of<digest>(0x77)}};
  out.pin_shares[9] = {3, {1, 9}, 2, 1'760'000'900'000};
  out.uid_floor = 12;
  return out;
}

message_record full_message() {
  message_record out;
  out.id = id_of<message_id>(0x11);
  out.uid = 7;
  out.content = id_of<digest>(0x22);
  out.format = message_format::fax;
  out.caller = "+15055551212";
  out.called_at = 1'760'000'000'000;
  out.stored_at = 1'760'000'001'000;
  out.duration_ms = 2'500;
  out.deposited_by = "acme";
  out.parts = {{media_type::amr, 100, id_of<digest>(0x33)}, {media_type::tiff, 200, {}}};
  for (size_t i = 0; i < flag_count; ++i)
    out.flags[i] = {{10 + i, 9}, i % 2 == 0};
  out.to_device = {{20, 9}, "a digest"};
  out.elsewhere = {{21, 9}, "another"};
  return out;
}

change full_change() {
  change out{id_of<mailbox_id>(0x44),
             {30, 9},
             cause::deposited,
             "portal",
             "acme",
             "eu1",
             "request-id",
             id_of<message_id>(0x11),
             7,
             {},
             {},
             {}};
  out.delta.id = out.mailbox;
  out.delta.profile = full_profile();
  out.delta.messages[id_of<message_id>(0x11)] = full_message();
  message_record gone;
  gone.id = id_of<message_id>(0x12);
  gone.uid = 6;
  gone.purged = true;
  gone.content = id_of<digest>(0x55);
  out.delta.messages[gone.id] = gone;
  return out;
}

/// The bytes are those of old, and those of old are read as the value.
template <class T, class Decode>
void golden_value(const std::string& name, const T& value, Decode decode) {
  if (!of_an_older_version(name))
    unchanged("stored." + name, encode(value));
  auto old = decode(golden("stored." + name));
  BOOST_TEST_CONTEXT(name) BOOST_TEST((old && *old == value));
}

template <class T, class Decode>
void survives(const T& value, Decode decode) {
  auto got = decode(encode(value));
  BOOST_REQUIRE_MESSAGE(got, got.error().text);
  BOOST_REQUIRE((*got == value));
}

} // namespace

BOOST_AUTO_TEST_SUITE(stored_codec)

BOOST_AUTO_TEST_CASE(every_value_survives_its_bytes) {
  random_source draw{test_seed()};
  for (int i = 0; i < 1'000; ++i) {
    survives(random_profile(draw), decode_profile);
    survives(random_message(draw), decode_message);
    survives(any_change(draw), decode_change);
    survives(alias_target{any_id<mailbox_id>(draw), any_text(draw), any_text(draw)},
             decode_alias_target);
    survives(any_notification(draw), decode_notification);
    survives(any_record(draw), decode_record);
    survives(any_tenant(draw), decode_tenant);
  }
  survives(full_change(), decode_change);
}

BOOST_AUTO_TEST_CASE(golden_values_are_written_and_read_alike) {
  golden_value("profile_v1", full_profile(), decode_profile);
  golden_value("profile_empty_v1", profile_state{}, decode_profile);
  auto roaming = full_profile();
  roaming.location = {{6, 9}, "us1"};
  roaming.sealed = true;
  golden_value("profile", roaming, decode_profile);
  golden_value("profile_empty", profile_state{}, decode_profile);
  golden_value("message", full_message(), decode_message);
  golden_value("change_v1", full_change(), decode_change);
  auto moved = full_change();
  moved.location = "us1";
  moved.left = "eu2";
  golden_value("change", moved, decode_change);
  golden_value("alias_target_v1", alias_target{id_of<mailbox_id>(0x44), "acme"},
               decode_alias_target);
  golden_value("alias_target", alias_target{id_of<mailbox_id>(0x44), "acme", "eu1"},
               decode_alias_target);
  notification told;
  told.mailbox = id_of<mailbox_id>(0x44);
  told.region = "eu1";
  told.tenant = "acme";
  told.to = "+15055550183";
  told.text = "Voicemail déposé";
  told.kind = 2;
  told.created_at = 1'760'000'000'000;
  told.attempts = 3;
  golden_value("notification", told, decode_notification);
  golden_value("record", record{1'760'000'000'000, "deposited", "acme", "eu1-5", "2500 ms"},
               decode_record);
  golden_value("tenant",
               tenant_record{"portal",
                             role::application,
                             std::string(32, 'k'),
                             "US",
                             "en",
                             {"acme", "rival"},
                             "4711",
                             true},
               decode_tenant);
}

BOOST_AUTO_TEST_CASE(damaged_values_are_refused_or_read_but_never_fatal) {
  random_source draw{test_seed()};
  auto whole = encode(full_change());
  size_t refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    auto bytes = whole;
    for (auto times = 1 + draw.below(3); times > 0; --times)
      bytes[draw.below(bytes.size())] = static_cast<char>(draw.below(256));
    if (auto got = decode_change(bytes); !got) {
      ++refused;
      BOOST_TEST_REQUIRE((got.error().code == errc::storage_failure));
    }
  }
  BOOST_TEST(refused > 500U);
  for (size_t size = 0; size < whole.size(); ++size)
    BOOST_TEST_REQUIRE(!decode_change(std::string_view{whole}.substr(0, size)));
}

// Found by the fuzz target `stored`: such values changed when they were written again.
BOOST_AUTO_TEST_CASE(what_was_never_written_has_no_value) {
  capnp::MallocMessageBuilder bytes;
  auto profile = bytes.initRoot<stored::Profile>();
  profile.initLanguage().setValue("fr");
  profile.initPin().initStamp().setIncarnation(9);
  auto greeting = profile.initGreetings(1)[0];
  greeting.setSize(1'000);
  greeting.setDigest(capnp_io::blob(id_of<digest>(0x77).view()));
  auto got = decode_profile(capnp_io::to_bytes(bytes));
  BOOST_TEST((got && *got == profile_state{}));
}

BOOST_AUTO_TEST_CASE(a_purged_message_keeps_only_id_number_and_content) {
  auto live = full_message();
  capnp::MallocMessageBuilder bytes;
  auto message = bytes.initRoot<stored::Message>();
  message.setId(capnp_io::blob(live.id.view()));
  message.setUid(live.uid);
  message.setContentDigest(capnp_io::blob(live.content.view()));
  message.setPurged(true);
  message.setCaller("+15055551212");
  message.initFlags(1)[0].setSet(true);
  message_record purged{live.id, live.uid, true, live.content};
  auto got = decode_message(capnp_io::to_bytes(bytes));
  BOOST_TEST((got && *got == purged));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::codec_tests
