// A challenge is bound to one request: whatever is changed voids it.
#include "actors/challenge.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

constexpr wall_ms now = 1'800'000'000'000;

secret_key key(uint8_t byte) {
  std::array<uint8_t, 32> raw;
  raw.fill(byte);
  return secret_key{raw};
}

request retrieval(uint32_t uid = 3, std::string id = "r-1") {
  op::retrieve what{{std::nullopt, uid}, channel::device, {}, {}};
  return {1,
          {},
          std::move(id),
          ask::of_mailbox{{subscriber_ref::by::number, "+15055550183"}, std::move(what)}};
}

struct a_challenge {
  a_challenge() { init_crypto(); }
  std::string made = make_challenge(key(1), "acme", retrieval(), now, "12345678");

  [[nodiscard]] bool holds(const request& what, wall_ms at = now - 1) const {
    return challenge_holds(key(1), "acme", what, made, at);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(challenge_test, a_challenge)

BOOST_AUTO_TEST_CASE(a_challenge_holds_for_its_request_until_it_expires) {
  BOOST_TEST(made.size() == challenge_bytes);
  BOOST_TEST(challenge_expiry(made) == now);
  BOOST_TEST(holds(retrieval()));
  BOOST_TEST(!holds(retrieval(), now));
  BOOST_TEST(!holds(retrieval(), now + 1));
}

BOOST_AUTO_TEST_CASE(the_pin_and_the_correlation_are_no_part_of_the_request) {
  auto again = retrieval();
  again.correlation = 9;
  std::get<op::retrieve>(std::get<ask::of_mailbox>(again.what).op).answer = {made, "482913"};
  BOOST_TEST(holds(again));
}

BOOST_AUTO_TEST_CASE(another_request_is_refused) {
  BOOST_TEST(!holds(retrieval(4)));
  BOOST_TEST(!holds(retrieval(3, "r-2")));
  auto other = retrieval();
  std::get<ask::of_mailbox>(other.what).subscriber.text = "+15055550184";
  BOOST_TEST(!holds(other));
  other = retrieval();
  std::get<ask::of_mailbox>(other.what).subscriber.what = subscriber_ref::by::imei;
  BOOST_TEST(!holds(other));
  other = retrieval();
  auto& message = std::get<op::retrieve>(std::get<ask::of_mailbox>(other.what).op).message;
  message.id = restante::message_id{};
  BOOST_TEST(!holds(other));
  other = retrieval();
  for (bool purge : {false, true}) {
    std::get<ask::of_mailbox>(other.what).op =
        op::remove{{std::nullopt, 3}, channel::device, {}, purge};
    BOOST_TEST(!holds(other));
  }
}

BOOST_AUTO_TEST_CASE(deleting_and_purging_are_different_requests) {
  auto what = retrieval();
  auto& op = std::get<ask::of_mailbox>(what.what).op;
  op = op::remove{{std::nullopt, 3}, channel::device, {}, false};
  auto deleting = make_challenge(key(1), "acme", what, now, "12345678");
  std::get<op::remove>(op).purge = true;
  BOOST_TEST(!challenge_holds(key(1), "acme", what, deleting, now - 1));
}

BOOST_AUTO_TEST_CASE(another_tenant_or_key_is_refused) {
  BOOST_TEST(!challenge_holds(key(1), "rival", retrieval(), made, now - 1));
  BOOST_TEST(!challenge_holds(key(2), "acme", retrieval(), made, now - 1));
}

BOOST_AUTO_TEST_CASE(no_byte_can_be_changed) {
  for (size_t i = 0; i < made.size(); ++i) {
    auto forged = made;
    forged[i] ^= 1;
    BOOST_TEST(!challenge_holds(key(1), "acme", retrieval(), forged, now - 1));
  }
  BOOST_TEST(!challenge_holds(key(1), "acme", retrieval(), made + "x", now - 1));
  BOOST_TEST(!challenge_holds(key(1), "acme", retrieval(), made.substr(1), now - 1));
  BOOST_TEST(!challenge_holds(key(1), "acme", retrieval(), {}, now - 1));
}

BOOST_AUTO_TEST_CASE(a_later_expiry_cannot_be_claimed) {
  auto longer = make_challenge(key(1), "acme", retrieval(), now + 60'000, "12345678");
  auto forged = longer.substr(0, 16) + made.substr(16);
  BOOST_TEST(!challenge_holds(key(1), "acme", retrieval(), forged, now - 1));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
