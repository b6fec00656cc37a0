#include "actors/access.hpp"
#include "actors/mailbox_model.hpp"
#include "actors/merge.hpp"
#include "schemas/limits.hpp"
#include "tests/support/model_fixture.hpp"

#include <limits>

using namespace restante;
using namespace restante::model_tests;

namespace {

constexpr wall_ms pause_ms = std::chrono::milliseconds{limits::pin_pause}.count();

struct pin_fixture : registered {
  message_ref message = by(deposit("d1").message);
  int requests = 0;

  command device_request() {
    return ask(op::retrieve{message, channel::device, {"challenge", "000000"}, {}},
               "attempt " + std::to_string(++requests));
  }

  /// A wrong PIN: what the mailbox makes durable before anything is verified.
  decision attempt() {
    auto out = box.pin_attempt(device_request());
    carry_out(out);
    return out;
  }

  void attempts(int count) {
    for (int i = 0; i < count; ++i)
      attempt();
  }

  /// The same mailbox on another replica, which has its own share of the budget.
  [[nodiscard]] mailbox_model on_node(uint64_t incarnation) const {
    return {box.state(), environment(incarnation)};
  }

  [[nodiscard]] const pin_share& share(uint64_t incarnation = 1) const {
    return box.state().profile.pin_shares.at(incarnation);
  }
};

void wrong_pins(mailbox_model& on, const command& what, int count) {
  for (int i = 0; i < count; ++i)
    on.apply(on.pin_attempt(what).delta);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(mailbox_pin, pin_fixture)

BOOST_AUTO_TEST_CASE(an_attempt_counts_before_the_pin_is_looked_at) {
  auto before = box.state();
  auto what = box.pin_attempt(device_request());
  BOOST_TEST((box.state() == before)); // it only says what is to be made durable
  BOOST_TEST((what.what == cause::pin_tried && what.changes() && what.shrinks));
  BOOST_TEST((what.notifications.empty() && what.media.empty() && what.delta.messages.empty()));
  BOOST_TEST((std::get<failure>(what.reply) == pin_denied()));
  carry_out(what);
  BOOST_TEST(share().failures == 1U);
  BOOST_TEST((share().pin_at == before.profile.pin.at));
}

BOOST_AUTO_TEST_CASE(five_attempts_close_the_mailbox_for_a_quarter_of_an_hour) {
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(box.pin_open(), "after " << i);
    attempt();
    *time += 1000;
  }
  BOOST_TEST(!box.pin_open());
  reload(); // neither passivation nor a restart gives attempts back
  BOOST_TEST(!box.pin_open());
  *time += pause_ms - 1001;
  BOOST_TEST(!box.pin_open());
  *time += 1;
  BOOST_TEST(box.pin_open());
  attempt();
  BOOST_TEST(!box.pin_open()); // each further one closes it again
}

BOOST_AUTO_TEST_CASE(ten_attempts_close_the_mailbox_until_a_new_pin) {
  for (int i = 0; i < 10; ++i) {
    BOOST_TEST(box.pin_open(), "after " << i);
    attempt();
    *time += pause_ms;
  }
  BOOST_TEST(!box.pin_open());
  *time += 1000 * pause_ms;
  reload();
  BOOST_TEST(!box.pin_open());
  run(op::set_pin{"730184"}, "reset");
  BOOST_TEST(box.pin_open());
}

BOOST_AUTO_TEST_CASE(copies_that_are_cut_off_bear_no_more_wrong_pins_together_than_one) {
  int together = 0;
  for (uint64_t incarnation = 1; incarnation <= 3; ++incarnation) {
    auto where = *environment(incarnation);
    where.pin_copies = 3;
    mailbox_model copy{box.state(), std::make_shared<const mailbox_environment>(std::move(where))};
    for (; copy.pin_open(); ++together) {
      wrong_pins(copy, device_request(), 1);
      *time += pause_ms;
      BOOST_REQUIRE(together < 100);
    }
  }
  BOOST_TEST(together <= 10);
  BOOST_TEST(together == 9); // three each
}

BOOST_AUTO_TEST_CASE(the_right_pin_ends_the_count) {
  const mailbox_op right[] = {
      op::retrieve{message, channel::device, {}, {}},
      op::remove{message, channel::device, {}, false},
      op::remove{
          message, channel::device, {}, false}, // deleted already; the PIN counts all the same
      op::remove{message, channel::device, {}, true}};
  for (const auto& what : right) {
    attempts(4);
    BOOST_TEST(share().failures == 4U);
    run(ask(what, "right " + std::to_string(requests)), true);
    BOOST_TEST((share().failures == 0U && share().closed_until == 0));
    BOOST_TEST(box.pin_open());
  }
  reload();
  attempts(4);
  BOOST_TEST(box.pin_open());
  attempt();
  BOOST_TEST(!box.pin_open());
}

BOOST_AUTO_TEST_CASE(a_repeated_retrieval_with_the_right_pin_ends_the_count_too) {
  auto what = ask(op::retrieve{message, channel::device, {}, {}}, "r1");
  run(what, true);
  attempts(3);
  auto again = run(what, true);
  BOOST_TEST((again.what == cause::pin_accepted && again.notifications.empty()));
  BOOST_TEST(share().failures == 0U);
}

BOOST_AUTO_TEST_CASE(what_needs_no_pin_ends_no_count) {
  attempts(4);
  run(op::retrieve{message, channel::out_of_band, {}, "web page"}, "r1");
  run(op::set_preferences{"fr", {}, {}}, "r2");
  deposit("d2");
  BOOST_TEST(share().failures == 4U);
  attempt();
  BOOST_TEST(!box.pin_open());
}

BOOST_AUTO_TEST_CASE(a_right_pin_for_a_message_that_is_not_there_ends_no_count) {
  attempts(4);
  auto what = ask(op::retrieve{by_uid(99), channel::device, {}, {}}, "r1");
  BOOST_TEST(!decide(what, true).has_value());
  BOOST_TEST(share().failures == 4U);
}

BOOST_AUTO_TEST_CASE(a_new_pin_voids_the_shares_of_the_old_one) {
  auto late = on_node(2);
  wrong_pins(late, device_request(), 9);
  attempts(5);
  auto share_before = share();
  run(op::set_pin{"730184"}, "reset");
  BOOST_TEST(box.pin_open());
  box.apply(late.state()); // attempts at the old PIN, from a node that was cut off
  BOOST_TEST(box.pin_open());
  attempts(4);
  BOOST_TEST(box.pin_open());
  BOOST_TEST((share().failures == 4U && share().version > share_before.version));
  attempt();
  BOOST_TEST(!box.pin_open());
  BOOST_TEST(!mailbox_model(box.state(), environment(3)).pin_open());
}

BOOST_AUTO_TEST_CASE(shares_of_several_replicas_add_up) {
  auto other = on_node(2);
  attempts(5);
  wrong_pins(other, device_request(), 5);
  for (const auto& all :
       {std::pair{box.state(), other.state()}, std::pair{other.state(), box.state()}}) {
    auto merged = all.first;
    merge(merged, all.second);
    mailbox_model everywhere{merged, environment(3)};
    *time += pause_ms;
    BOOST_TEST(!everywhere.pin_open()); // ten in all: the pause is not enough
    *time -= pause_ms;
  }
  *time += pause_ms;
  BOOST_TEST(box.pin_open()); // of the other five it has not heard
}

BOOST_AUTO_TEST_CASE(a_pause_on_one_replica_closes_the_others) {
  auto other = on_node(2);
  attempts(5);
  other.apply(box.state());
  BOOST_TEST(!other.pin_open());
  *time += pause_ms;
  BOOST_TEST(other.pin_open());
}

BOOST_AUTO_TEST_CASE(a_replica_writes_its_own_share_only) {
  attempts(3);
  auto other = on_node(2);
  auto what = other.pin_attempt(device_request());
  BOOST_REQUIRE_EQUAL(what.delta.profile.pin_shares.size(), 1U);
  BOOST_TEST(what.delta.profile.pin_shares.begin()->first == 2U);
  BOOST_TEST(what.delta.profile.pin_shares.at(2).failures == 1U);
}

BOOST_AUTO_TEST_CASE(attempts_count_before_there_is_a_pin_and_not_against_the_first_one) {
  model_fixture pinless;
  pinless.run(op::create{"acme", "eu1", {{alias_kind::number, number}}, {}, {}, {}, {}}, "r");
  for (int i = 0; i < 5; ++i)
    pinless.carry_out(pinless.box.pin_attempt(device_request()));
  BOOST_TEST(!pinless.box.pin_open());
  pinless.run(op::set_pin{"482913"}, "first");
  BOOST_TEST(pinless.box.pin_open());
}

BOOST_AUTO_TEST_CASE(a_new_pin_is_stored_as_its_hash_and_judged_first) {
  auto done = run(op::set_pin{"730184"}, "r1");
  BOOST_TEST((done.what == cause::pin_set && done.shrinks && done.notifications.empty()));
  BOOST_TEST(box.state().profile.pin.value == "hash of 730184");
  BOOST_TEST(reason(decide(op::set_pin{"12345"}, "r2")) == "pin_too_short");
  BOOST_TEST(reason(decide(op::set_pin{"123456"}, "r2")) == "pin_trivial");
  BOOST_TEST(reason(decide(op::set_pin{"550183"}, "r2")) == "pin_own_number");
  BOOST_TEST(box.state().profile.pin.value == "hash of 730184");
}

BOOST_AUTO_TEST_SUITE_END()
