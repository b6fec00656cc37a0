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

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
