#include "actors/pin_hash.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <stdexcept>

using namespace restante;

namespace {

constexpr hash_cost cheap{1, 8192};

/// Every test here draws random bytes.
struct prepared {
  prepared() { init_crypto(); }
};

secret_key pepper(uint8_t fill) {
  std::array<uint8_t, 32> bytes{};
  bytes.fill(fill);
  return secret_key{bytes};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(pin_hash, prepared)

BOOST_AUTO_TEST_CASE(the_right_pin_is_verified_and_no_other) {
  auto stored = hash_pin("048291", pepper(1), cheap);
  BOOST_CHECK(verify_pin(stored, "048291", pepper(1)));
  for (auto wrong : {"048292", "48291", "0048291", "04829", ""})
    BOOST_CHECK_MESSAGE(!verify_pin(stored, wrong, pepper(1)), wrong);
}

BOOST_AUTO_TEST_CASE(another_pepper_verifies_nothing) {
  auto stored = hash_pin("048291", pepper(1), cheap);
  BOOST_CHECK(!verify_pin(stored, "048291", pepper(2)));
}

BOOST_AUTO_TEST_CASE(one_pin_is_stored_differently_every_time) {
  BOOST_CHECK(hash_pin("048291", pepper(1), cheap) != hash_pin("048291", pepper(1), cheap));
}

BOOST_AUTO_TEST_CASE(the_default_cost_is_at_least_what_owasp_asks_for) {
  auto stored = hash_pin("048291", pepper(1), hash_cost{});
  unsigned memory_kib = 0, passes = 0, lanes = 0;
  BOOST_REQUIRE_EQUAL(
      std::sscanf(stored.c_str(), "$argon2id$v=19$m=%u,t=%u,p=%u$", &memory_kib, &passes, &lanes),
      3);
  BOOST_CHECK_GE(memory_kib, 19U * 1024);
  BOOST_CHECK_GE(passes, 2U);
  BOOST_CHECK_EQUAL(lanes, 1U);
  BOOST_CHECK(verify_pin(stored, "048291", pepper(1)));
}

// Written once by hash_pin("048291", pepper(1), cheap): stores hold such strings.
BOOST_AUTO_TEST_CASE(a_pin_stored_long_ago_is_still_verified) {
  constexpr auto stored = "$argon2id$v=19$m=8,t=1,p=1$KZ+PJTRK8W5RUTe3wrjJpQ$"
                          "nGhEuq1T5XOlg5sTS3QiQnIeM7hIeOaiqxKlbSuEpso";
  BOOST_CHECK(verify_pin(stored, "048291", pepper(1)));
  BOOST_CHECK(!verify_pin(stored, "048292", pepper(1)));
}

BOOST_AUTO_TEST_CASE(a_malformed_stored_string_verifies_nothing) {
  auto stored = hash_pin("048291", pepper(1), cheap);
  for (size_t size = 0; size < stored.size(); ++size)
    BOOST_CHECK_MESSAGE(!verify_pin(stored.substr(0, size), "048291", pepper(1)), size);
  for (const auto& other :
       {stored + "A", stored + std::string(200, 'A'), stored + std::string(1, '\0'),
        "$argon2i$" + stored.substr(10), std::string{"048291"}, std::string(127, '$'),
        std::string{"$argon2id$v=19$m=8,t=,p=1$AAAA$AAAA"},
        std::string{"$argon2id$v=19$m=-8,t=1,p=1$AAAA$AAAA"}})
    BOOST_CHECK_MESSAGE(!verify_pin(other, "048291", pepper(1)), other);
}

BOOST_AUTO_TEST_CASE(a_stored_string_of_ruinous_cost_is_not_computed) {
  auto stored = hash_pin("048291", pepper(1), cheap);
  auto rest = stored.substr(stored.find("$", 16));
  for (auto cost : {"m=4294967295,t=1,p=1", "m=262145,t=1,p=1", "m=8,t=4294967295,p=1",
                    "m=8,t=17,p=1", "m=8,t=1,p=255", "m=99999999999999999999,t=1,p=1"})
    BOOST_CHECK_MESSAGE(!verify_pin("$argon2id$v=19$" + (cost + rest), "048291", pepper(1)), cost);
}

BOOST_AUTO_TEST_CASE(a_cost_out_of_bounds_is_a_mistake_of_the_caller) {
  for (auto cost : {hash_cost{0, 8192}, hash_cost{1, 8191}, hash_cost{17, 8192},
                    hash_cost{1, hash_cost_max.memory_bytes + 1}})
    BOOST_CHECK_THROW((void)hash_pin("048291", pepper(1), cost), std::invalid_argument);
  auto dearest = hash_pin("048291", pepper(1), {hash_cost_max.operations, 8192});
  BOOST_CHECK(verify_pin(dearest, "048291", pepper(1)));
}

BOOST_AUTO_TEST_CASE(the_dummy_costs_the_same_and_matches_nothing) {
  auto dummy = dummy_hash(pepper(1), cheap), stored = hash_pin("048291", pepper(1), cheap);
  auto head = stored.substr(0, stored.find("p=1$"));
  BOOST_CHECK_EQUAL(dummy.substr(0, head.size()), head);
  BOOST_CHECK_EQUAL(dummy.size(), stored.size());
  for (auto pin : {"048291", "000000", "123456", ""})
    BOOST_CHECK(!verify_pin(dummy, pin, pepper(1)));
  BOOST_CHECK(dummy != dummy_hash(pepper(1), cheap));
}

BOOST_AUTO_TEST_SUITE_END()
