// A mailbox that is shipped whole, in several parts: it is there when all of it is. Without
// sockets, in virtual time.
#include "schemas/stored_codec.hpp"
#include "tests/support/cluster_stage.hpp"

namespace restante {

namespace {

struct two_parts : cluster_stage {
  two_parts() : cluster_stage{{{"paris", "eu1"}, {"boston", "us1"}}} {
    id = home.register_device();
    settle();
    for (const char fill : {'a', 'b', 'c'}) {
      auto what = home.voicemail();
      what.parts.front() = model_tests::audio(22'000, fill); // 700 kB: one fills a batch
      auto left = home.ask_node(id, what, std::string(1, fill));
      settle();
      BOOST_TEST(left.reason() == "accepted");
    }
  }

  /// Whether the part that makes the mailbox exist has left home.
  [[nodiscard]] bool last_has_left() const {
    return std::any_of(wire.begin(), wire.end(), [](const auto& sent) {
      const auto* batch = std::get_if<peer::batch>(&sent.second.what);
      return batch != nullptr &&
             std::any_of(batch->entries.begin(), batch->entries.end(), [](const auto& each) {
               return !decode_change(each.change)->delta.profile.tenant.empty();
             });
    });
  }
  [[nodiscard]] size_t batches_on_the_way() const {
    return static_cast<size_t>(std::count_if(wire.begin(), wire.end(), [](const auto& sent) {
      return std::holds_alternative<peer::batch>(sent.second.what);
    }));
  }

  cluster_node& home = (*this)["paris"];
  cluster_node& abroad = (*this)["boston"];
  mailbox_id id;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(seeding, two_parts)

BOOST_AUTO_TEST_CASE(the_last_part_waits_until_the_others_are_on_the_peers_disk) {
  auto moved = home.ask_node(id, op::locate{"us1"}, "travel");
  home.run();
  BOOST_TEST(moved.reason() == "accepted");
  BOOST_TEST(batches_on_the_way() >= 2U);
  BOOST_TEST(!last_has_left());
  settle();
  BOOST_TEST((state_digest(abroad.on_disk(id)) == state_digest(home.on_disk(id))));
}

// The parts behind it were on their way by then.
BOOST_AUTO_TEST_CASE(a_mailbox_of_which_a_part_was_not_taken_is_not_there) {
  auto moved = home.ask_node(id, op::locate{"us1"}, "travel");
  home.run();
  const auto first = std::find_if(wire.begin(), wire.end(), [](const auto& sent) {
    return std::holds_alternative<peer::batch>(sent.second.what);
  });
  BOOST_REQUIRE(first != wire.end());
  auto& spoiled = std::get<peer::batch>(first->second.what);
  BOOST_REQUIRE(!spoiled.entries.front().media.empty());
  auto& bytes = spoiled.entries.front().media.front().bytes;
  bytes = chunk{std::string(bytes.size(), 'x')}; // not those it describes: refused
  settle();
  BOOST_TEST(!abroad.on_disk(id).exists());
  pass(std::chrono::seconds{10});
  BOOST_TEST((state_digest(abroad.on_disk(id)) == state_digest(home.on_disk(id))));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
