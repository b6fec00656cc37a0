// The gate between a bridge and the cast: one answer for every request, within its deadline, and
// nothing given back while the request is still alive somewhere.
#include "bridges/gate.hpp"
#include "tests/support/stage.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

struct at_the_bridge : stage {
  std::vector<outbound> sent;
  gate_actor gate =
      keep(spawn_gate(sys, {node, directory, gatekeeper, feed, environment,
                            [this](outbound what) { sent.push_back(std::move(what)); }}));
  mailbox_id box = register_device();

  /// Sends a deposit and returns a watch on what it holds of the bridge's budgets.
  std::weak_ptr<const request_share> post(uint64_t correlation, milliseconds deadline) {
    auto held = std::make_shared<const request_share>();
    std::weak_ptr<const request_share> watch = held;
    request what{correlation, deadline, "d-" + std::to_string(correlation),
                 ask::of_mailbox{{subscriber_ref::by::number, number}, voicemail()}};
    auto batch = std::make_shared<std::vector<inbound>>();
    batch->push_back({7, acme, std::move(what), std::move(held)});
    tell(gate, inbound_batch{std::move(batch)});
    run();
    return watch;
  }

  [[nodiscard]] outcome answer_to(uint64_t correlation) const {
    std::vector<const outbound*> found;
    for (const auto& out : sent)
      if (out.correlation == correlation)
        found.push_back(&out);
    BOOST_REQUIRE_EQUAL(found.size(), 1u);
    BOOST_TEST(found[0]->session == 7u);
    return decode_reply(found[0]->what.envelope, {})->what;
  }

  [[nodiscard]] std::string reason_to(uint64_t correlation) const {
    auto what = answer_to(correlation);
    auto* why = std::get_if<failure>(&what);
    return why == nullptr ? "accepted" : why->text;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(gate_test, at_the_bridge)

BOOST_AUTO_TEST_CASE(an_answered_request_holds_nothing_once_its_answer_is_sent) {
  auto held = post(1, milliseconds{10'000});
  BOOST_TEST(std::holds_alternative<answer::deposited>(answer_to(1)));
  BOOST_TEST(!held.expired()); // with the answer, until the bridge has sent it
  sent.clear();
  BOOST_TEST(held.expired());
}

BOOST_AUTO_TEST_CASE(a_request_whose_deadline_passed_holds_its_share_until_it_is_dealt_with) {
  tell(held, hold{});
  std::vector<std::weak_ptr<const request_share>> shares;
  for (uint64_t i = 1; i <= 3; ++i)
    shares.push_back(post(i, milliseconds{1}));
  advance(std::chrono::milliseconds{10});
  for (uint64_t i = 1; i <= 3; ++i)
    BOOST_TEST(reason_to(i).find("deadline_passed") != std::string::npos, reason_to(i));
  sent.clear();
  for (const auto& share : shares) // one at the disk, two waiting in the mailbox
    BOOST_TEST(!share.expired());
  tell(held, let_go{});
  run();
  for (const auto& share : shares)
    BOOST_TEST(share.expired());
  BOOST_TEST(sent.empty()); // nobody is answered twice
}

BOOST_AUTO_TEST_CASE(a_gate_that_ends_answers_what_is_open) {
  tell(held, hold{});
  (void)post(1, milliseconds{10'000});
  BOOST_TEST(sent.empty());
  caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
  run();
  BOOST_TEST((std::get<failure>(answer_to(1)).code == errc::outcome_unknown));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
