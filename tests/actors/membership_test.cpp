#include "actors/membership.hpp"

#include <boost/test/unit_test.hpp>

using namespace restante;

BOOST_AUTO_TEST_SUITE(memberships)

BOOST_AUTO_TEST_CASE(a_member_is_found_by_its_whole_name) {
  const membership three{"b", {{"a", "eu1"}, {"ab", "us1"}, {"b", "eu1"}}};
  BOOST_TEST(three.find("ab") == &three.members[1]);
  BOOST_TEST(three.find(three.self) == &three.members[2]);
  for (const auto* name : {"", "c", "abc", "B"})
    BOOST_TEST(three.find(name) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
