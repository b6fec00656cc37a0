#include "actors/placement.hpp"
#include "schemas/limits.hpp"
#include "tests/support/random_state.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <numeric>
#include <set>

using namespace restante;

namespace {

constexpr size_t members_max = limits::uid_lanes_max;
constexpr size_t replicas_max = 3;

std::vector<member> random_members(random_source& draw, size_t count, std::string_view region) {
  std::set<std::string> names;
  while (names.size() < count)
    names.insert((draw.one_in(2) ? "paris-" : "n") + std::to_string(draw.below(100'000)));
  std::vector<member> all;
  for (const auto& name : names) {
    member one;
    one.name = name;
    one.region = region;
    all.push_back(one);
  }
  return all;
}

placement placed(std::vector<member> members, size_t replicas) {
  auto who = std::make_shared<membership>();
  who->members = std::move(members);
  return {std::move(who), replicas};
}

std::vector<std::string> names_of(std::span<const member* const> holders) {
  std::vector<std::string> names;
  for (const auto* each : holders)
    names.push_back(each->name);
  return names;
}

std::vector<std::string> holders_of(const placement& in, std::string_view region, size_t at) {
  return names_of(in.holders(region, at));
}

bool holds(const placement& in, size_t partition, std::string_view name) {
  const auto all = in.holders("a", partition);
  return std::any_of(all.begin(), all.end(), [&](const auto* each) { return each->name == name; });
}

bool same(const placement& a, const placement& b, std::string_view region) {
  for (size_t at = 0; at < partition_count; ++at)
    if (holders_of(a, region, at) != holders_of(b, region, at))
      return false;
  return true;
}

/// The share of `after`'s copies that are where `before` had none.
double moved(const placement& before, const placement& after) {
  size_t copies = 0, fresh = 0;
  for (size_t at = 0; at < partition_count; ++at)
    for (const auto* each : after.holders("a", at)) {
      ++copies;
      fresh += holds(before, at, each->name) ? 0 : 1;
    }
  return static_cast<double>(fresh) / static_cast<double>(copies);
}

struct seeded {
  uint64_t seed = test_seed();
  random_source draw{seed};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(placing, seeded)

BOOST_AUTO_TEST_CASE(the_ranges_of_the_partitions_cover_all_ids_without_gap_or_overlap) {
  BOOST_TEST((range_of(0).first == mailbox_id{}));
  BOOST_TEST((range_of(partition_count - 1).end == std::nullopt));
  for (size_t at = 0; at < partition_count; ++at) {
    const auto range = range_of(at);
    BOOST_TEST(partition_of(range.first) == at);
    if (!range.end)
      continue;
    BOOST_TEST((*range.end == range_of(at + 1).first));
    BOOST_TEST((range.first < *range.end));
    auto last = *range.end; // the greatest id before the end
    for (size_t i = last.bytes.size(); i > 0 && last.bytes[i - 1]-- == 0; --i) {
    }
    BOOST_TEST(partition_of(last) == at);
  }
}

BOOST_AUTO_TEST_CASE(an_id_is_in_the_range_of_its_partition_and_in_no_other) {
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << seed) {
    for (int round = 0; round < 2'000; ++round) {
      mailbox_id id;
      for (auto& byte : id.bytes)
        byte = static_cast<uint8_t>(draw.one_in(4) ? 255 * draw.below(2) : draw.below(256));
      size_t in = 0;
      for (size_t at = 0; at < partition_count; ++at) {
        const auto range = range_of(at);
        const bool inside = range.first <= id && (!range.end || id < *range.end);
        BOOST_REQUIRE_EQUAL(inside, at == partition_of(id));
        in += inside ? 1 : 0;
      }
      BOOST_REQUIRE_EQUAL(in, 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_member_holds_and_is_home_of_its_part_within_a_tenth) {
  for (size_t replicas = 1; replicas <= replicas_max; ++replicas)
    for (size_t count = 1; count <= members_max; ++count)
      for (int round = 0; round < 3; ++round) {
        const auto members = random_members(draw, count, "a");
        const auto all = placed(members, replicas);
        placement::share sum;
        BOOST_TEST_CONTEXT("RESTANTE_SEED=" << seed << ", " << count << " members") {
          for (const auto& each : members) {
            const auto share = all.partitions_of(each.name);
            const auto home = static_cast<double>(partition_count) / static_cast<double>(count);
            const auto held = home * static_cast<double>(std::min(replicas, count));
            BOOST_TEST(std::abs(static_cast<double>(share.home) - home) <= home / 10, each.name);
            BOOST_TEST(std::abs(static_cast<double>(share.held) - held) <= held / 10, each.name);
            sum.home += share.home;
            sum.held += share.held;
          }
          BOOST_TEST(sum.home == partition_count);
          BOOST_TEST(sum.held == partition_count * std::min(replicas, count));
        }
      }
}

// The least that a join can move is the newcomer's part, and a leave what the leaver had.
BOOST_AUTO_TEST_CASE(a_join_or_a_leave_moves_little_more_than_it_must) {
  constexpr int rounds = 4;
  for (size_t replicas = 1; replicas <= replicas_max; ++replicas)
    for (size_t count = 2; count <= members_max; ++count) {
      const auto least = 1.0 / static_cast<double>(count);
      double joins = 0, leaves = 0;
      for (int round = 0; round < rounds; ++round) {
        const auto members = random_members(draw, count, "a");
        auto fewer = members;
        const auto gone = fewer.begin() + static_cast<ptrdiff_t>(draw.below(count));
        const auto name = gone->name;
        fewer.erase(gone);
        const auto with = placed(members, replicas), without = placed(fewer, replicas);
        joins += moved(without, with) / rounds;
        // When fewer are left than there are to be copies, a leave moves nothing.
        leaves += moved(with, without) / rounds;
        BOOST_TEST(!holds(without, 0, name));
      }
      BOOST_TEST_CONTEXT("RESTANTE_SEED=" << seed << ", " << replicas << " copies, " << count
                                          << " members, joins " << joins << ", leaves " << leaves) {
        BOOST_TEST(joins <= 1.3 * least + 0.01);
        BOOST_TEST(leaves <= 1.3 * least + 0.01);
        BOOST_TEST(joins >= 0.9 * least);
      }
    }
}

// Otherwise nobody could serve it before a copy came from another standby.
BOOST_AUTO_TEST_CASE(when_a_home_goes_nearly_always_one_of_its_standbys_takes_over) {
  for (size_t count = 3; count <= members_max; ++count) {
    const auto members = random_members(draw, count, "a");
    auto fewer = members;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(draw.below(count)));
    const auto before = placed(members, 2), after = placed(fewer, 2);
    size_t fresh = 0;
    for (size_t at = 0; at < partition_count; ++at)
      fresh += holds(before, at, after.holders("a", at).front()->name) ? 0 : 1;
    BOOST_TEST_CONTEXT("RESTANTE_SEED=" << seed << ", " << count << " members") {
      BOOST_TEST(fresh <= partition_count / 40);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_order_in_which_members_are_listed_does_not_matter) {
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << seed)
  for (size_t replicas = 1; replicas <= replicas_max; ++replicas) {
    auto members = random_members(draw, 7, "a");
    const auto first = placed(members, replicas);
    draw.shuffle(members);
    BOOST_TEST(same(first, placed(members, replicas), "a"));
  }
}

BOOST_AUTO_TEST_CASE(nothing_but_names_regions_and_states_matters) {
  const auto members = random_members(draw, 5, "a");
  auto others = members;
  const auto elsewhere = random_members(draw, 4, "b");
  for (auto& each : others) {
    each.address = "tcp://10.0.0.1:" + std::to_string(draw.below(60'000));
    each.public_key = std::string(32, static_cast<char>(draw.below(256)));
    each.lane = static_cast<uint32_t>(draw.below(16));
  }
  others.insert(others.end(), elsewhere.begin(), elsewhere.end());
  auto who = std::make_shared<membership>();
  who->self = members[draw.below(5)].name;
  who->members = others;
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << seed) {
    const placement wider{who, 2};
    BOOST_TEST(same(placed(members, 2), wider, "a"));
    BOOST_TEST(same(placed(elsewhere, 2), wider, "b"));
    BOOST_TEST(wider.holders("a", 0).front() == who->find(holders_of(wider, "a", 0).front()));
  }
}

BOOST_AUTO_TEST_CASE(holders_are_different_live_members_of_the_region_that_do_not_drain) {
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << seed)
  for (int round = 0; round < 30; ++round) {
    auto members = random_members(draw, 1 + draw.below(members_max), "a");
    for (auto& each : members) {
      each.region = draw.one_in(3) ? "b" : "a";
      each.alive = !draw.one_in(4);
      each.draining = draw.one_in(4);
    }
    const auto replicas = 1 + draw.below(replicas_max);
    const auto all = placed(members, replicas);
    for (const std::string region : {"a", "b"}) {
      const auto able = [&](bool drains) {
        return std::count_if(members.begin(), members.end(), [&](const member& each) {
          return each.region == region && each.alive && each.draining == drains;
        });
      };
      const bool only_draining = able(false) == 0;
      const auto expected = std::min<size_t>(replicas, able(only_draining));
      for (size_t at = 0; at < partition_count; ++at) {
        const auto holders = all.holders(region, at);
        const auto names = names_of(holders);
        BOOST_REQUIRE_EQUAL(std::set(names.begin(), names.end()).size(), expected);
        BOOST_REQUIRE_EQUAL(holders.size(), expected);
        for (const auto* each : holders)
          BOOST_REQUIRE(each->region == region && each->alive && each->draining == only_draining);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(who_knows_nobody_of_a_region_gets_nobody) {
  auto members = random_members(draw, 2, "a");
  members[0].alive = members[1].alive = false;
  const auto dead = placed(members, 2);
  BOOST_TEST(dead.holders("a", 0).empty());
  BOOST_TEST(dead.holders("b", partition_count - 1).empty());
  BOOST_TEST((dead.partitions_of(members[0].name) == placement::share{}));
  BOOST_TEST((dead.partitions_of("nobody") == placement::share{}));
  BOOST_TEST(placed({}, 1).holders("", 0).empty());
}

// Nodes of different versions must agree for ever, or at least know that they do not.
BOOST_AUTO_TEST_CASE(three_known_members_hold_what_they_always_held) {
  std::vector<member> members(3);
  members[0].name = "paris-1";
  members[1].name = "paris-2";
  members[2].name = "paris-3";
  for (auto& each : members)
    each.region = "eu1";
  const auto all = placed(members, 2);
  std::string homes, standbys;
  for (size_t at = 0; at < 48; ++at) {
    homes += all.holders("eu1", at)[0]->name.back();
    standbys += all.holders("eu1", at)[1]->name.back();
  }
  BOOST_TEST(homes == "312312121221332311332132322211133122211212222222");
  BOOST_TEST(standbys == "131123233333221233213313133132221313333321113313");
  BOOST_TEST((all.partitions_of("paris-1") == placement::share{349, 679}));
  BOOST_TEST((all.partitions_of("paris-2") == placement::share{327, 686}));
  BOOST_TEST((all.partitions_of("paris-3") == placement::share{348, 683}));
}

BOOST_AUTO_TEST_SUITE_END()
