// The failures that tests of higher layers ask a memory_store for. What it shares with every store
// is in kv_store_test.cpp.
#include "storage/memory_store.hpp"

#include <boost/test/unit_test.hpp>

using namespace restante;

BOOST_AUTO_TEST_SUITE(memory_store_failures)

BOOST_AUTO_TEST_CASE(a_storage_failure_on_demand_stops_commits_until_reopened) {
  for (bool stored : {false, true}) {
    memory_store store;
    const failure broken{errc::storage_failure, "write_failed", "as asked"};
    store.fail_next(broken, stored);
    const std::vector<row> rows{row::put(family::meta, "a", "1")};
    BOOST_TEST((store.commit(rows).error() == broken));
    BOOST_TEST(store.get(family::meta, "a").value().has_value() == stored);
    BOOST_TEST(store.commit(rows).error().reason == std::string_view{"stopped"});
    store.reopen();
    BOOST_TEST(store.commit(rows).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_on_demand_stores_nothing_and_happens_once) {
  memory_store store;
  const failure full{errc::storage_full, "disk_reserve", "as asked"};
  store.fail_next(full, true);
  const std::vector<row> rows{row::put(family::meta, "a", "1")};
  BOOST_TEST(store.commit(std::span<const row>{}).has_value());
  BOOST_TEST((store.commit(rows).error() == full));
  BOOST_TEST(!store.get(family::meta, "a").value());
  BOOST_TEST(store.commit(rows).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
