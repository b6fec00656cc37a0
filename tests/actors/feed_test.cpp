// The feed: what is pushed to whom, in which order, within which credit, and from where.
#include "actors/feed.hpp"
#include "tests/support/stage.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

using events = std::vector<answer::event>;

struct one_feed : stage {
  /// A client and what it heard.
  struct client {
    std::shared_ptr<events> heard = std::make_shared<events>();
    event_sink_actor sink;
    uint64_t session = 0;

    [[nodiscard]] std::vector<uint64_t> numbers() const {
      std::vector<uint64_t> out;
      for (const auto& one : *heard)
        out.push_back(one.sequence);
      return out;
    }
  };
  using list = std::vector<uint64_t>;

  uint64_t sessions = 0;
  mailbox_id mine = register_device();                    // change 1
  mailbox_id theirs = register_for_rival("+15055550190"); // change 2

  mailbox_id register_for_rival(std::string which) {
    ask::register_device what;
    what.number = std::move(which);
    auto done = ask_directory(what, "rival", rival);
    run();
    return done.as<answer::registered>().profile.mailbox;
  }

  client connect() {
    client out;
    out.sink = spawn(recording_sink, out.heard);
    out.session = ++sessions;
    return out;
  }

  call subscribe(const client& who, const std::string& name, uint32_t credit, uint64_t from = 0,
                 tenant_ptr tenant = nullptr) {
    auto out =
        ask(feed, feed_subscribe{tenant ? tenant : acme, {name, credit, from}, {who.session, 1}},
            who.sink);
    run();
    return out;
  }

  void acknowledge(const std::string& name, uint64_t sequence, tenant_ptr tenant = nullptr) {
    tell(feed, feed_acknowledge{tenant ? tenant : acme, {name, sequence}});
    run();
  }

  /// Makes a change of acme's.
  void happen(const std::string& id) { deposit(mine, id); }

