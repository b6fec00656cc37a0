#include "actors/merge.hpp"
#include "tests/support/model_fixture.hpp"
#include "tests/support/random_state.hpp"

#include <algorithm>

using namespace restante;

namespace {

constexpr int rounds = 4000;

mailbox_state joined(mailbox_state a, const mailbox_state& b) {
  merge(a, b);
  return a;
}

/// Also with messages that an earlier merge had moved to the id of their content.
mailbox_state any_state(random_source& draw) {
  auto out = random_state(draw);
  if (draw.one_in(3)) {
    auto moved = random_message(draw);
    moved.id = diverged_id(moved.id, moved.content);
    out.messages.insert_or_assign(moved.id, moved);
  }
  return out;
}

/// The record of one content that was accepted under `id`, wherever divergence has put it.
const message_record* resting_place(const mailbox_state& in, message_id id, const digest& content) {
  for (;;) {
    auto at = in.messages.find(id);
    if (at == in.messages.end() || at->second.content == content)
      return at == in.messages.end() ? nullptr : &at->second;
    id = diverged_id(id, content);
  }
}

std::string texts(const mailbox_state& a, const mailbox_state& b) {
  return "\n" + to_text(a) + "\nand\n" + to_text(b);
}

const message_id one = id_of<message_id>(1);

message_record message(uint8_t content, uint32_t uid = 1) {
  message_record out;
  out.id = one;
  out.content = id_of<digest>(content);
  out.uid = uid;
  out.caller = "caller " + std::to_string(content);
  out.parts = {{media_type::amr, content, id_of<digest>(content)}};
  return out;
}

mailbox_state holding(const message_record& what) {
  mailbox_state out;
  out.messages.emplace(what.id, what);
  return out;
}

message_record tombstone(const message_record& of) {
  message_record out;
  out.id = of.id;
  out.uid = of.uid;
  out.content = of.content;
  out.purged = true;
  return out;
}

struct seeded {
  uint64_t seed = test_seed();
  random_source draw{seed};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(merging, seeded)

BOOST_AUTO_TEST_CASE(the_order_of_two_states_does_not_matter) {
  for (int round = 0; round < rounds; ++round) {
    auto a = any_state(draw), b = any_state(draw);
    BOOST_REQUIRE_MESSAGE(joined(a, b) == joined(b, a), "RESTANTE_SEED=" << seed << texts(a, b));
  }
}

BOOST_AUTO_TEST_CASE(the_grouping_of_three_states_does_not_matter) {
  for (int round = 0; round < rounds; ++round) {
    auto a = any_state(draw), b = any_state(draw), c = any_state(draw);
    BOOST_REQUIRE_MESSAGE(joined(joined(a, b), c) == joined(a, joined(b, c)),
                          "RESTANTE_SEED=" << seed << texts(a, b) << "\nand\n"
                                           << to_text(c));
  }
}

BOOST_AUTO_TEST_CASE(a_repeated_state_changes_nothing) {
  for (int round = 0; round < rounds; ++round) {
    auto a = any_state(draw), b = any_state(draw);
    auto both = joined(a, b);
    BOOST_REQUIRE_MESSAGE(joined(a, a) == a, "RESTANTE_SEED=" << seed << "\n" << to_text(a));
    BOOST_REQUIRE_MESSAGE(joined(both, a) == both && joined(both, b) == both,
                          "RESTANTE_SEED=" << seed << texts(a, b));
  }
}

BOOST_AUTO_TEST_CASE(the_empty_state_adds_nothing_and_takes_everything) {
  for (int round = 0; round < rounds; ++round) {
    auto a = any_state(draw);
    BOOST_REQUIRE_MESSAGE(joined(a, {}) == a && joined({}, a) == a, "RESTANTE_SEED=" << seed << "\n"
                                                                                     << to_text(a));
  }
}

BOOST_AUTO_TEST_CASE(purged_is_final_whatever_is_merged_before_or_after) {
  size_t seen = 0;
  for (int round = 0; round < rounds; ++round) {
    auto a = random_state(draw), b = random_state(draw), c = random_state(draw);
    for (const auto& all : {joined(joined(a, b), c), joined(joined(c, b), a)})
      for (const auto& [id, before] : a.messages) {
        if (!before.purged)
          continue;
        ++seen;
        auto* after = resting_place(all, id, before.content);
        BOOST_REQUIRE_MESSAGE(after != nullptr && after->purged && after->caller.empty() &&
                                  after->parts.empty() && after->flag_bits() == 0 &&
                                  after->to_device.value.empty(),
                              "RESTANTE_SEED=" << seed << texts(a, b) << "\nand\n"
                                               << to_text(c));
      }
  }
  BOOST_TEST(seen > 1000U);
}

BOOST_AUTO_TEST_CASE(no_content_is_lost_by_a_merge) {
  for (int round = 0; round < rounds; ++round) {
    auto a = any_state(draw), b = any_state(draw);
    auto both = joined(a, b);
    for (const auto* side : {&a, &b})
      for (const auto& [id, before] : side->messages)
        BOOST_REQUIRE_MESSAGE(resting_place(both, id, before.content) != nullptr,
                              "RESTANTE_SEED=" << seed << texts(a, b));
  }
}

BOOST_AUTO_TEST_CASE(two_contents_under_one_id_are_both_kept_and_counted) {
  for (auto [first, second] : {std::pair<uint8_t, uint8_t>{5, 9}, {9, 5}}) {
    auto state = holding(message(first));
    BOOST_TEST(merge(state, holding(message(second))) == 1U);
    BOOST_REQUIRE_EQUAL(state.messages.size(), 2U);
    auto other = diverged_id(one, id_of<digest>(9));
    BOOST_TEST(state.messages.at(one).caller == "caller 5");
    BOOST_TEST(state.messages.at(other).caller == "caller 9");
    BOOST_TEST((state.messages.at(other).id == other));
  }
  auto same = holding(message(5));
  BOOST_TEST(merge(same, holding(message(5))) == 0U);
}

BOOST_AUTO_TEST_CASE(three_contents_under_one_id_settle_alike_in_every_order) {
  std::vector<mailbox_state> sides{holding(message(5)), holding(message(6)), holding(message(7))};
  const auto expected = joined(joined(sides[0], sides[1]), sides[2]);
  BOOST_REQUIRE_EQUAL(expected.messages.size(), 3U);
  for (uint8_t content : {5, 6, 7}) {
    auto* kept = resting_place(expected, one, id_of<digest>(content));
    BOOST_REQUIRE(kept != nullptr);
    BOOST_TEST(kept->caller == "caller " + std::to_string(content));
  }
  std::vector<size_t> order{0, 1, 2};
  do {
    const auto &a = sides[order[0]], &b = sides[order[1]], &c = sides[order[2]];
    BOOST_TEST((joined(joined(a, b), c) == expected));
    BOOST_TEST((joined(a, joined(b, c)) == expected));
  } while (std::next_permutation(order.begin(), order.end()));
}

// The larger content stood under the id itself when it was played and when it was purged.
BOOST_AUTO_TEST_CASE(a_change_made_before_the_divergence_was_seen_follows_its_message) {
  auto played_one = message(9);
  played_one.flags[0] = {{8, 1}, true};
  auto apart = joined(holding(message(5)), holding(message(9)));
  auto later = joined(apart, holding(played_one));
  auto moved = diverged_id(one, id_of<digest>(9));
  BOOST_TEST(later.messages.at(moved).has(played));
  BOOST_TEST(!later.messages.at(one).has(played));
  later = joined(later, holding(tombstone(message(9))));
  BOOST_TEST(later.messages.at(moved).purged);
  BOOST_TEST(!later.messages.at(one).purged);
}

BOOST_AUTO_TEST_CASE(the_id_of_a_diverged_content_is_frozen) {
  auto id = diverged_id(one, id_of<digest>(9));
  BOOST_TEST(to_string(id) == "8ef19db32dd758546dceb42640391cc4");
  BOOST_TEST((id != diverged_id(one, id_of<digest>(8))));
  BOOST_TEST((id != diverged_id(id_of<message_id>(2), id_of<digest>(9))));
}

BOOST_AUTO_TEST_CASE(the_later_write_of_every_setting_wins) {
  for (auto setting : {&profile_state::pin, &profile_state::language, &profile_state::time_zone,
                       &profile_state::notifications}) {
    auto join = [setting](last_write<std::string> a, last_write<std::string> b) {
      mailbox_state into, from;
      into.profile.*setting = std::move(a);
      from.profile.*setting = std::move(b);
      merge(into, from);
      return (into.profile.*setting).value;
    };
    BOOST_TEST(join({{2, 1}, "new"}, {{1, 9}, "old"}) == "new");
    BOOST_TEST(join({{1, 9}, "old"}, {{2, 1}, "new"}) == "new");
    BOOST_TEST(join({{2, 1}, "z"}, {{2, 2}, "a"}) == "a"); // ties: the incarnation
    BOOST_TEST(join({{2, 2}, "a"}, {{2, 1}, "z"}) == "a");
    BOOST_TEST(join({{2, 1}, "b"}, {{2, 1}, "a"}) == "b"); // and then the value
    BOOST_TEST(join({{2, 1}, "set"}, {{3, 1}, ""}) == ""); // emptied on purpose
    BOOST_TEST(join({{2, 1}, "set"}, {}) == "set");
  }
}

BOOST_AUTO_TEST_CASE(the_later_greeting_wins_and_may_be_none) {
  const auto busy = static_cast<size_t>(greeting_kind::busy);
  mailbox_state recorded, removed;
  recorded.profile.greetings[busy] = {{5, 1}, {media_type::amr, 10, id_of<digest>(1)}};
  removed.profile.greetings[busy] = {{6, 1}, {}};
  for (const auto& all : {joined(recorded, removed), joined(removed, recorded)})
    BOOST_TEST((all.profile.greetings[busy].value.type == media_type::unknown));
  removed.profile.greetings[busy].at = {4, 1};
  for (const auto& all : {joined(recorded, removed), joined(removed, recorded)})
    BOOST_TEST((all.profile.greetings[busy].value.type == media_type::amr));
}

BOOST_AUTO_TEST_CASE(each_flag_is_a_register_of_its_own) {
  auto here = message(5), there = message(5);
  here.flags[0] = {{9, 1}, true};
  there.flags[1] = {{3, 2}, true};
  there.flags[0] = {{4, 2}, false};
  auto both = joined(holding(here), holding(there));
  BOOST_TEST(both.messages.at(one).flag_bits() == (played | saved));
}

BOOST_AUTO_TEST_CASE(the_smaller_number_stays_and_a_tombstone_keeps_it) {
  // The number it lost is not for another message, also when nothing else is left of it.
  auto floor_of = [](uint32_t a, uint32_t b) {
    return joined(holding(message(5, a)), holding(message(5, b))).profile.uid_floor;
  };
  BOOST_TEST(floor_of(7, 4) == 7U);
  BOOST_TEST(floor_of(4, 7) == 7U);
  BOOST_TEST(floor_of(7, 7) == 0U);
  BOOST_TEST(floor_of(0, 7) == 0U);
  auto uid_of = [](uint32_t a, uint32_t b) {
    return joined(holding(message(5, a)), holding(message(5, b))).messages.at(one).uid;
  };
  BOOST_TEST(uid_of(7, 4) == 4U);
  BOOST_TEST(uid_of(4, 7) == 4U);
  BOOST_TEST(uid_of(0, 7) == 7U); // zero: not known there
  BOOST_TEST(uid_of(7, 0) == 7U);
  auto gone = tombstone(message(5, 7));
  BOOST_TEST(joined(holding(message(5, 4)), holding(gone)).messages.at(one).uid == 4U);
  mailbox_state low, high;
  low.profile.uid_floor = 3;
  high.profile.uid_floor = 8;
  BOOST_TEST(joined(low, high).profile.uid_floor == 8U);
  BOOST_TEST(joined(high, low).profile.uid_floor == 8U);
}

BOOST_AUTO_TEST_CASE(shares_of_the_pin_budget_stay_apart_and_the_newest_version_counts) {
  mailbox_state a, b;
  a.profile.pin_shares = {{1, {4, {2, 1}, 0, 0}}, {2, {1, {2, 1}, 3, 0}}};
  b.profile.pin_shares = {{1, {3, {2, 1}, 5, 99}}, {3, {1, {2, 1}, 1, 0}}};
  const std::map<uint64_t, pin_share> expected{
      {1, {4, {2, 1}, 0, 0}}, {2, {1, {2, 1}, 3, 0}}, {3, {1, {2, 1}, 1, 0}}};
  BOOST_TEST((joined(a, b).profile.pin_shares == expected));
  BOOST_TEST((joined(b, a).profile.pin_shares == expected));
}

BOOST_AUTO_TEST_CASE(a_change_without_settings_leaves_them_alone) {
  mailbox_state state;
  state.id = id_of<mailbox_id>(3);
  state.profile.tenant = "acme";
  state.profile.region = "eu1";
  state.profile.born_at = 7;
  state.profile.aliases = {{alias_kind::number, "+15055550183"}};
  auto after = joined(state, holding(message(5)));
  BOOST_TEST((after.profile == state.profile && after.id == state.id));
  mailbox_state other;
  other.profile.aliases = {{alias_kind::imei, "490154203237518"}};
  BOOST_TEST(joined(state, other).profile.aliases.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

using namespace restante::model_tests;

/// A random command on a small mailbox: few deposit ids, so that some repeat and some conflict.
command random_command(random_source& draw, const model_fixture& on, int step) {
  auto name = "request " + std::to_string(step);
  const auto& messages = on.box.state().messages;
  if (messages.empty() || draw.one_in(4))
    return on.ask(on.voicemail(static_cast<char>('a' + draw.below(2)), 3),
                  "deposit " + std::to_string(draw.below(6)));
  auto which = by(draw.pick(messages).first);
  auto via = draw.one_in(2) ? channel::device : channel::out_of_band;
  switch (draw.below(8)) {
  case 0:
    return on.ask(op::retrieve{which, via, {}, "web page"}, name);
  case 1:
    return on.ask(op::remove{which, via, {}, draw.one_in(3)}, name);
  case 2:
  case 3: {
    auto set = static_cast<uint8_t>(draw.below(16));
    auto clear = static_cast<uint8_t>(draw.below(16) & ~uint64_t{set});
    return on.ask(op::set_flags{which, set, clear}, name);
  }
  case 4:
    return on.ask(op::set_pin{draw.one_in(2) ? "482913" : "730184"}, name);
  case 5:
    return on.ask(op::set_preferences{draw.one_in(2) ? "fr" : "de", {}, toggle::off}, name);
  case 6:
    return on.ask(op::set_greeting{greeting_kind::busy, audio(2 + draw.below(2))}, name);
  default:
    return on.ask(op::set_greeting{greeting_kind::busy, {}}, name);
  }
}

std::vector<mailbox_state> random_history(random_source& draw, model_fixture& on, int steps) {
  std::vector<mailbox_state> deltas{
      on.decide(op::create{"acme", "eu1", {}, "hash", {}, {}, {}}, "register")->delta};
  on.box.apply(deltas.front());
  for (int step = 0; step < steps; ++step) {
    *on.time += static_cast<wall_ms>(draw.below(3)); // often the same millisecond
    auto what = random_command(draw, on, step);
    bool right = false;
    if (draw.one_in(4)) {
      deltas.push_back(on.box.pin_attempt(what).delta);
      on.box.apply(deltas.back());
      right = true;
    }
    auto decided = on.decide(what, right);
    if (!decided || !decided->changes())
      continue;
    deltas.push_back(decided->delta);
    on.carry_out(*decided);
  }
  return deltas;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(change_logs, seeded)

BOOST_AUTO_TEST_CASE(a_history_applied_in_any_order_with_repeats_gives_the_same_mailbox) {
  size_t changes = 0, tombstones = 0;
  for (int round = 0; round < 150; ++round) {
    model_fixture node;
    auto deltas = random_history(draw, node, 40);
    changes += deltas.size();
    for (const auto& [id, message] : node.box.state().messages)
      tombstones += message.purged;
    for (int shuffles = 0; shuffles < 4; ++shuffles) {
      auto log = deltas;
      for (size_t repeats = draw.below(deltas.size()); repeats > 0; --repeats)
        log.push_back(draw.pick(deltas));
      draw.shuffle(log);
      mailbox_model replica{node.empty(), node.environment(2)};
      for (const auto& delta : log)
        replica.apply(delta);
      BOOST_REQUIRE_MESSAGE(replica.state() == node.box.state(),
                            "RESTANTE_SEED=" << seed << " round " << round
                                             << texts(node.box.state(), replica.state()));
    }
  }
  BOOST_TEST(changes > 2000U);
  BOOST_TEST(tombstones > 50U);
}

BOOST_AUTO_TEST_SUITE_END()
