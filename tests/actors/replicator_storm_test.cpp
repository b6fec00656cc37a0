// Three nodes in three regions, subscribers who travel, links that are cut, nodes that end:
// whatever happens, when all is whole again what was acknowledged is there, what was purged is not,
// copies are equal, and nobody keeps a copy that is not theirs to hold.
#include "schemas/checksum.hpp"
#include "tests/support/cluster_stage.hpp"

namespace restante {

namespace {

struct storm {
  explicit storm(uint64_t seed)
      : draw{seed}
      , all{{{"paris", "eu1"}, {"boston", "us1"}, {"tokyo", "ap1"}}} {
    for (int i = 0; i < 3; ++i) {
      auto& born = all[draw.pick(names)];
      boxes.push_back(born.register_device("+1505555018" + std::to_string(i)));
      homes[boxes.back()] = born.where.region;
      all.settle();
    }
  }

  /// Who serves the mailbox: this node if it has a complete copy that is not going.
  bool serves(const std::string& name, const mailbox_id& box) {
    auto there = all[name].on_disk(box);
    return there.exists() && !there.profile.sealed;
  }

  message_ref any_message(cluster_node& at, const mailbox_id& box) {
    auto there = at.on_disk(box);
    return {there.messages.empty() ? id_of<message_id>(9) : draw.pick(there.messages).first, 0};
  }

  void ask() {
    const auto& name = draw.pick(names);
    const auto& box = draw.pick(boxes);
    if (!serves(name, box))
      return;
    auto& at = all[name];
    auto request = std::to_string(draw.below(60));
    switch (draw.below(6)) {
    case 0:
    case 1:
    case 2: {
      auto done = at.ask_node(box, at.voicemail(static_cast<char>('a' + draw.below(2))), request);
      settle_some();
      if (done.answers() == 1)
        if (auto* stored = std::get_if<answer::deposited>(&done.what()))
          acknowledged.insert({box, stored->message});
      return;
    }
    case 3: {
      auto which = any_message(at, box);
      auto done = at.ask_node(box, op::remove{which, channel::out_of_band, {}, true}, request);
      settle_some();
      if (done.answers() == 1 && done.reason() == "accepted")
        purged.insert({box, *which.id});
      return;
    }
    case 4:
      at.ask_node(box, op::set_flags{any_message(at, box), saved, played}, request);
      return settle_some();
    default:
      at.ask_node(box, op::locate{draw.pick(regions)}, request);
      return settle_some();
    }
  }

  void settle_some() {
    if (draw.one_in(3))
      all.settle();
    else
      for (auto& [name, node] : all.nodes)
        node->run();
  }

  void trouble() {
    const auto &a = draw.pick(names), &b = draw.pick(names);
    switch (draw.below(5)) {
    case 0:
    case 1:
      if (a != b)
        all.cut(a, b);
      return;
    case 2:
      if (a != b)
        all.heal(a, b);
      return;
    case 3:
      all[a].start_again();
      return all.connect(a);
    default:
      return all.pass(std::chrono::milliseconds{250 * (1 + draw.below(8))});
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i)
      if (draw.one_in(4))
        trouble();
      else
        ask();
    for (const auto& a : names)
      for (const auto& b : names)
        if (a < b)
          all.heal(a, b);
    all.pass(std::chrono::seconds{20});
  }

  void check() {
    for (const auto& box : boxes) {
      auto home = region_node(homes[box]).on_disk(box);
      BOOST_TEST_REQUIRE(home.exists());
      for (const auto& name : names) {
        auto& node = all[name];
        auto copy = node.on_disk(box);
        bool wanted =
            node.where.region == homes[box] || node.where.region == home.profile.location.value;
        BOOST_TEST(copy.exists() == wanted, name << " has " << to_string(box));
        if (!copy.exists())
          continue;
        BOOST_TEST((state_digest(copy) == state_digest(home)), name << " " << to_string(box));
        BOOST_TEST(!copy.profile.sealed);
        check_media(node, copy);
      }
      for (const auto& [of, message] : acknowledged)
        if (of == box)
          BOOST_TEST(home.messages.contains(message));
      for (const auto& [of, message] : purged)
        if (of == box)
          BOOST_TEST((home.messages.contains(message) && home.messages.at(message).purged));
    }
  }

  void check_media(cluster_node& node, const mailbox_state& box) {
    for (const auto& [id, message] : box.messages)
      for (size_t part = 0; part < message.parts.size(); ++part) {
        auto bytes =
            node.store->get(family::media, media_key(box.id, id, static_cast<uint8_t>(part)));
        BOOST_TEST((bytes && *bytes && checksum((*bytes)->view()) == message.parts[part].content),
                   node.name << ": media of " << to_string(id));
      }
  }

  cluster_node& region_node(const std::string& region) {
    for (auto& [name, node] : all.nodes)
      if (node->where.region == region)
        return *node;
    throw std::logic_error("no such region");
  }

  const std::vector<std::string> names{"paris", "boston", "tokyo"};
  const std::vector<std::string> regions{"eu1", "us1", "ap1"};
  random_source draw;
  cluster_stage all;
  std::vector<mailbox_id> boxes;
  std::map<mailbox_id, std::string> homes;
  std::set<std::pair<mailbox_id, message_id>> acknowledged, purged;
};

} // namespace

BOOST_AUTO_TEST_SUITE(replication_storm)

BOOST_AUTO_TEST_CASE(whatever_happens_nothing_acknowledged_is_lost_and_copies_become_equal) {
  for (uint64_t seed = test_seed(), end = seed + 40; seed < end; ++seed)
    BOOST_TEST_CONTEXT("RESTANTE_SEED=" << seed) {
      storm weather{seed};
      weather.run(120);
      weather.check();
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
