// What an SMS gateway can get wrong, and what a phone can send through it.
#include "tests/cluster/engine_fixture.hpp"
#include "tests/cluster/envelope_words.hpp"
#include "tests/support/random_state.hpp"

namespace restante::cluster_tests {

namespace {

std::string verdict_of(const sms::to_gateway& what) {
  auto* why = std::get_if<failure>(&what.what);
  return why == nullptr ? "accepted" : std::string{to_string(why->code)};
}

struct texts_fixture : engine_fixture {
  static constexpr const char* phone = "+15055550150";

  /// Reads on to the next answer; texts for phones are none.
  static sms::to_gateway answer_from(dealer& from) {
    for (;;) {
      auto got = from.receive(patience);
      BOOST_REQUIRE_MESSAGE(got, "no answer");
      auto decoded = sms::decode_to_gateway(got->envelope);
      BOOST_REQUIRE(decoded);
      if (!std::holds_alternative<sms::submit>(decoded->what))
        return std::move(*decoded);
    }
  }

  static sms::to_gateway ask(dealer& to, frames what) {
    BOOST_REQUIRE(to.send(what));
    return answer_from(to);
  }

  static frames of(decltype(sms::from_gateway::what) what, uint64_t correlation = 7) {
    return {sms::encode(sms::from_gateway{correlation, std::move(what)}), {}};
  }

  static frames text(std::string words, std::string from = phone, std::string to = "4711") {
    return of(sms::mobile_originated{fresh_request_id(), std::move(from), std::move(to),
                                     std::move(words)});
  }

