#include "actors/numbering_plan.hpp"
#include "tests/support/random_state.hpp"

#include <boost/test/unit_test.hpp>

using namespace restante;

namespace {

std::string region_of(const numbering_plan& plan, std::string_view number) {
  return std::string{plan.region_of(number).value_or("none")};
}

} // namespace

BOOST_AUTO_TEST_SUITE(numbering_plans)

BOOST_AUTO_TEST_CASE(the_longest_prefix_wins_in_any_order) {
  std::vector<std::pair<std::string, std::string>> prefixes{
      {"+3", "a"}, {"+3361", "c"}, {"+33", "b"}, {"+491", "d"}};
  random_source draw{test_seed()};
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed()) {
    for (int round = 0; round < 20; ++round) {
      draw.shuffle(prefixes);
      const numbering_plan plan{prefixes};
      BOOST_TEST(region_of(plan, "+33612345678") == "c");
      BOOST_TEST(region_of(plan, "+33512345678") == "b");
      BOOST_TEST(region_of(plan, "+31512345678") == "a");
      BOOST_TEST(region_of(plan, "+4917012345") == "d");
      BOOST_TEST(region_of(plan, "+3361") == "c");
      BOOST_TEST(region_of(plan, "+336") == "b");
      BOOST_TEST(region_of(plan, "+3") == "a");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_plus_makes_no_difference) {
  const numbering_plan plan{{{"+33", "a"}, {"49", "b"}}};
  for (const std::string plus : {"", "+"}) {
    BOOST_TEST(region_of(plan, plus + "33612345678") == "a");
    BOOST_TEST(region_of(plan, plus + "4917012345") == "b");
  }
}

BOOST_AUTO_TEST_CASE(a_number_without_a_known_prefix_has_no_region) {
  const numbering_plan plan{{{"+33", "a"}, {"+491", "b"}, {"+", "c"}, {"", "c"}}};
  for (const auto* unknown : {"", "+", "+3", "+1505", "+49", "+492", "0033612345678", "++33612"})
    BOOST_TEST(region_of(plan, unknown) == "none", unknown);
  BOOST_TEST(region_of({}, "+33612345678") == "none");
}

BOOST_AUTO_TEST_SUITE_END()
