#include "tests/cluster/etcd_fixture.hpp"

#include <nlohmann/json.hpp>

namespace restante::etcd_tests {

namespace {

struct running_etcd : etcd_fixture {
  running_etcd() { etcd.start(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(etcd_membership, running_etcd)

BOOST_AUTO_TEST_CASE(two_members_find_each_other_as_they_are) {
  auto one = node(1);
  auto two = node(2);
  one->start();
  two->start();
  one.expect("paris-1 paris-2");
  two.expect("paris-1 paris-2");
  BOOST_TEST((*one.now() == membership{"paris-1", {sample_member(1), sample_member(2)}}));
  BOOST_TEST((*two.now() == membership{"paris-2", {sample_member(1), sample_member(2)}}));
  BOOST_TEST(becomes([&] { return one->registered() && two->registered(); }));
  BOOST_TEST(one->connected());
}

BOOST_AUTO_TEST_CASE(who_asks_before_the_start_sees_who_is_there_and_is_not_seen) {
  auto one = node(1);
  one->start();
  BOOST_REQUIRE(becomes([&] { return one->registered(); }));
  auto two = node(2);
  const membership both{"paris-2", {sample_member(1), sample_member(2)}};
  BOOST_TEST((*two->first() == both));
  BOOST_TEST(!two->registered());
  two->start();
  one.expect("paris-1 paris-2");
  BOOST_TEST(two.times_told() == 0U); // it knows
}

BOOST_AUTO_TEST_CASE(events_come_by_the_watch_long_before_the_next_beat) {
  grace = std::chrono::seconds{3600}; // a beat every 5 seconds
  auto one = node(1);
  auto two = node(2);
  one->start();
  two->start();
  one.expect("paris-1 paris-2");
  two.expect("paris-1 paris-2");
  const auto begin = std::chrono::steady_clock::now();
  for (int turns = 0; turns < 5; ++turns) {
    two->set_draining(true);
    one.expect("paris-1 paris-2(draining)");
    two.expect("paris-1 paris-2(draining)");
    two->set_draining(false);
    one.expect("paris-1 paris-2");
  }
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 15s));
}

BOOST_AUTO_TEST_CASE(a_member_that_stops_is_kept_and_not_alive_until_it_is_back) {
  auto one = node(1);
  auto two = std::make_unique<etcd_node>(sample_member(2), std::vector{etcd.endpoint()}, grace);
  one->start();
  (*two)->start();
  one.expect("paris-1 paris-2");
  two.reset();
  one.expect("paris-1 paris-2(gone)");
  auto again = node(2);
  again->start();
  one.expect("paris-1 paris-2");
}

BOOST_AUTO_TEST_CASE(a_member_that_restarts_within_its_lease_is_not_missed) {
  grace = std::chrono::seconds{60};
  auto one = node(1);
  one->start();
  {
    auto two = node(2);
    two->start();
    one.expect("paris-1 paris-2");
  }
  auto again = node(2);
  again->start();
  BOOST_TEST(becomes([&] { return again->registered(); }));
  again->set_draining(true);
  one.expect("paris-1 paris-2(draining)");
  BOOST_TEST(one.logged("\"alive\":\"false\"") == 0U);
}

BOOST_AUTO_TEST_CASE(a_name_that_comes_back_under_another_key_replaces_the_member) {
  auto one = node(1);
  one->start();
  {
    auto two = node(2);
    two->start();
    one.expect("paris-1 paris-2");
  }
  auto other = sample_member(2);
  other.public_key.assign(32, 'x');
  auto again = node(other); // refused as long as the lease lives
  again->start();
  BOOST_TEST(becomes([&] {
    const auto* seen = one.now()->find("paris-2");
    return seen && *seen == other;
  }));
  BOOST_TEST(one.now()->members.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_new_name_on_the_lane_of_one_that_is_gone_replaces_it) {
  auto one = node(1);
  one->start();
  {
    auto two = node(2);
    two->start();
    one.expect("paris-1 paris-2");
  }
  one.expect("paris-1 paris-2(gone)");
  auto other = sample_member(3);
  other.lane = 2;
  auto three = node(other);
  three->start();
  one.expect("paris-1 paris-3");
  one.expect_logged("\"what\":\"member_replaced\",\"name\":\"paris-2\"");
}

BOOST_AUTO_TEST_CASE(a_name_of_another_key_is_refused_and_told_until_it_is_free) {
  auto one = std::make_unique<etcd_node>(sample_member(1), std::vector{etcd.endpoint()}, grace);
  (*one)->start();
  BOOST_REQUIRE(becomes([&] { return (*one)->registered(); }));
  auto thief = sample_member(2);
  thief.name = "paris-1";
  auto two = node(thief);
  two->start();
  two.expect_logged("\"what\":\"not_registered\",\"why\":\"/restante/members/paris-1 is held by ");
  two.expect("paris-1");
  BOOST_TEST(!two->registered());
  BOOST_TEST(one->members() == "paris-1");
  one.reset();
  BOOST_TEST(becomes([&] { return two->registered(); }));
  BOOST_TEST(two.logged("not_registered") == 1U); // not at each attempt
}

BOOST_AUTO_TEST_CASE(a_lane_of_another_key_is_refused_and_told) {
  auto one = node(1);
  one->start();
  BOOST_REQUIRE(becomes([&] { return one->registered(); }));
  auto thief = sample_member(2);
  thief.lane = 1;
  auto two = node(thief);
  two->start();
  two.expect_logged("\"what\":\"not_registered\",\"why\":\"/restante/lanes/1 is held by ");
  BOOST_TEST(!two->registered());
  auto three = node(3); // whom one hears of later than it would have of two
  three->start();
  one.expect("paris-1 paris-3");
  BOOST_TEST(one.times_told() == 2U);
}

BOOST_AUTO_TEST_CASE(garbage_is_passed_over_and_told_by_its_key) {
  auto good = member_entry(prefix, sample_member(2));
  write(prefix + "members/no-json", "{");
  write(prefix + "members/Bad_Name", good.value);
  write(prefix + "members/" + std::string("\x00\xFF\n", 3), good.value);
  write(prefix + "members/large", "{\"x\":\"" + std::string(1'000'000, 'x') + "\"}");
  write(prefix + "members/deep", std::string(1'000'000, '['));
  write(prefix + "unknown", "x");
  auto one = node(1);
  one->start();
  auto two = node(2);
  two->start();
  one.expect("paris-1 paris-2");
  two.expect("paris-1 paris-2");
  for (const auto* key : {"no-json", "Bad_Name", "large", "deep"})
    one.expect_logged("\"what\":\"member_refused\",\"key\":\"/restante/members/" +
                      std::string{key} + "\"");
  BOOST_TEST(one.logged("member_refused") == 5U);
}

BOOST_AUTO_TEST_CASE(of_more_keys_than_a_cluster_can_have_the_first_are_looked_at) {
  etcd_gateway gateway{{etcd.endpoint()}, 10s};
  for (size_t round = 0; round < 11; ++round) { // a transaction takes 128 operations
    std::vector<etcd_entry> all;
    for (size_t i = 0; i < 100; ++i)
      all.push_back({prefix + "members/x" + std::to_string(round * 100 + i), "x"});
    const auto put = etcd_put(gateway, all, 0);
    BOOST_REQUIRE(put.has_value() && *put);
  }
  auto one = node(1);
  one->start();
  auto two = node(2);
  two->start();
  one.expect("paris-1 paris-2");
  one.expect_logged("of more than 1024 keys only the first are looked at");
}

BOOST_AUTO_TEST_CASE(an_own_entry_that_was_overwritten_is_put_back) {
  auto one = node(1);
  auto two = node(2);
  one->start();
  two->start();
  one.expect("paris-1 paris-2");
  write(prefix + "members/paris-2", "garbage");
  two.expect_logged("\"what\":\"registration_lost\"");
  BOOST_TEST(becomes([&] { return two->registered(); }));
  one.expect("paris-1 paris-2");
  BOOST_TEST(two.members() == "paris-1 paris-2");
}

BOOST_AUTO_TEST_CASE(a_registration_outlives_its_lease) {
  grace = std::chrono::seconds{2};
  auto one = node(1);
  auto two = node(2);
  one->start();
  two->start();
  one.expect("paris-1 paris-2");
  BOOST_TEST(!becomes([&] { return one.logged("registration_lost") > 0; }, 3 * grace));
  BOOST_TEST(one.members() == "paris-1 paris-2");
}

BOOST_AUTO_TEST_CASE(a_put_that_saw_an_older_state_puts_nothing) {
  write(prefix + "x", "1");
  etcd_gateway gateway{{etcd.endpoint()}, 2s};
  const std::array both{etcd_entry{prefix + "y", "2"}, etcd_entry{prefix + "x", "2"}};
  const auto put = etcd_put(gateway, both, 0);
  BOOST_TEST((put.has_value() && !*put));
  const auto seen = etcd_read(gateway, prefix, prefix + "x");
  BOOST_REQUIRE(seen.has_value());
  BOOST_TEST(seen->entries.size() == 1U);
  BOOST_TEST((seen->entry && seen->entry->value == "1"));
}

BOOST_AUTO_TEST_CASE(a_watch_of_what_was_compacted_ends) {
  for (int i = 0; i < 5; ++i)
    write(prefix + "members/x", std::to_string(i));
  etcd_gateway gateway{{etcd.endpoint()}, 2s};
  const auto seen = etcd_read(gateway, prefix, prefix);
  BOOST_REQUIRE(seen.has_value());
  const auto revision = std::to_string(seen->revision);
  BOOST_REQUIRE(
      gateway.call("/v3/kv/compaction", nlohmann::json{{"revision", revision}}).has_value());
  etcd_watch(gateway, prefix, 1);
  const auto until = std::chrono::steady_clock::now() + patience;
  gateway.wait(until);
  BOOST_TEST(!gateway.watching());
  BOOST_TEST((std::chrono::steady_clock::now() < until));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::etcd_tests
