#include "actors/passing.hpp"
#include "schemas/limits.hpp"
#include "tests/support/model_fixture.hpp"

namespace restante {

namespace {

request deposit_of(size_t parts, size_t bytes) {
  op::deposit what{message_format::voicemail, "+15055551212", 1'799'000'000'000, 0, false, {}};
  for (size_t i = 0; i < parts; ++i) {
    what.parts.push_back(model_tests::audio(1));
    what.parts.back().bytes = chunk{std::string(bytes, 'x')};
  }
  request out;
  out.request_id = "one";
  out.what = ask::of_mailbox{{subscriber_ref::by::number, "+15055552000"}, std::move(what)};
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(passing_on)

// Larger than what may be under way at a time, and still one that a client may send.
BOOST_AUTO_TEST_CASE(the_largest_request_is_passed_on_when_nothing_else_is) {
  size_t sent = 0, answered = 0;
  passing to{[&](peer_outbound) { ++sent; }};
  to.connected("lyon", true);
  auto pass = [&](size_t parts, size_t bytes) {
    return to.pass("lyon", "acme", deposit_of(parts, bytes), nullptr, {},
                   [&](outcome) { ++answered; });
  };
  BOOST_TEST(pass(1, 1'000));
  BOOST_TEST(!pass(limits::parts_max, limits::media_bytes_max));
  to.end_all();
  BOOST_TEST(pass(limits::parts_max, limits::media_bytes_max));
  BOOST_TEST(!pass(1, 1'000));
  to.end_all();
  BOOST_TEST(sent == 2U);
  BOOST_TEST(answered == 2U);
}

// It answers what this node's process before has asked.
BOOST_AUTO_TEST_CASE(an_answer_to_the_life_before_is_nobodys) {
  uint64_t asked = 0;
  auto begin = [&] {
    auto out = std::make_unique<passing>(
        [&](peer_outbound what) { asked = std::get<peer::forward>(what.what).correlation; });
    out->connected("lyon", true);
    return out;
  };
  size_t answered = 0;
  auto pass = [&](passing& to) {
    BOOST_TEST(
        to.pass("lyon", "acme", deposit_of(1, 10), nullptr, {}, [&](outcome) { ++answered; }));
  };
  auto before = begin();
  pass(*before);
  const peer::answer late{asked, encode_reply({asked, answer::done{true}})};
  auto after = begin();
  pass(*after);
  after->take("lyon", late);
  BOOST_TEST(answered == 0U);
  after->take("lyon", {asked, encode_reply({asked, answer::done{true}})});
  BOOST_TEST(answered == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
