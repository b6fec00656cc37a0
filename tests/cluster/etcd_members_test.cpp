// What of etcd's values is believed: pure, without etcd.
#include "cluster/etcd_members.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace restante {

namespace {

const std::string prefix = "/restante/";

member sample(uint32_t lane) {
  return {.name = "paris-" + std::to_string(lane),
          .region = "eu1",
          .address = "tcp://10.0.0.1:" + std::to_string(5610 + lane),
          .public_key = std::string(32, static_cast<char>('0' + lane)),
          .lane = lane};
}

etcd_entry entry_of(const member& who, uint64_t created = 1) {
  auto entry = member_entry(prefix, who);
  entry.created = created;
  return entry;
}

/// Why an entry of paris-2 with this value is refused; empty when it is believed.
std::string why_refused(const std::string& value) {
  const auto seen = read_members({{prefix + "members/paris-2", value}}, prefix, sample(1));
  BOOST_REQUIRE_EQUAL(seen.members.size() + seen.refused.size(), 1U);
  return seen.refused.empty() ? "" : seen.refused.begin()->second;
}

std::string with(std::string value, const std::string& from, const std::string& to) {
  const auto at = value.find(from);
  BOOST_REQUIRE(at != value.npos);
  return value.replace(at, from.size(), to);
}

} // namespace

BOOST_AUTO_TEST_SUITE(etcd_members)

BOOST_AUTO_TEST_CASE(what_a_member_writes_is_read_as_it_was) {
  auto who = sample(15);
  who.draining = true;
  const auto seen = read_members({entry_of(who)}, prefix, sample(1));
  BOOST_REQUIRE_EQUAL(seen.members.size(), 1U);
  BOOST_TEST((seen.members[0] == who));
  BOOST_TEST((key_in(member_entry(prefix, who).value) == who.public_key));
  BOOST_TEST((key_in(lane_entry(prefix, who).value) == who.public_key));
  BOOST_TEST(lane_entry(prefix, who).key == "/restante/lanes/15");
}

BOOST_AUTO_TEST_CASE(a_value_that_is_not_well_formed_is_refused_with_what_was_expected) {
  const auto good = member_entry(prefix, sample(2)).value;
  BOOST_TEST(why_refused(good) == "");
  BOOST_TEST(why_refused(with(good, "{", "{\"later\":[1],")) == ""); // of a later version
  for (const auto* none :
       {"", "x", "[]", "1", "null", "\"eu1\"", "{}", "{\"region\":\"eu1\"", "\xFF"})
    BOOST_TEST(why_refused(none).starts_with("it has no region"), none);
  BOOST_TEST(why_refused(with(good, "\"eu1\"", "\"EU1\"")).starts_with("it has no region"));
  BOOST_TEST(why_refused(with(good, "\"eu1\"", "7")).starts_with("it has no region"));
  for (const auto* address : {"", "tcp://*:5610", "tcp://0.0.0.0:5610", "tcp://paris:5610",
                              "ipc:///x", "tcp://10.0.0.1:0", "tcp://10.0.0.1:70000"})
    BOOST_TEST(
        why_refused(with(good, "tcp://10.0.0.1:5612", address)).starts_with("it has no addr"),
        address);
  BOOST_TEST(why_refused(with(good, "3232", "32")).starts_with("it has no public_key"));
  BOOST_TEST(why_refused(with(good, "3232", "xyxy")).starts_with("it has no public_key"));
  for (const auto* lane : {"16", "-1", "2.0", "\"2\"", "99999999999999999999", "null"})
    BOOST_TEST(why_refused(with(good, "\"lane\":2", "\"lane\":" + std::string{lane}))
                   .starts_with("it has no lane"),
               lane);
  BOOST_TEST(why_refused(with(good, "\"draining\":false", "\"draining\":0")) ==
             "it does not say whether it is draining");
  BOOST_TEST(why_refused(with(good, "{", "{" + std::string(5000, ' '))) ==
             "it is larger than 4096 bytes");
}

BOOST_AUTO_TEST_CASE(of_two_that_share_what_they_may_not_the_older_is_believed) {
  const std::pair<const char*, void (*)(member&)> cases[] = {
      {"it has the key of paris-2", [](member& m) { m.public_key = sample(2).public_key; }},
      {"it has the lane of paris-2", [](member& m) { m.lane = 2; }},
      {"it has the address of paris-2", [](member& m) { m.address = sample(2).address; }},
      {"it has the key of paris-1", [](member& m) { m.public_key = sample(1).public_key; }},
      {"it has the lane of paris-1", [](member& m) { m.lane = 1; }},
      {"it has the address of paris-1", [](member& m) { m.address = sample(1).address; }}};
  for (const auto& [why, change] : cases) {
    auto other = sample(3);
    change(other);
    other.name = "a-first-in-order";
    const auto seen = read_members({entry_of(other, 9), entry_of(sample(2), 8)}, prefix, sample(1));
    BOOST_REQUIRE_EQUAL(seen.members.size(), 1U);
    BOOST_TEST(seen.members[0].name == "paris-2");
    BOOST_REQUIRE_EQUAL(seen.refused.size(), 1U);
    BOOST_TEST(seen.refused.begin()->second == why);
  }
}

BOOST_AUTO_TEST_CASE(an_entry_of_the_own_name_says_nothing_about_oneself) {
  auto other = sample(1);
  other.public_key.assign(32, 'x');
  other.lane = 9;
  const auto seen = read_members({entry_of(other)}, prefix, sample(1));
  BOOST_TEST(seen.members.empty());
  BOOST_TEST(seen.refused.empty());
}

BOOST_AUTO_TEST_CASE(who_is_absent_stays_and_is_gone_once_that_is_believed) {
  const auto known = joined({}, sample(1), {sample(3), sample(2)}, true);
  BOOST_TEST((known == membership{"paris-1", {sample(1), sample(2), sample(3)}}));
  BOOST_TEST((joined(known, sample(1), {sample(2)}, false) == known));
  const auto after = joined(known, sample(1), {sample(2)}, true);
  auto gone = sample(3);
  gone.alive = false;
  BOOST_TEST((after == membership{"paris-1", {sample(1), sample(2), gone}}));
  BOOST_TEST((joined(after, sample(1), {sample(2)}, false) == after)); // and stays gone
  BOOST_TEST((joined(after, sample(1), {sample(2), sample(3)}, true) == known));
}

BOOST_AUTO_TEST_CASE(whoever_comes_in_the_place_of_one_that_is_absent_replaces_it) {
  const auto known = joined({}, sample(1), {sample(2)}, true);
  for (void (*change)(member&) :
       {+[](member& m) { m.public_key = sample(2).public_key; }, +[](member& m) { m.lane = 2; },
        +[](member& m) { m.address = sample(2).address; },
        +[](member& m) { m.name = "paris-2"; }}) {
    auto other = sample(3);
    change(other);
    const auto now = joined(known, sample(1), {other}, true);
    BOOST_TEST(now.members.size() == 2U);
    BOOST_TEST((now.find(other.name) && *now.find(other.name) == other));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
