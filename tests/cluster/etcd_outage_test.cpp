// What a node believes while etcd is away, hangs, or has forgotten everything.
#include "tests/cluster/etcd_fixture.hpp"

namespace restante::etcd_tests {

BOOST_FIXTURE_TEST_SUITE(etcd_outage, etcd_fixture)

BOOST_AUTO_TEST_CASE(without_etcd_a_node_is_alone_and_says_so_until_etcd_answers) {
  auto one = node(1);
  auto two = node(2);
  const membership alone{"paris-2", {sample_member(2)}};
  BOOST_TEST((*two->first() == alone));
  one->start();
  two->start();
  one.expect("paris-1");
  one.expect_logged("\"what\":\"etcd_unreachable\"");
  BOOST_TEST(!one->connected());
  BOOST_TEST(!one->registered());
  BOOST_TEST(two.times_told() == 0U);
  etcd.start();
  one.expect("paris-1 paris-2");
  two.expect("paris-1 paris-2");
  BOOST_TEST(one->connected());
  one.expect_each_outage_logged_once();
}

BOOST_AUTO_TEST_CASE(nobody_is_lost_when_etcd_is_killed_and_comes_back) {
  etcd.start();
  auto one = node(1);
  auto two = node(2);
  one->start();
  two->start();
  one.expect("paris-1 paris-2");
  two.expect("paris-1 paris-2");
  const auto told = one.times_told();
  etcd.kill();
  // For longer than the lease.
  BOOST_TEST(becomes([&] { return !one->connected() && one->age() > grace + 1s; }));
  BOOST_TEST(one.members() == "paris-1 paris-2");
  etcd.start();
  BOOST_TEST(becomes([&] { return one->connected() && two->connected(); }));
  BOOST_TEST((one->age() < grace));
  two->set_draining(true); // the watch goes on
  one.expect("paris-1 paris-2(draining)");
  BOOST_TEST(one.times_told() == told + 1);
  BOOST_TEST(one.logged("\"alive\":\"false\"") == 0U);
  one.expect_each_outage_logged_once();
}

BOOST_AUTO_TEST_CASE(all_register_again_when_etcd_has_lost_its_data_and_only_who_does_not_is_gone) {
  etcd.start();
  auto one = node(1);
  auto two = node(2);
  auto three = node(3);
  for (auto* each : {&one, &two, &three})
    (*each)->start();
  for (auto* each : {&one, &two, &three})
    each->expect("paris-1 paris-2 paris-3");
  etcd.kill();
  BOOST_REQUIRE(becomes([&] { return !one->connected() && !two->connected(); }));
  three->stop();
  etcd.lose_data();
  etcd.start();
  one.expect_logged("\"what\":\"registration_lost\"");
  two.expect_logged("\"what\":\"registration_lost\"");
  BOOST_TEST(becomes([&] { return one->registered() && two->registered(); }));
  one.expect("paris-1 paris-2 paris-3(gone)");
  two.expect("paris-1 paris-2 paris-3(gone)");
  BOOST_TEST(one.logged("\"alive\":\"false\"") == 1U);
  BOOST_TEST(two.logged("\"alive\":\"false\"") == 1U);
  etcd_gateway gateway{{etcd.endpoint()}, 2s};
  const auto there = etcd_read(gateway, prefix + "members/", prefix + "lanes/1");
  BOOST_REQUIRE(there.has_value());
  BOOST_TEST(there->entries.size() == 2U);
  BOOST_TEST(there->entry.has_value());
}

BOOST_AUTO_TEST_CASE(a_frozen_etcd_changes_nothing_and_does_not_hold_up_the_stop) {
  etcd.start();
  auto one = node(1);
  auto two = node(2);
  auto three = node(3);
  for (auto* each : {&one, &two, &three})
    (*each)->start();
  for (auto* each : {&one, &two, &three})
    each->expect("paris-1 paris-2 paris-3");
  etcd.freeze();
  // For longer than the leases, all of which are over when it goes on.
  BOOST_TEST(becomes([&] { return !one->connected() && one->age() > grace + 1s; }));
  BOOST_TEST(one.members() == "paris-1 paris-2 paris-3");
  one.expect_logged("\"what\":\"etcd_unreachable\"");
  const auto begin = std::chrono::steady_clock::now();
  one->stop();
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 1s));
  etcd.thaw();
  BOOST_TEST(becomes([&] { return two->connected() && three->connected(); }));
  two.expect("paris-1(gone) paris-2 paris-3");
  three.expect("paris-1(gone) paris-2 paris-3");
  BOOST_TEST(two.logged("\"alive\":\"false\"") == 1U);
  BOOST_TEST(three.logged("\"alive\":\"false\"") == 1U);
}