  /// As `refuses`, on the gateway's endpoint.
  void refuses_text(frames bad, errc code, const std::string& reason) {
    BOOST_TEST_CONTEXT("expecting " << reason) {
      dealer gateway{smsc};
      auto before = figures();
      BOOST_TEST(verdict_of(ask(gateway, std::move(bad))) == to_string(code));
      auto after = figures();
      BOOST_TEST(after["refused." + reason] == before["refused." + reason] + 1);
      BOOST_TEST(after["store.wal_bytes"] == before["store.wal_bytes"]);
      auto unknown_submit =
          of(sms::submitted{*notification_id::from(std::string(16, 'x')), {}, {}});
      auto honest = ask(gateway, unknown_submit);
      BOOST_TEST(honest.correlation == 7U);
      BOOST_TEST(verdict_of(honest) == "accepted");
      client other{acme};
      BOOST_TEST(verdict(other.ask(ask::ping{})) == "accepted");
    }
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_texts, texts_fixture)

BOOST_AUTO_TEST_CASE(frames_that_are_none_are_refused) {
  constexpr auto invalid = errc::invalid_request;
  refuses_text({}, invalid, "envelope_empty");
  refuses_text({std::string(7, 'x'), {}}, invalid, "envelope_truncated");
  refuses_text({std::string(80, 'x'), {}}, invalid, "envelope_segments");
  refuses_text({std::string(limits::envelope_bytes_max + 8, 'x'), {}}, invalid,
               "envelope_too_large");
  auto good = text("hello");
  refuses_text({good.envelope.substr(0, good.envelope.size() - 8), {}}, invalid,
               "envelope_malformed");
  refuses_text({good.envelope + std::string(8, '\0'), {}}, invalid, "envelope_trailing_bytes");
  refuses_text({good.envelope, {chunk{std::string{"x"}}}}, invalid, "frames_too_many");
  refuses_text({good.envelope, std::vector<chunk>(10'000, chunk{std::string{"x"}})}, invalid,
               "frames_too_many");
  refuses_text({framed({{to_far(1, 0)}, {to_far(0, 0)}}), {}}, invalid, "envelope_malformed");
}

BOOST_AUTO_TEST_CASE(frames_of_a_newer_gateway_are_unsupported) {
  auto frame = [](uint16_t tag) { return framed({{to_struct(0, 2, 1), 7, tag, 0}}); };
  refuses_text({frame(6), {}}, errc::unsupported, "operation_unknown");
  refuses_text({frame(0xFFFF), {}}, errc::unsupported, "operation_unknown");
  refuses_text({frame(0), {}}, errc::invalid_request, "operation_missing");
  auto status = [](uint16_t tag, uint16_t value) {
    return framed({{to_struct(0, 2, 1), 7, tag, to_struct(0, 1, 2), value, 0, 0}});
  };
  refuses_text({status(3, 3), {}}, errc::unsupported, "status_unknown");
  refuses_text({status(4, 99), {}}, errc::unsupported, "status_unknown");
}

BOOST_AUTO_TEST_CASE(values_out_of_range_are_refused) {
  constexpr auto invalid = errc::invalid_request;
  auto with_id = [](std::string id) {
    return of(sms::mobile_originated{std::move(id), phone, "4711", "status"});
  };
  refuses_text(of(sms::hello{0}), invalid, "credit_out_of_range");
  refuses_text(of(sms::hello{1'001}), invalid, "credit_out_of_range");
  refuses_text(of(sms::hello{1}, 0), invalid, "correlation_zero");
  refuses_text(with_id(""), invalid, "id_malformed");
  refuses_text(with_id(std::string(65, 'x')), invalid, "id_malformed");
  refuses_text(with_id(std::string(16, '\0')), invalid, "id_malformed");
  refuses_text(of(sms::submitted{}), invalid, "id_malformed");
  refuses_text(of(sms::delivery_receipt{}), invalid, "id_malformed");
  auto id = *notification_id::from(std::string(16, 'x'));
  refuses_text(of(sms::submitted{id, {}, "\xFF"}), invalid, "text_not_utf8");
  refuses_text(of(sms::delivery_receipt{id, {}, std::string(257, 'x')}), invalid, "text_too_long");
}

BOOST_AUTO_TEST_CASE(texts_that_cannot_be_placed_are_refused) {
  constexpr auto invalid = errc::invalid_request;
  refuses_text(text("status", phone, "9999"), errc::not_found, "short_code_unknown");
  refuses_text(text("status", phone, ""), errc::not_found, "short_code_unknown");
  refuses_text(text("status", phone, "4713"), errc::not_found, "short_code_unknown"); // not served
  refuses_text(text("status", "no number"), invalid, "number_malformed");
  refuses_text(text("status", ""), invalid, "number_empty");
  refuses_text(text("status", std::string(65, '5')), invalid, "text_too_long");
  refuses_text(text("status", "\xFF\xFE"), invalid, "text_not_utf8");
  refuses_text(text("status", phone, "47\n11"), invalid, "text_not_utf8");
  refuses_text(text(std::string(10'000, 'x')), invalid, "text_too_long");
  refuses_text(text(std::string(limits::sms_text_bytes_max + 1, 'x')), invalid, "text_too_long");
}

BOOST_AUTO_TEST_CASE(whatever_a_phone_sends_is_taken_over) {
  dealer gateway{smsc};
  random_source draw{test_seed()};
  std::vector<std::string> texts{{},
                                 "\xFF\xFE\xFD",
                                 std::string(3, '\0'),
                                 std::string(limits::sms_text_bytes_max, 'x'),
                                 "\xE2\x80\xAEtxet",
                                 "ACTIVATE imei=" + std::string(2'000, '9'),
                                 "delete 99999999999999999999",
                                 "activate \xC3\x28 pin \xED\xA0\x80",
                                 "delete -1 pin 482913",
                                 "stop\xFF",
                                 "%s%n'; DROP TABLE"};
  for (int i = 0; i < 200; ++i) {
    std::string words = draw.one_in(2) ? "activate " : "delete ";
    for (auto size = draw.below(60); size > 0; --size)
      words += static_cast<char>(draw.below(256));
    texts.push_back(std::move(words));
  }
  for (const auto& words : texts)
    BOOST_TEST(verdict_of(ask(gateway, text(words))) == "accepted");
}

BOOST_AUTO_TEST_CASE(random_damage_to_a_text_is_answered_once_each) {
  dealer gateway{smsc};
  random_source draw{test_seed()};
  constexpr size_t count = 2'000;
  size_t sent = 0;
  std::map<std::string, size_t> got;
  for (size_t done = 0; done < count; ++done) {
    for (; sent < count && sent - done < 100; ++sent) {
      auto what = text("status", "+1505555" + std::to_string(2'000 + sent));
      for (auto times = 1 + draw.below(3); times > 0; --times)
        what.envelope[draw.below(what.envelope.size())] = static_cast<char>(draw.below(256));
      BOOST_REQUIRE(gateway.send(what));
    }
    ++got[verdict_of(answer_from(gateway))];
  }
  BOOST_TEST(got["accepted"] > 50U);
  BOOST_TEST(got["invalid_request"] > 500U);
  auto last = ask(gateway, of(sms::hello{1}, 4'711));
  BOOST_TEST(last.correlation == 4'711U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::cluster_tests
