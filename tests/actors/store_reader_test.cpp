// The readers: what the operator hears of damage they come upon.
#include "actors/store_reader.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/held_store.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace restante {

BOOST_FIXTURE_TEST_SUITE(store_reader_test, actor_fixture)

BOOST_AUTO_TEST_CASE(damage_is_told_once_whichever_readers_come_upon_it) {
  temp_dir home;
  auto store = std::make_shared<watched_store>();
  store->unreadable = true;
  auto teller = std::make_shared<damage_teller>(logger{home.path() / "log", "error"});
  for (int i = 0; i < 2; ++i) {
    auto reader = keep(spawn_store_reader(sys, store, false, teller));
    auto got = ask(reader, get_request{{{family::meta, "x"}}});
    run();
    const auto& values = got.only<get_reply>().values;
    BOOST_REQUIRE(!values);
    BOOST_TEST(values.error().text.find("for the test") == std::string::npos);
  }
  std::ifstream in{home.path() / "log"};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  BOOST_REQUIRE_EQUAL(lines.size(), 1u);
  BOOST_TEST(lines[0].find("for the test") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
