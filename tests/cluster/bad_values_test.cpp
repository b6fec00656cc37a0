// Requests that are well-formed and wrong: texts, ids and enumerators.
#include "schemas/request.capnp.h"
#include "tests/cluster/engine_fixture.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <functional>

namespace restante::cluster_tests {

namespace {

/// An envelope whose fields the usual encoder could not write.
std::string envelope(const std::function<void(wire::Request::Builder)>& fill) {
  ::capnp::MallocMessageBuilder builder;
  auto root = builder.initRoot<wire::Request>();
  root.setCorrelation(77);
  const kj::byte id[] = {1, 2, 3};
  root.setRequestId(kj::arrayPtr(id, 3));
  fill(root);
  auto words = ::capnp::messageToFlatArray(builder);
  auto bytes = words.asBytes();
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

ask::register_device device() {
  ask::register_device out;
  out.number = "+15055550199";
  return out;
}

struct values_fixture : engine_fixture {
  [[nodiscard]] operation mine(mailbox_op what) const { return of(profile, std::move(what)); }

  void set_subscriber(wire::Subscriber::Builder to) const {
    to.setProfileId({profile.c_str(), profile.size()});
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_values, values_fixture)

// --- texts ---------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(texts_that_are_not_a_line_of_utf8_or_too_long_are_refused) {
  using set = std::function<operation(std::string)>;
  struct field {
    size_t bytes_max;
    set with;
  };
  auto registering = [](std::string ask::register_device::*which) {
    return set{[which](std::string text) {
      auto out = device();
      out.*which = std::move(text);
      return operation{out};
    }};
  };
  auto named = [](subscriber_ref::by how) {
    return set{[how](std::string text) {
      return operation{ask::of_mailbox{{how, std::move(text)}, op::list{}}};
    }};
  };
  const field fields[] = {
      {limits::caller_bytes_max,
       [&](std::string text) {
         auto what = voicemail();
         what.caller = std::move(text);
         return mine(what);
       }},
      {limits::name_bytes_max, registering(&ask::register_device::imei)},
      {limits::name_bytes_max, registering(&ask::register_device::number)},
      {limits::name_bytes_max, registering(&ask::register_device::pin)},
      {limits::name_bytes_max, registering(&ask::register_device::language)},
      {limits::name_bytes_max, registering(&ask::register_device::time_zone)},
      {limits::name_bytes_max, registering(&ask::register_device::owner)},
      {limits::name_bytes_max, named(subscriber_ref::by::profile)},
      {limits::name_bytes_max, named(subscriber_ref::by::imei)},
      {limits::name_bytes_max, named(subscriber_ref::by::number)},
      {limits::name_bytes_max,
       [&](std::string text) { return mine(op::set_pin{std::move(text)}); }},
      {limits::name_bytes_max,
       [&](std::string text) {
         return mine(op::set_preferences{std::move(text), {}, toggle::on});
       }},
      {limits::name_bytes_max,
       [&](std::string text) {
         return mine(op::set_preferences{{}, std::move(text), toggle::on});
       }},
      {limits::name_bytes_max,
       [&](std::string text) {
         return mine(op::retrieve{{std::nullopt, 1}, channel::out_of_band, {}, std::move(text)});
       }},
      {limits::name_bytes_max,
       [&](std::string text) {
         return mine(op::retrieve{{std::nullopt, 1}, channel::device, {"x", text}, {}});
       }},
      {limits::name_bytes_max,
       [](std::string text) {
         return ask::subscribe{std::move(text), 1, 0};
       }},
  };
  for (const auto& entry : fields) {
    for (const char* text : {"\xFF", "caf\xC3", "\xC0\xAF", "\xED\xA0\x80", "a\nb", "a\x1B[2Jb",
                             "a\x7F", "\xE2\x80\xAE"})
      refuses(entry.with(text), "invalid_request text_not_utf8");
    refuses(entry.with(std::string("a\0b", 3)), "invalid_request text_not_utf8");
    refuses(entry.with(std::string(entry.bytes_max + 1, 'x')), "invalid_request text_too_long");
    refuses(entry.with(std::string(60'000, 'x')), "invalid_request text_too_long");
  }
}

BOOST_AUTO_TEST_CASE(texts_of_the_longest_allowed_length_are_taken) {
  auto what = voicemail();
  what.caller = std::string(limits::caller_bytes_max, 'x');
  client asks{acme};
  BOOST_TEST(verdict(asks.ask(mine(what))) == "accepted");
}

BOOST_AUTO_TEST_CASE(malformed_numbers_devices_and_settings_are_refused) {
  auto with = [](auto&& change) {
    auto out = device();
    change(out);
    return operation{out};
  };
  refuses(with([](auto& d) { d.number = "not a number"; }), "invalid_request number_malformed");
  refuses(with([](auto& d) { d.number = "+1"; }), "invalid_request number_malformed");
  refuses(with([](auto& d) { d.imei = "490154203237519"; }), "invalid_request imei_check_digit");
  refuses(with([](auto& d) { d.imei = "1234"; }), "invalid_request imei_length");
  refuses(with([](auto& d) { d.number.clear(); }), "invalid_request identifier_missing");
  refuses(with([](auto& d) { d.time_zone = "Mars/Olympus"; }), "invalid_request time_zone_unknown");
  refuses(with([](auto& d) { d.language = "klingon"; }), "invalid_request language_unknown");
  refuses(with([](auto& d) { d.owner = "rival"; }), "not_found owner_not_found");
  refuses(with([](auto& d) { d.owner = "nobody"; }), "not_found owner_not_found");
  refuses(mine(op::set_preferences{{}, "Mars/Olympus", toggle::on}),
          "invalid_request time_zone_unknown");
  refuses(mine(op::set_preferences{"klingon", {}, toggle::on}), "invalid_request language_unknown");
  refuses(mine(op::set_flags{{std::nullopt, 1}, played, played}),
          "invalid_request flags_contradict");
  refuses(mine(op::set_flags{{std::nullopt, 1}, 16, 0}), "unsupported flag_unknown");
  refuses(mine(op::set_flags{{std::nullopt, 9}, played, 0}), "not_found message_not_found");
  refuses(mine(op::get_greeting{greeting_kind::busy}), "not_found greeting_not_found");
  refuses(ask::subscribe{"", 1, 0}, "invalid_request subscription_malformed");
  refuses(ask::subscribe{"tail", 0, 0}, "invalid_request subscription_malformed");
  refuses(ask::subscribe{"tail", limits::event_credit_max + 1, 0},
          "invalid_request subscription_malformed");
}

// --- ids -----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_correlation_of_zero_is_refused) {
  refuses(encode_request({0, 10'000ms, {}, ask::ping{}}), "invalid_request correlation_zero");
}

BOOST_AUTO_TEST_CASE(a_change_without_a_request_id_is_refused) {
  const operation changes[] = {
      mine(voicemail()),
      mine(op::retrieve{{std::nullopt, 1}, {}, {}, {}}),
      mine(op::remove{{std::nullopt, 1}, {}, {}, true}),
      mine(op::set_flags{{std::nullopt, 1}, played, 0}),
      mine(op::set_greeting{{}, media_part{media_type::amr, chunk{amr(9)}}}),
      mine(op::set_pin{"739201"}),
      mine(op::set_preferences{"fr", {}, toggle::off}),
      device(),
      ask::tenant_add{{.name = "x"}},
      ask::tenant_revoke{"rival"}};
  for (const auto& what : changes)
    refuses(encode_request({55, 10'000ms, {}, what}), "invalid_request request_id_missing");
}

BOOST_AUTO_TEST_CASE(a_request_id_of_zeros_or_too_long_is_refused) {
  for (size_t size : {1U, 16U, 64U})
    refuses(deposit_frames(77, voicemail(), std::string(size, '\0')),
            "invalid_request request_id_zero");
  refuses(deposit_frames(77, voicemail(), std::string(65, 'x')),
          "invalid_request request_id_too_long");
  refuses(deposit_frames(77, voicemail(), std::string(60'000, 'x')),
          "invalid_request request_id_too_long");
}

BOOST_AUTO_TEST_CASE(malformed_message_ids_are_refused) {
  auto with_id = [&](std::string raw) {
    return envelope([&](wire::Request::Builder to) {
      auto out = to.initSetFlags();
      set_subscriber(out.initSubscriber());
      out.initMessage().setId({reinterpret_cast<const kj::byte*>(raw.data()), raw.size()});
    });
  };
  for (size_t size : {0U, 1U, 15U, 17U, 1'000U})
    refuses(with_id(std::string(size, 'x')), "invalid_request id_malformed");
  refuses(with_id(std::string(16, '\0')), "invalid_request id_malformed");
  refuses(with_id(std::string(16, 'x')), "not_found message_not_found");
  refuses(envelope([&](wire::Request::Builder to) {
            auto out = to.initSetFlags();
            set_subscriber(out.initSubscriber());
            out.initMessage().setUid(0);
          }),
          "invalid_request id_malformed");
  refuses(envelope([](wire::Request::Builder to) {
            const kj::byte after[] = {1, 2, 3};
            to.initSubscriberList().setAfter(kj::arrayPtr(after, 3));
          }),
          "invalid_request id_malformed");
}

BOOST_AUTO_TEST_CASE(a_deposit_id_stands_for_one_content) {
  auto what = voicemail();
  client asks{acme};
  auto first = asks.ask(mine(what), "deposit 1");
  BOOST_TEST_REQUIRE(verdict(first) == "accepted");
  auto before = written();
  auto again = asks.ask(mine(what), "deposit 1");
  BOOST_TEST_REQUIRE(verdict(again) == "accepted");
  BOOST_TEST(std::get<answer::deposited>(*again).duplicate);
  BOOST_TEST(
      (std::get<answer::deposited>(*again).message == std::get<answer::deposited>(*first).message));
  BOOST_TEST(written() == before);
  auto differing = [&](auto&& change) {
    auto other = what;
    change(other);
    refuses(deposit_frames(77, other, "deposit 1"), "conflict deposit_id_reused");
  };
  differing([](auto& d) { d.parts[0].bytes = chunk{amr(50, 'y')}; });
  differing([](auto& d) { d.caller = "+15055551213"; });
  differing([](auto& d) { d.called_at -= 1; });
  differing([](auto& d) { d.urgent = true; });
  differing([](auto& d) { d.format = message_format::fax; });
  differing([](auto& d) { d.parts.push_back(d.parts[0]); });
}

// --- enumerations --------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(unknown_enumerators_are_unsupported) {
  refuses(envelope([&](wire::Request::Builder to) {
            auto out = to.initDeposit();
            set_subscriber(out.initSubscriber());
            out.setFormat(static_cast<wire::MessageFormat>(99));
          }),
          "unsupported format_unknown");
  refuses(envelope([&](wire::Request::Builder to) {
            auto out = to.initRetrieve();
            set_subscriber(out.initSubscriber());
            out.initMessage().setUid(1);
            out.setChannel(static_cast<wire::Channel>(2));
          }),
          "unsupported channel_unknown");
  refuses(envelope([&](wire::Request::Builder to) {
            auto out = to.initGetGreeting();
            set_subscriber(out.initSubscriber());
            out.setKind(static_cast<wire::GreetingKind>(0xFFFF));
          }),
          "unsupported greeting_kind_unknown");
  refuses(envelope([&](wire::Request::Builder to) {
            auto out = to.initSetPreferences();
            set_subscriber(out.initSubscriber());
            out.setNotifications(static_cast<wire::Switch>(3));
          }),
          "unsupported switch_unknown");
  refuses(envelope([](wire::Request::Builder to) {
            to.initTenantAdd().setRole(static_cast<wire::Role>(4));
          }),
          "unsupported role_unknown");
}

BOOST_AUTO_TEST_CASE(an_unknown_media_type_is_refused) {
  for (uint16_t type : {uint16_t{0}, uint16_t{10}, uint16_t{0xFFFF}}) {
    frames bad{envelope([&](wire::Request::Builder to) {
                 auto out = to.initDeposit();
                 set_subscriber(out.initSubscriber());
                 out.setCalledAtMs(system_now());
                 auto part = out.initParts(1)[0];
                 part.setType(static_cast<wire::MediaType>(type));
                 part.setSize(amr(9).size());
               }),
               {chunk{amr(9)}}};
    refuses(bad, "invalid_request media_type_unknown");
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::cluster_tests
