#include "schemas/hlc.hpp"
#include "schemas/limits.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <latch>
#include <thread>
#include <vector>

using namespace restante;

namespace {

constexpr wall_ms start = 1'800'000'000'000;
constexpr wall_ms offset = std::chrono::milliseconds{limits::clock_offset_max}.count();

stamp at(wall_ms ms, uint64_t counter = 0, uint64_t incarnation = 9) {
  return {static_cast<uint64_t>(ms) << 16 | counter, incarnation};
}

struct clock_fixture {
  wall_ms wall = start;
  hybrid_clock clock{7, 0, [this] { return wall; }};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(hybrid_logical_clock, clock_fixture)

BOOST_AUTO_TEST_CASE(a_stamp_tells_the_wall_time_and_who_made_it) {
  auto made = clock.next();
  BOOST_TEST(made.milliseconds() == start);
  BOOST_TEST(made.incarnation == 7U);
  BOOST_TEST(!made.unset());
  BOOST_TEST(stamp{}.unset());
  BOOST_TEST(clock.now() == start);
  BOOST_TEST(clock.incarnation() == 7U);
}

BOOST_AUTO_TEST_CASE(stamps_of_one_millisecond_increase) {
  auto last = clock.next();
  for (int i = 0; i < 70'000; ++i) { // more than the counter holds: it runs into the next one
    auto made = clock.next();
    BOOST_REQUIRE((last < made));
    last = made;
  }
  BOOST_TEST(last.milliseconds() == start + 1);
}

BOOST_AUTO_TEST_CASE(stamps_increase_although_the_wall_clock_goes_back) {
  auto before = clock.next();
  wall = start - 3'600'000;
  auto after = clock.next();
  BOOST_TEST((before < after));
  BOOST_TEST(after.milliseconds() == start);
  wall = -5; // before 1970
  BOOST_TEST((after < clock.next()));
  wall = start + 1;
  BOOST_TEST(clock.next().hlc == at(start + 1).hlc);
}

BOOST_AUTO_TEST_CASE(a_restarted_clock_goes_on_above_what_was_stored) {
  auto stored = at(start + 5000, 3).hlc;
  hybrid_clock restarted{7, stored, [this] { return wall; }};
  BOOST_TEST(restarted.next().hlc == stored + 1);
  wall = start + 6000;
  BOOST_TEST(restarted.next().hlc == at(start + 6000).hlc);
}

BOOST_AUTO_TEST_CASE(stamps_are_ordered_by_time_then_count_then_incarnation) {
  BOOST_TEST((at(1, 9, 9) < at(2, 0, 1)));
  BOOST_TEST((at(1, 1, 9) < at(1, 2, 1)));
  BOOST_TEST((at(1, 1, 1) < at(1, 1, 2)));
}

BOOST_AUTO_TEST_CASE(stamps_are_above_every_one_observed) {
  BOOST_REQUIRE(clock.observe(at(start + 500, 41)).has_value());
  BOOST_TEST(clock.next().hlc == at(start + 500, 42).hlc);
  BOOST_REQUIRE(clock.observe(at(start - 500)).has_value()); // an old one takes nothing back
  BOOST_TEST(clock.next().hlc == at(start + 500, 43).hlc);
}

BOOST_AUTO_TEST_CASE(a_stamp_too_far_ahead_is_refused_and_changes_nothing) {
  auto refused = clock.observe(at(start + offset + 1));
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == errc::invalid_request));
  BOOST_TEST(refused.error().reason == std::string{"clock_ahead"});
  BOOST_TEST(refused.error().text.find("60 s ahead") != std::string::npos);
  BOOST_TEST(!clock.observe({UINT64_MAX, 9}).has_value());
  BOOST_TEST(clock.next().milliseconds() == start);
  BOOST_TEST(clock.observe(at(start + offset, 0xFFFF)).has_value()); // the last one believed
  BOOST_TEST(clock.next().milliseconds() == start + offset + 1);
}

BOOST_AUTO_TEST_CASE(threads_never_get_the_same_stamp) {
  constexpr size_t threads = 4, each = 100'000;
  std::latch together{threads};
  std::vector<std::vector<uint64_t>> made(threads);
  {
    std::vector<std::jthread> running;
    for (size_t i = 0; i < threads; ++i)
      running.emplace_back([this, &together, &mine = made[i], i] {
        mine.reserve(each);
        together.arrive_and_wait();
        for (size_t n = 0; n < each; ++n) {
          if (i == 0 && n % 64 == 0)
            (void)clock.observe(at(start + static_cast<wall_ms>(n / 64)));
          mine.push_back(clock.next().hlc);
        }
      });
  }
  std::vector<uint64_t> all;
  for (const auto& mine : made) {
    BOOST_TEST(
        (std::adjacent_find(mine.begin(), mine.end(), std::greater_equal<>{}) == mine.end()));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  BOOST_TEST((std::adjacent_find(all.begin(), all.end()) == all.end()));
  BOOST_TEST(all.size() == threads * each);
}

BOOST_AUTO_TEST_SUITE_END()
