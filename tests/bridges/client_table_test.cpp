// The table of an endpoint's clients: bounded, fair between tenants, and never at the cost of a
// request under way. And the meters that count what clients hold.
#include "bridges/client_table.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace restante {

namespace {

struct a_table {
  std::atomic<uint64_t> sessions{1};
  client_table table{sessions, {10, 4}};

  client_entry* meet(const std::string& routing_id, const std::string& user_id) {
    return table.meet(routing_id, user_id, nullptr, 100);
  }
  uint64_t session_of(const std::string& routing_id, const std::string& user_id) {
    auto* who = meet(routing_id, user_id);
    BOOST_REQUIRE(who != nullptr);
    return who->session;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(client_table_test, a_table)

BOOST_AUTO_TEST_CASE(a_connection_keeps_its_session) {
  auto first = session_of("c1", "acme/k");
  BOOST_TEST(session_of("c2", "acme/k") != first);
  BOOST_TEST(session_of("c1", "acme/k") == first);
}

BOOST_AUTO_TEST_CASE(a_routing_id_that_another_key_takes_over_is_another_session) {
  auto first = session_of("c1", "acme/k");
  auto second = session_of("c1", "rival/k");
  BOOST_TEST(second != first);
  BOOST_TEST(!table.find(first));
  table.forget(first); // late news of the first do not touch the second
  BOOST_TEST(table.find(second));
}

BOOST_AUTO_TEST_CASE(a_tenant_that_fills_its_share_loses_the_client_that_was_silent_longest) {
  std::vector<uint64_t> made;
  for (int i = 0; i < 4; ++i)
    made.push_back(session_of("c" + std::to_string(i), "acme/k"));
  (void)meet("c0", "acme/k"); // speaks again
  session_of("c4", "acme/k");
  BOOST_TEST(table.find(made[0]));
  BOOST_TEST(!table.find(made[1]));
  BOOST_TEST(table.find(made[2]));
  BOOST_TEST(table.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_full_table_takes_room_from_the_tenant_that_has_most) {
  auto lonely = session_of("r0", "rival/k"); // silent longest of all
  for (const auto* tenant : {"acme/k", "other/k"})
    for (int i = 0; i < 4; ++i)
      session_of(tenant + std::to_string(i), tenant);
  session_of("third0", "third/k");
  BOOST_TEST(table.size() == 10u);
  session_of("third1", "third/k");
  BOOST_TEST(table.size() == 10u);
  BOOST_TEST(table.find(lonely));
}

BOOST_AUTO_TEST_CASE(a_client_with_a_request_under_way_is_never_pushed_out) {
  auto busy = session_of("busy", "acme/k");
  auto under_way = table.find(busy)->present;
  for (int i = 0; i < 20; ++i)
    session_of("c" + std::to_string(i), "acme/k");
  BOOST_TEST(table.find(busy));
  under_way.reset();
  for (int i = 20; i < 30; ++i)
    session_of("c" + std::to_string(i), "acme/k");
  BOOST_TEST(!table.find(busy));
}

BOOST_AUTO_TEST_CASE(a_tenant_whose_clients_all_have_requests_under_way_gets_no_more) {
  std::vector<std::shared_ptr<const char>> under_way;
  for (int i = 0; i < 4; ++i)
    under_way.push_back(meet("c" + std::to_string(i), "acme/k")->present);
  BOOST_TEST(meet("c4", "acme/k") == nullptr);
  BOOST_TEST(meet("r0", "rival/k") != nullptr);
  under_way.pop_back();
  BOOST_TEST(meet("c4", "acme/k") != nullptr);
}

BOOST_AUTO_TEST_CASE(what_is_held_counts_at_every_level_until_the_lease_ends) {
  budget bytes{100, 60};
  {
    lease one{bytes.of("acme"), 50};
    lease moved{std::move(one)};
    BOOST_TEST(bytes.held() == 50u);
    BOOST_TEST(bytes.of("acme")->fits(10));
    BOOST_TEST(!bytes.of("acme")->fits(11)); // its own share
    lease other{bytes.of("rival"), 45};
    BOOST_TEST(!bytes.of("acme")->fits(6)); // everybody's
    BOOST_TEST(bytes.of("acme")->fits(6, 2));
    moved = lease{bytes.of("acme"), 20}; // gives back what it held
    BOOST_TEST(bytes.held() == 65u);
  }
  BOOST_TEST(bytes.held() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
