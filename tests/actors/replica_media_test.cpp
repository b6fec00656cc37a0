// Changes of a message that come to a copy before its media.
#include "actors/parcel.hpp"
#include "schemas/limits.hpp"
#include "tests/support/replica_copies.hpp"

namespace restante {

BOOST_FIXTURE_TEST_SUITE(replica_media, copies)

// A third node's "heard" is quicker than the deposit, or the deposit's node is gone for good.
BOOST_AUTO_TEST_CASE(a_copy_whose_media_were_overtaken_is_not_the_same_until_they_come) {
  copy_of home{*this, 1}, abroad{*this, 2}, third{*this, 3};
  auto created = home.change(ask(creation(), "create"));
  auto left = home.change(ask(voicemail('a', 2), "d"));
  const auto id = left.delta.messages.begin()->first;
  abroad.take(created);
  abroad.take(left);
  auto heard = abroad.change(ask(op::set_flags{{id, 0}, 1, 0}, "f"));
  third.take(created);
  BOOST_TEST(third.take(heard) == "taken");
  const auto& record = third.box.state().messages.at(id);
  BOOST_TEST(record.awaited == 3);
  BOOST_TEST((state_digest(third.box.state()) != state_digest(abroad.box.state())));
  auto asked = third.decide(ask(op::retrieve{{id, 0}, {}, {}, {}}, "r"));
  BOOST_TEST_REQUIRE(asked.has_value());
  BOOST_TEST(std::get<failure>(asked->reply).reason == "media_coming");
  BOOST_TEST(!asked->changes());

  auto half = left; // one of the two parts
  half.rows.pop_back();
  BOOST_TEST(third.take(half) == "taken");
  BOOST_TEST(record.awaited == 2);
  BOOST_TEST(third.take(heard) == "taken"); // again, without media
  BOOST_TEST(record.awaited == 2);
  for (const auto& part : abroad.seed()) // what a comparison that finds a difference leads to
    BOOST_TEST(third.take(part) == "taken");
  BOOST_TEST(record.awaited == 0);
  third.check_media();
  BOOST_TEST((third.box.state() == abroad.box.state()));
  BOOST_TEST((state_digest(third.box.state()) == state_digest(abroad.box.state())));
}

BOOST_AUTO_TEST_CASE(a_deposit_that_is_repeated_where_its_media_are_awaited_brings_them) {
  copy_of home{*this, 1}, abroad{*this, 2}, third{*this, 3};
  auto created = home.change(ask(creation(), "create"));
  auto left = home.change(ask(voicemail('a', 2), "d"));
  const auto id = left.delta.messages.begin()->first;
  abroad.take(created);
  abroad.take(left);
  third.take(created);
  third.take(abroad.change(ask(op::set_flags{{id, 0}, 1, 0}, "f")));
  auto again = third.decide(ask(voicemail('a', 2), "d"));
  BOOST_TEST_REQUIRE(again.has_value());
  BOOST_TEST(std::get<answer::deposited>(again->reply).duplicate);
  BOOST_TEST(again->silent());
  third.carry_out(*again);
  third.check_media();
  BOOST_TEST((third.box.state() == abroad.box.state()));
  BOOST_TEST(!third.decide(ask(voicemail('a', 2), "d"))->changes());
}

// The media may be lost for good: a new copy is complete all the same, and as incomplete.
BOOST_AUTO_TEST_CASE(a_copy_that_awaits_media_ships_all_else) {
  copy_of home{*this, 1}, abroad{*this, 2}, third{*this, 3};
  auto created = home.change(ask(creation(), "create"));
  auto left = home.change(ask(voicemail('a', 2), "d"));
  const auto id = left.delta.messages.begin()->first;
  abroad.take(created);
  abroad.take(left);
  third.take(created);
  third.take(abroad.change(ask(op::set_flags{{id, 0}, 1, 0}, "f")));
  const auto part = next_part(third.box.state(), std::nullopt);
  BOOST_TEST(part.last);
  BOOST_TEST(part.media.empty());
  BOOST_TEST(fits(part, {}));
  op::absorb sent;
  sent.delta = part.what.delta;
  copy_of fresh{*this, 4};
  BOOST_TEST(fresh.take(sent) == "taken");
  BOOST_TEST((fresh.box.state() == third.box.state()));
  BOOST_TEST((state_digest(fresh.box.state()) == state_digest(third.box.state())));
}

// What a peer says of its own copy is nothing to this one.
BOOST_AUTO_TEST_CASE(a_peer_cannot_say_which_media_are_awaited_here) {
  copy_of home{*this, 1}, abroad{*this, 2};
  auto created = home.change(ask(creation(), "create"));
  auto left = home.change(ask(voicemail('a', 2), "d"));
  abroad.take(created);
  auto& record = left.delta.messages.begin()->second;
  record.awaited = 0xFF;
  BOOST_TEST(abroad.take(left) == "taken");
  BOOST_TEST((abroad.box.state() == home.box.state()));
  auto without = left;
  without.rows.clear();
  copy_of third{*this, 3};
  third.take(created);
  without.delta.messages.begin()->second.awaited = 0;
  BOOST_TEST(third.take(without) == "taken");
  BOOST_TEST(third.box.state().messages.begin()->second.awaited == 3);
}

// Eight tiny parts each: bytes alone would let it be more rows than a batch may have.
BOOST_AUTO_TEST_CASE(a_part_of_a_seed_has_no_more_media_than_a_batch) {
  copy_of home{*this, 1};
  home.change(ask(creation(), "create"));
  const size_t messages = limits::batch_entries_max + 100;
  for (size_t i = 0; i < messages; ++i)
    home.change(ask(voicemail('a', limits::parts_max), std::to_string(i)));
  size_t shipped = 0;
  std::optional<message_id> after;
  for (bool more = true; more;) {
    const auto part = next_part(home.box.state(), after);
    BOOST_REQUIRE(part.media.size() <= limits::batch_media_max);
    shipped += part.what.delta.messages.size();
    after = part.through;
    more = !part.last;
  }
  BOOST_TEST(shipped == messages);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