BOOST_AUTO_TEST_CASE(the_stop_is_prompt_in_the_middle_of_a_call) {
  etcd.start();
  grace = std::chrono::seconds{3600}; // a call may take two seconds
  auto one = node(1);
  etcd.freeze();
  one->start();
  BOOST_TEST(!becomes([&] { return one->connected(); }, 500ms)); // it waits for an answer
  const auto begin = std::chrono::steady_clock::now();
  one->stop();
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 1s));
  BOOST_TEST(one.times_told() == 0U);
}

BOOST_AUTO_TEST_CASE(a_full_etcd_is_read_and_what_it_refuses_is_said_once) {
  etcd_process full{"--quota-backend-bytes=2000000"};
  full.start();
  etcd_gateway gateway{{full.endpoint()}, 10s};
  const auto put = [&](const etcd_entry& what) { return etcd_put(gateway, std::array{what}, 0); };
  BOOST_REQUIRE(put(member_entry(prefix, sample_member(2))).value_or(false));
  for (int i = 0; put({"/" + std::to_string(i), std::string(500'000, 'x')}); ++i)
    BOOST_REQUIRE(i < 10);
  etcd_node one{sample_member(1), {full.endpoint()}, grace};
  one->start();
  one.expect("paris-1 paris-2");
  one.expect_logged("\"what\":\"not_registered\",\"why\":\"HTTP status 429, ");
  BOOST_TEST(!becomes([&] { return one.logged("not_registered") > 1; }, grace));
  BOOST_TEST(one->connected());
  BOOST_TEST(one.logged("etcd_unreachable") == 0U);
}

BOOST_AUTO_TEST_CASE(endpoints_are_tried_in_turn) {
  etcd.start();
  const auto silent_port = free_port();
  const held_port silent{silent_port};
  BOOST_REQUIRE(silent);
  const std::vector all{web_address(free_port()), web_address(silent_port), etcd.endpoint()};
  etcd_node one{sample_member(1), all, grace};
  auto two = node(2);
  one->start();
  two->start();
  one.expect("paris-1 paris-2");
  BOOST_TEST(becomes([&] { return one->registered(); }));
  two->set_draining(true);
  one.expect("paris-1 paris-2(draining)");
}

BOOST_AUTO_TEST_CASE(of_two_etcds_the_one_that_is_left_is_used_when_the_other_dies) {
  // Two of one cluster would hold the same; these two each get a registration of everyone.
  etcd_process second;
  etcd.start();
  second.start();
  const std::vector both{etcd.endpoint(), second.endpoint()};
  etcd_node one{sample_member(1), both, grace};
  etcd_node two{sample_member(2), both, grace};
  one->start();
  two->start();
  one.expect("paris-1 paris-2");
  two.expect("paris-1 paris-2");
  etcd.freeze();
  one.expect_logged("\"what\":\"registration_lost\"");
  two.expect_logged("\"what\":\"registration_lost\"");
  BOOST_TEST(becomes([&] { return one->registered() && two->registered(); }));
  two->set_draining(true);
  one.expect("paris-1 paris-2(draining)");
  BOOST_TEST(one.logged("\"alive\":\"false\"") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::etcd_tests
