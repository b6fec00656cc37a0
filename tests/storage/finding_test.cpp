// The list of what a check or a repair has found: what is kept of it, and what is counted.
#include "storage/finding.hpp"

#include <boost/test/unit_test.hpp>

using namespace restante;

BOOST_AUTO_TEST_SUITE(findings)

BOOST_AUTO_TEST_CASE(many_findings_of_a_kind_are_counted_and_others_still_shown) {
  finding_list list;
  constexpr auto most = finding_list::kept_max;
  for (uint64_t i = 0; i < most + 500; ++i)
    list.add({fate::lost, i % 2 == 0 ? "messages" : "messages, keys behind", "", "", "", 0, 3});
  list.add({fate::rebuilt, "messages", "", "", "", 0});
  list.add({fate::lost, "meta tenant/acme", "", "", "", 0});
  BOOST_TEST(list.size() == most + 2);
  BOOST_TEST(list[most + 1].where == "meta tenant/acme");
  BOOST_TEST(list.all() == most + 502);
  BOOST_TEST(list.all(fate::lost) == most + 501);
  BOOST_TEST(list.all(fate::rebuilt) == 1U);
  BOOST_TEST(list.lost_rows() == 3 * (most + 500) + 1);
  const auto more = list.more();
  BOOST_REQUIRE(more.size() == 1U);
  BOOST_TEST((more[0].becomes == fate::lost && more[0].where == "messages"));
  BOOST_TEST(more[0].findings == 500U);
}

BOOST_AUTO_TEST_SUITE_END()