  static void check(const client& who, const list& expected) {
    BOOST_TEST(who.numbers() == expected, boost::test_tools::per_element());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(feed_test, one_feed)

BOOST_AUTO_TEST_CASE(who_serves_fewer_tenants_since_hears_nothing_of_the_others) {
  auto both = *acme;
  both.name = "platform";
  both.is = role::application;
  both.public_key = std::string(32, 'p');
  both.serves = {"acme", "rival"};
  tenants->put(both);
  auto client = connect();
  subscribe(client, "all", 100, 1, tenants->find("platform"));
  const auto heard = client.heard->size();
  BOOST_TEST(heard == 2u);
  auto fewer = both;
  fewer.serves = {"rival"};
  tenants->put(fewer);
  deposit(mine, "for acme");
  run();
  BOOST_TEST(client.heard->size() == heard);
  register_for_rival("+15055550191");
  BOOST_TEST(client.heard->size() == heard + 1);
}

BOOST_AUTO_TEST_CASE(a_new_subscription_hears_what_comes_from_now_on_in_order) {
  auto one = connect();
  BOOST_TEST(subscribe(one, "adapter", 10).as<answer::subscribed>().from == 3u);
  check(one, {});
  for (const auto* id : {"d-1", "d-2", "d-3"})
    happen(id);
  check(one, {3, 4, 5});
  BOOST_TEST((one.heard->front().what == cause::deposited));
  BOOST_TEST(one.heard->front().request_id == "d-1");
  BOOST_TEST(one.heard->front().tenant == "acme");
  BOOST_TEST(one.heard->front().profile == to_string(profile_id{"eu1", mine}));
}

BOOST_AUTO_TEST_CASE(a_subscription_from_the_beginning_hears_all_of_its_own) {
  happen("d-1");
  auto one = connect();
  BOOST_TEST(subscribe(one, "adapter", 10, 1).as<answer::subscribed>().from == 1u);
  check(one, {1, 3}); // 2 is another tenant's
}

BOOST_AUTO_TEST_CASE(a_beginning_in_the_future_is_the_end_of_the_log) {
  auto one = connect();
  BOOST_TEST(subscribe(one, "adapter", 10, 1'000).as<answer::subscribed>().from == 3u);
  happen("d-1");
  check(one, {3});
}

BOOST_AUTO_TEST_CASE(nobody_hears_of_other_tenants) {
  auto us = connect(), them = connect(), helper = connect(), boss = connect();
  subscribe(us, "name", 10, 1);
  subscribe(them, "name", 10, 1, rival);
  subscribe(helper, "name", 10, 1, portal);
  subscribe(boss, "name", 10, 1, admin);
  happen("d-1");
  check(us, {1, 3});
  check(them, {2});
  check(helper, {1, 3});
  check(boss, {1, 2, 3});
  acknowledge("name", 3); // moves acme's position only
  auto again = connect();
  subscribe(again, "name", 10, 0, rival);
  check(again, {2});
}

BOOST_AUTO_TEST_CASE(no_more_than_the_credit_is_unacknowledged) {
  auto one = connect();
  subscribe(one, "adapter", 2);
  for (const auto* id : {"d-1", "d-2", "d-3", "d-4", "d-5"})
    happen(id);
  check(one, {3, 4});
  acknowledge("adapter", 3);
  check(one, {3, 4, 5});
  acknowledge("adapter", 3); // an old one gives nothing
  check(one, {3, 4, 5});
  acknowledge("adapter", 1'000); // no further than what was sent
  check(one, {3, 4, 5, 6, 7});
}

BOOST_AUTO_TEST_CASE(a_name_goes_on_where_it_left_off_also_after_a_restart) {
  auto one = connect();
  subscribe(one, "adapter", 10, 1);
  for (const auto* id : {"d-1", "d-2", "d-3"})
    happen(id);
  check(one, {1, 3, 4, 5});
  acknowledge("adapter", 4);
  restart();
  auto two = connect();
  BOOST_TEST(subscribe(two, "adapter", 10).as<answer::subscribed>().from == 5u);
  check(two, {5});
  happen("d-4");
  check(two, {5, 6});
}

BOOST_AUTO_TEST_CASE(a_position_holds_although_nothing_was_acknowledged_yet) {
  auto one = connect();
  subscribe(one, "adapter", 10); // at 3
  restart();
  happen("d-1");
  auto two = connect();
  BOOST_TEST(subscribe(two, "adapter", 10).as<answer::subscribed>().from == 3u);
  check(two, {3});
}

BOOST_AUTO_TEST_CASE(the_latest_of_many_acknowledgements_is_kept) {
  auto one = connect();
  subscribe(one, "adapter", 10);
  for (const auto* id : {"d-1", "d-2", "d-3", "d-4"})
    happen(id);
  tell(held, hold{});
  for (uint64_t upto : {3, 4, 5})
    acknowledge("adapter", upto);
  tell(held, let_go{});
  run();
  restart();
  auto two = connect();
  subscribe(two, "adapter", 10);
  check(two, {6});
}

BOOST_AUTO_TEST_CASE(what_is_not_acknowledged_in_time_is_sent_again_with_its_number) {
  auto one = connect();
  subscribe(one, "adapter", 10);
  happen("d-1");
  happen("d-2");
  acknowledge("adapter", 3);
  advance(std::chrono::seconds{29});
  check(one, {3, 4});
  advance(std::chrono::seconds{9}); // the look-out is every 7.5 s
  check(one, {3, 4, 4});
  acknowledge("adapter", 4);
  advance(std::chrono::seconds{60});
  check(one, {3, 4, 4});
}

BOOST_AUTO_TEST_CASE(
    the_time_to_acknowledge_begins_with_the_event_not_with_the_last_acknowledgement) {
  auto one = connect();
  subscribe(one, "adapter", 10);
  advance(std::chrono::seconds{100}); // idle
  happen("d-1");
  advance(std::chrono::seconds{29});
  check(one, {3});
  advance(std::chrono::seconds{9});
  check(one, {3, 3});
}

BOOST_AUTO_TEST_CASE(a_newer_session_takes_a_name_over) {
  auto one = connect(), two = connect();
  subscribe(one, "adapter", 10);
  subscribe(two, "adapter", 10);
  happen("d-1");
  check(one, {});
  check(two, {3});
  tell(feed, feed_leave{one.session}); // the older one's end changes nothing
  happen("d-2");
  check(two, {3, 4});
}

BOOST_AUTO_TEST_CASE(who_left_hears_nothing_more) {
  auto one = connect();
  subscribe(one, "adapter", 10);
  subscribe(one, "second", 10);
  tell(feed, feed_leave{one.session});
  happen("d-1");
  check(one, {});
}

BOOST_AUTO_TEST_CASE(who_left_while_subscribing_hears_nothing) {
  auto one = connect();
  auto asked = ask(feed, feed_subscribe{acme, {"adapter", 10, 1}, {one.session, 1}}, one.sink);
  tell(feed, feed_leave{one.session});
  run();
  BOOST_TEST(asked.answers() == 1u);
  happen("d-1");
  check(one, {});
}

BOOST_AUTO_TEST_CASE(a_malformed_subscription_is_refused) {
  auto one = connect();
  for (auto [name, credit] : {std::pair{"", 10u}, {"a", 0u}, {"a", limits::event_credit_max + 1}})
    BOOST_TEST(subscribe(one, name, credit).reason() == "subscription_malformed");
}

BOOST_AUTO_TEST_CASE(subscriptions_are_bounded_for_a_tenant_and_for_all) {
  auto one = connect();
  auto fill = [&](const tenant_ptr& who) {
    for (size_t i = 0; i < limits::tenant_subscriptions_max; ++i)
      BOOST_TEST(subscribe(one, std::to_string(i), 1, 0, who).reason() == "accepted");
  };
  fill(acme);
  BOOST_TEST(subscribe(one, "one more", 1).reason() == "subscriptions_many");
  BOOST_TEST(subscribe(one, "0", 1).reason() == "accepted"); // takes its own place over
  for (size_t i = 1; i < limits::subscriptions_max / limits::tenant_subscriptions_max; ++i)
    fill(model_tests::tenant("mvno" + std::to_string(i), role::mvno));
  BOOST_TEST(subscribe(one, "0", 1, 0, rival).reason() == "subscriptions_many");
}

BOOST_AUTO_TEST_CASE(subscriptions_being_placed_count) {
  auto one = connect();
  std::vector<call> asked;
  for (size_t i = 0; i <= limits::tenant_subscriptions_max; ++i)
    asked.push_back(
        ask(feed, feed_subscribe{acme, {std::to_string(i), 1, 0}, {one.session, i}}, one.sink));
  run();
  BOOST_TEST(asked[asked.size() - 2].reason() == "accepted");
  BOOST_TEST(asked.back().reason() == "subscriptions_many");
}

BOOST_AUTO_TEST_CASE(of_very_many_names_the_one_furthest_behind_is_forgotten) {
  auto positions = [&] {
    return store->rows.scan(family::meta, meta_key("cursor/"), {}, SIZE_MAX).value().size();
  };
  for (size_t i = 0; i < limits::tenant_positions_max; ++i) {
    auto one = connect();
    subscribe(one, "name" + std::to_string(i), 1);
    tell(feed, feed_leave{one.session});
    happen("d-" + std::to_string(i));
  }
  BOOST_TEST(positions() == limits::tenant_positions_max);
  auto one = connect();
  subscribe(one, "the last", 1);
  BOOST_TEST(positions() == limits::tenant_positions_max);
  auto kept = [&](const char* name) {
    return store->rows.get(family::meta, meta_key(std::string{"cursor/acme/"} + name))
        .value()
        .has_value();
  };
  BOOST_TEST(!kept("name0"));
  BOOST_TEST(kept("name1"));
  BOOST_TEST(kept("the last"));
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_to_the_tenants_own_subscribers) {
  auto us = connect(), them = connect();
  subscribe(us, "name", 10);
  subscribe(them, "name", 10, 0, rival);
  answer::event refused;
  refused.what = cause::refused;
  tell(feed, feed_notice{acme, refused});
  run();
  check(us, {0});
  check(them, {});
}

BOOST_AUTO_TEST_CASE(a_long_log_is_caught_up_with_in_order) {
  list expected;
  for (uint64_t i = 0; i < 600; ++i) { // more than two pages
    auto done = ask_node(mine, op::set_preferences{i % 2 ? "fr" : "en", {}, {}}, "p");
    run();
    expected.push_back(3 + i);
  }
  auto one = connect();
  subscribe(one, "adapter", 1'000, 3);
  check(one, expected);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
