// Tenants that are changed while nodes cannot reach each other. Without sockets, in virtual time.
#include "tests/support/three_nodes.hpp"

namespace restante {

namespace {

struct apart : three_nodes {
  apart() {
    fresh = *(*this)["paris"].rival;
    fresh.name = "fresh";
    fresh.public_key = std::string(32, 'f');
    BOOST_TEST(ask_operator("paris", ask::tenant_add{fresh}) == "accepted");
    cut("boston", "paris");
    cut("boston", "lyon");
  }
  std::string ask_operator(const std::string& at, operation what) {
    auto& node = (*this)[at];
    auto done = node.ask(directory_actor{node.forwarder()},
                         node.request_of(std::move(what), std::to_string(++asked), node.admin));
    settle();
    return done.reason();
  }
  void meet_again() {
    heal("boston", "paris");
    heal("boston", "lyon");
    pass(2s);
  }

  tenant_record fresh;
  int asked = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tenants_apart, apart)

BOOST_AUTO_TEST_CASE(who_was_revoked_on_one_side_is_revoked_on_both) {
  for (const std::string at : {"paris", "boston"}) {
    BOOST_TEST(ask_operator(at, ask::tenant_revoke{"fresh"}) == "accepted");
    meet_again();
    for (const auto& [name, node] : nodes)
      BOOST_TEST(node->tenants->find("fresh")->revoked, name << ", revoked at " << at);
    BOOST_TEST(ask_operator(at, ask::tenant_add{fresh}) == "accepted");
    for (const auto& [name, node] : nodes)
      BOOST_TEST(!node->tenants->find("fresh")->revoked, name << ", back at " << at);
    cut("boston", "paris");
    cut("boston", "lyon");
  }
}

BOOST_AUTO_TEST_CASE(a_key_that_was_replaced_is_no_key_any_more_on_the_other_side) {
  BOOST_TEST(ask_operator("paris", ask::tenant_revoke{"fresh"}) == "accepted");
  auto again = fresh;
  again.public_key = std::string(32, 'n');
  BOOST_TEST(ask_operator("paris", ask::tenant_add{again}) == "accepted");
  meet_again();
  for (const auto& [name, node] : nodes) {
    BOOST_TEST(!node->tenants->find_by_key(fresh.public_key), name);
    BOOST_TEST(bool{node->tenants->find_by_key(again.public_key)}, name);
  }
}

// At no moment: a client that knocks just then must not be let in.
BOOST_AUTO_TEST_CASE(telling_it_again_lets_nobody_in) {
  BOOST_TEST(ask_operator("paris", ask::tenant_revoke{"fresh"}) == "accepted");
  meet_again();
  cut("boston", "paris");
  bool let_in = false;
  loses = [&](const std::string&, peer_outbound&) {
    for (const auto& [name, node] : nodes)
      let_in = let_in || bool{node->tenants->find_by_key(fresh.public_key)};
    return false;
  };
  heal("boston", "paris");
  pass(1s);
  BOOST_TEST(!let_in);
}

BOOST_AUTO_TEST_CASE(both_sides_changed_it_and_agree) {
  BOOST_TEST(ask_operator("paris", ask::tenant_revoke{"fresh"}) == "accepted");
  BOOST_TEST(ask_operator("boston", ask::tenant_revoke{"fresh"}) == "accepted");
  auto again = fresh;
  again.public_key = std::string(32, 'n');
  BOOST_TEST(ask_operator("boston", ask::tenant_add{again}) == "accepted");
  meet_again();
  for (const auto& [name, node] : nodes)
    BOOST_TEST((node->tenants->find("fresh")->public_key == again.public_key), name);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
