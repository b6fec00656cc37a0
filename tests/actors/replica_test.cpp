// Copies of one mailbox that take in each other's changes, in any order and more than once: they
// become equal, and each has the media of every message it can hand out.
#include "tests/support/replica_copies.hpp"

namespace restante {

BOOST_FIXTURE_TEST_SUITE(replica, copies)

BOOST_AUTO_TEST_CASE(copies_become_equal_in_any_order_and_have_all_media) {
  for (int round = 0; round < 150; ++round) {
    std::vector<copy_of> all;
    for (uint32_t i = 0; i < 3; ++i)
      all.emplace_back(*this, i + 1, i, 3);
    std::vector<op::absorb> parcels{all[0].change(ask(creation(), "create"))};
    for (int step = 0; step < 40; ++step) {
      auto& one = all[draw.below(3)];
      *time += static_cast<wall_ms>(draw.below(5));
      if (draw.one_in(2))
        parcels.push_back(
            one.change(ask(any_op(one.box.state()), "request " + std::to_string(draw.below(9)))));
      else
        BOOST_TEST_REQUIRE(one.take(draw.pick(parcels)) == "taken");
    }
    for (auto& one : all) {
      draw.shuffle(parcels);
      for (const auto& parcel : parcels)
        BOOST_TEST_REQUIRE(one.take(parcel) == "taken");
      one.check_media();
      BOOST_TEST((one.box.state() == all[0].box.state()));
      BOOST_TEST((state_digest(one.box.state()) == state_digest(all[0].box.state())));
    }
  }
}

BOOST_AUTO_TEST_CASE(changes_joined_on_the_way_bring_the_media_of_two_contents_under_one_id) {
  copy_of home{*this, 1}, abroad{*this, 2}, third{*this, 3};
  auto created = home.change(ask(creation(), "create"));
  abroad.take(created);
  third.take(created);
  auto one = home.change(ask(voicemail('a', 2), "d"));
  auto other = abroad.change(ask(voicemail('b', 2), "d"));
  op::absorb both = one;
  merge(both.delta, other.delta);
  both.rows.insert(both.rows.end(), other.rows.begin(), other.rows.end());
  BOOST_TEST(third.take(both) == "taken");
  BOOST_TEST(third.box.state().messages.size() == 2U);
  third.check_media();
}

BOOST_AUTO_TEST_CASE(a_seeded_copy_exists_only_when_it_is_complete) {
  copy_of home{*this, 1};
  home.change(ask(creation(), "create"));
  for (int i = 0; i < 5; ++i)
    home.change(ask(voicemail('a', 2), std::to_string(i)));
  home.change(ask(op::set_greeting{greeting_kind::busy, audio(3)}, "greeting"));
  copy_of fresh{*this, 2};
  auto parts = home.seed();
  for (const auto& part : parts) {
    BOOST_TEST(!fresh.box.state().exists());
    BOOST_TEST(!fresh.box.admit(ask(op::describe{}, "?")).has_value());
    BOOST_TEST_REQUIRE(fresh.take(part) == "taken");
  }
  BOOST_TEST((fresh.box.state() == home.box.state()));
  fresh.check_media();
  BOOST_TEST(fresh.box.admit(ask(op::describe{}, "?")).has_value());
}

BOOST_AUTO_TEST_CASE(what_changes_while_a_copy_is_seeded_is_not_lost) {
  for (int round = 0; round < 100; ++round) {
    copy_of home{*this, 1}, fresh{*this, 2};
    home.change(ask(creation(), "create"));
    for (int i = 0; i < 6; ++i)
      home.change(ask(voicemail('a'), std::to_string(i)));
    std::vector<op::absorb> under_way = home.seed();
    for (size_t next = 0; next < under_way.size(); ++next) {
      if (next < 4) // behind the seed, in the order of the log
        under_way.push_back(
            home.change(ask(any_op(home.box.state()), "later " + std::to_string(next))));
      BOOST_TEST_REQUIRE(fresh.take(under_way[next]) == "taken");
    }
    BOOST_TEST((fresh.box.state() == home.box.state()));
    fresh.check_media();
  }
}

BOOST_AUTO_TEST_CASE(a_purged_message_takes_its_media_with_it_and_stays_gone) {
  copy_of home{*this, 1}, abroad{*this, 2};
  auto created = home.change(ask(creation(), "create"));
  auto left = home.change(ask(voicemail('a', 2), "d"));
  abroad.take(created);
  abroad.take(left);
  auto id = home.box.state().messages.begin()->first;
  auto purged = abroad.change(ask(op::remove{{id, 0}, channel::out_of_band, {}, true}, "p"));
  BOOST_TEST(home.take(purged) == "taken");
  BOOST_TEST(home.disk.empty());
  BOOST_TEST(home.take(left) == "taken"); // it comes once more
  BOOST_TEST(home.disk.empty());
  BOOST_TEST(home.box.state().messages.at(id).purged);
}

BOOST_AUTO_TEST_CASE(media_that_are_not_the_described_ones_are_refused_and_change_nothing) {
  copy_of home{*this, 1}, abroad{*this, 2};
  abroad.take(home.change(ask(creation(), "create")));
  auto before = abroad.box.state();
  auto parcel = home.change(ask(voicemail('a'), "d"));
  auto wrong = parcel;
  wrong.rows[0].bytes = audio(5, 'b').bytes;
  BOOST_TEST(abroad.take(wrong) == "media_mismatch");
  wrong.rows[0].part = 7;
  BOOST_TEST(abroad.take(wrong) == "media_mismatch");
  wrong.rows[0] = {id_of<message_id>(9), 0, parcel.rows[0].bytes};
  BOOST_TEST(abroad.take(wrong) == "media_mismatch");
  wrong.rows[0] = {std::nullopt, 3, parcel.rows[0].bytes};
  BOOST_TEST(abroad.take(wrong) == "media_mismatch");
  BOOST_TEST((abroad.box.state() == before));
  BOOST_TEST(abroad.disk.empty());
}

BOOST_AUTO_TEST_CASE(only_a_node_that_is_alone_refuses_that_two_are_to_have_it) {
  copy_of one_of_several{*this, 1};
  one_of_several.change(ask(creation(), "create"));
  register_subscriber();
  auto what = voicemail('a');
  what.until = op::durability::replicated;
  BOOST_TEST(one_of_several.decide(ask(what, "d")).has_value());
  BOOST_TEST(model_tests::reason(decide(what, "d")) == "replicas_none");
  what.until = op::durability::local;
  BOOST_TEST(model_tests::reason(decide(what, "d")) == "accepted");
}

BOOST_AUTO_TEST_CASE(a_clock_far_ahead_wins_nothing) {
  copy_of home{*this, 1}, abroad{*this, 2};
  abroad.take(home.change(ask(creation(), "create")));
  *time += milliseconds{limits::clock_offset_max}.count() + 1'000;
  auto early = home.change(ask(op::set_preferences{"fr", "", toggle::unchanged}, "p"));
  *time -= milliseconds{limits::clock_offset_max}.count() + 1'000;
  BOOST_TEST(abroad.take(early) == "clock_ahead");
  BOOST_TEST(abroad.box.state().profile.language.value == "en");
}

BOOST_AUTO_TEST_CASE(copies_that_are_cut_off_never_give_out_one_number_twice) {
  copy_of home{*this, 1, 0, 3}, abroad{*this, 2, 2, 3};
  abroad.take(home.change(ask(creation(), "create")));
  std::set<uint32_t> numbers;
  std::vector<op::absorb> parcels;
  for (int i = 0; i < 20; ++i)
    for (auto* one : {&home, &abroad}) {
      auto id = std::to_string(i) + (one == &home ? "home" : "abroad");
      parcels.push_back(one->change(ask(voicemail('a'), id)));
      for (const auto& [_, message] : parcels.back().delta.messages)
        BOOST_TEST(numbers.insert(message.uid).second);
    }
  BOOST_TEST(numbers.size() == 40U);
  BOOST_TEST(*numbers.begin() == 1U);
  for (const auto& parcel : parcels)
    home.take(parcel);
  auto next = home.change(ask(voicemail('a'), "next"));
  BOOST_TEST(next.delta.messages.begin()->second.uid > *numbers.rbegin());
}

BOOST_AUTO_TEST_CASE(a_location_update_names_where_the_subscriber_was) {
  copy_of home{*this, 1};
  home.change(ask(creation(), "create"));
  auto to = [&](const char* region) {
    auto what = ask(op::locate{region}, region);
    auto out = home.decide(what).value();
    home.change(what);
    return out;
  };
  BOOST_TEST(!to("eu1").changes()); // at home already
  BOOST_TEST(home.decide(ask(op::locate{"mars"}, "m")).error().reason == "region_unknown");
  auto out = to("us1");
  BOOST_TEST((out.what == cause::located && out.left.empty()));
  BOOST_TEST(out.delta.profile.location.value == "us1");
  BOOST_TEST(!to("us1").changes());
  BOOST_TEST(to("ap1").left == "us1");
  auto back = to("eu1");
  BOOST_TEST(back.left == "ap1");
  BOOST_TEST(back.delta.profile.location.value.empty());
}

BOOST_AUTO_TEST_CASE(a_sealed_copy_takes_no_requests_but_what_others_have_and_only_it_can_go) {
  copy_of home{*this, 1}, abroad{*this, 2};
  for (const auto& parcel :
       {home.change(ask(creation(), "create")), home.change(ask(voicemail('a'), "1"))})
    abroad.take(parcel);
  auto own = [&](mailbox_op what) { return command{nullptr, {}, id, std::move(what)}; };
  BOOST_TEST(abroad.decide(own(op::drop{})).error().reason == "copy_in_use");
  BOOST_TEST(abroad.box.admit(ask(voicemail('a'), "2")).has_value());
  abroad.carry_out(abroad.decide(own(op::seal{true})).value());
  const auto compared = state_digest(abroad.box.state());
  BOOST_TEST(abroad.box.admit(ask(voicemail('a'), "2")).error().reason == "mailbox_leaving");
  BOOST_TEST(abroad.take(home.change(ask(voicemail('a'), "3"))) == "taken");
  BOOST_TEST(abroad.box.state().profile.sealed);
  BOOST_TEST((state_digest(abroad.box.state()) == state_digest(home.box.state())));
  BOOST_TEST(abroad.decide(own(op::drop{compared})).error().reason == "copy_changed");
  abroad.carry_out(abroad.decide(own(op::drop{state_digest(abroad.box.state())})).value());
  BOOST_TEST(!abroad.box.state().exists());
  BOOST_TEST(abroad.box.state().messages.empty());
  BOOST_TEST(abroad.disk.empty());
}

// A standby that has heard nothing since sends the copy again.
BOOST_AUTO_TEST_CASE(
    a_copy_that_comes_again_gives_no_number_twice_and_has_not_forgotten_wrong_pins) {
  copy_of home{*this, 1, 0, 2}, abroad{*this, 2, 1, 2};
  abroad.take(home.change(ask(creation(), "create")));
  const auto standby = home.seed();
  const auto first = abroad.change(ask(voicemail('a'), "1"));
  abroad.carry_out(abroad.box.pin_attempt(ask(op::describe{}, "p")));
  const auto attempts = abroad.box.state().profile.pin_shares;
  auto own = [&](mailbox_op what) { return command{nullptr, {}, id, std::move(what)}; };
  abroad.carry_out(abroad.decide(own(op::seal{true})).value());
  abroad.carry_out(abroad.decide(own(op::drop{state_digest(abroad.box.state())})).value());
  for (const auto& part : standby)
    BOOST_TEST(abroad.take(part) == "taken");
  const auto second = abroad.change(ask(voicemail('b'), "2"));
  BOOST_TEST(second.delta.messages.begin()->second.uid > first.delta.messages.begin()->second.uid);
  BOOST_TEST((abroad.box.state().profile.pin_shares == attempts));
  // What is known from the messages makes no difference.
  home.change(ask(voicemail('c'), "3"));
  auto with_floor = home.box.state();
  with_floor.profile.uid_floor = with_floor.messages.begin()->second.uid;
  BOOST_TEST((state_digest(with_floor) == state_digest(home.box.state())));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
