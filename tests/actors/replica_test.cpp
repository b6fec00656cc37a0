// Copies of one mailbox that take in each other's changes, in any order and more than once: they
// become equal, and each has the media of every message it can hand out.
#include "actors/merge.hpp"
#include "actors/replica.hpp"
#include "schemas/checksum.hpp"
#include "tests/support/model_fixture.hpp"
#include "tests/support/random_state.hpp"

namespace restante {

namespace {

using model_tests::audio;
using model_tests::model_fixture;
using media_place = std::tuple<std::optional<message_id>, greeting_kind, uint8_t>;

struct copy_of {
  environment_ptr env;
  mailbox_model box;
  std::map<media_place, chunk> disk;

  copy_of(const model_fixture& world, uint64_t incarnation, uint32_t lane = 0, uint32_t lanes = 1)
      : env{environment(world, incarnation, lane, lanes)}
      , box{world.empty(), env} {}

  static environment_ptr environment(const model_fixture& world, uint64_t incarnation,
                                     uint32_t lane, uint32_t lanes) {
    auto out = *world.environment(incarnation);
    out.uid_lane = lane;
    out.uid_lanes = lanes;
    out.regions = {"ap1", "eu1", "us1"};
    return std::make_shared<const mailbox_environment>(std::move(out));
  }

  std::optional<chunk> media(const media_place& at) const {
    auto found = disk.find(at);
    return found == disk.end() ? std::nullopt : std::optional{found->second};
  }

  void carry_out(const decision& what) {
    for (const auto& row : what.media)
      if (row.erase)
        disk.erase({row.message, row.greeting, row.part});
      else
        disk[{row.message, row.greeting, row.part}] = row.bytes;
    box.apply(what);
  }

  result<decision> decide(const command& what) const {
    facts known;
    if (auto* from = std::get_if<op::absorb>(&what.op))
      for (const auto* moved : displaced_by(box.state(), *from))
        for (size_t i = 0; i < moved->parts.size(); ++i)
          known.displaced.push_back(
              media({moved->id, greeting_kind::normal, static_cast<uint8_t>(i)}));
    return box.decide(what, known);
  }

  /// Carries out what it comes to; the parcel for the other copies.
  op::absorb change(const command& what) {
    auto decided = decide(what);
    op::absorb out;
    if (!decided || !decided->changes())
      return out;
    out.delta = decided->delta;
    for (const auto& row : decided->media)
      if (!row.erase)
        out.rows.push_back(
            {row.message, row.message ? row.part : static_cast<uint8_t>(row.greeting), row.bytes});
    carry_out(*decided);
    return out;
  }

  std::string take(const op::absorb& from) {
    auto decided = decide({nullptr, {}, box.state().id, from});
    if (!decided)
      return decided.error().reason;
    BOOST_TEST((!decided->changes() || decided->silent()));
    BOOST_TEST(decided->notifications.empty());
    carry_out(*decided);
    return "taken";
  }

  /// Everything of it, a message at a time, the settings last: as a new copy is seeded.
  std::vector<op::absorb> seed() const {
    std::vector<op::absorb> out;
    for (const auto& [id, message] : box.state().messages) {
      op::absorb part;
      part.delta.id = box.state().id;
      part.delta.messages.emplace(id, message);
      for (size_t i = 0; i < message.parts.size(); ++i)
        part.rows.push_back(
            {id, static_cast<uint8_t>(i), media({id, {}, static_cast<uint8_t>(i)}).value()});
      out.push_back(std::move(part));
    }
    op::absorb settings;
    settings.delta.id = box.state().id;
    settings.delta.profile = box.state().profile;
    for (uint8_t kind = 0; kind < greeting_kinds; ++kind)
      if (auto bytes = media({std::nullopt, static_cast<greeting_kind>(kind), 0}))
        settings.rows.push_back({std::nullopt, kind, *bytes});
    out.push_back(std::move(settings));
    return out;
  }

  /// Each message that can be handed out has its media, and nothing else is kept.
  void check_media() const {
    size_t wanted = 0;
    for (const auto& [id, message] : box.state().messages)
      for (size_t i = 0; i < message.parts.size(); ++i, ++wanted) {
        auto bytes = media({id, greeting_kind::normal, static_cast<uint8_t>(i)});
        BOOST_TEST_REQUIRE(bytes.has_value());
        BOOST_TEST((checksum(bytes->view()) == message.parts[i].content));
      }
    for (uint8_t kind = 0; kind < greeting_kinds; ++kind) {
      const auto& greeting = box.state().profile.greetings[kind].value;
      if (greeting.type == media_type::unknown)
        continue;
      ++wanted;
      auto bytes = media({std::nullopt, static_cast<greeting_kind>(kind), 0});
      BOOST_TEST_REQUIRE(bytes.has_value());
      BOOST_TEST((checksum(bytes->view()) == greeting.content));
    }
    BOOST_TEST(disk.size() == wanted);
    BOOST_TEST((box.counts() == count(box.state())));
  }
};

struct copies : model_fixture {
  random_source draw{test_seed()};

  op::create creation() const {
    return {"acme", "eu1", {{alias_kind::number, number}}, "hash", "en", "UTC", std::nullopt};
  }

  static op::deposit voicemail(char fill, size_t parts = 1) {
    op::deposit out{message_format::voicemail, "+15055551212", 1'799'000'000'000, 0, false, {}};
    for (size_t i = 0; i < parts; ++i)
      out.parts.push_back(audio(5 + i, fill));
    return out;
  }

  mailbox_op any_op(const mailbox_state& of) {
    message_ref one;
    if (!of.messages.empty())
      one.id = draw.pick(of.messages).first;
    auto kind = static_cast<greeting_kind>(draw.below(3));
    switch (draw.below(8)) {
    case 0:
    case 1:
    case 2: // one id, two contents: the copies must keep both
      return voicemail(static_cast<char>('a' + draw.below(2)), 1 + draw.below(2));
    case 3:
      return op::set_flags{one, static_cast<uint8_t>(draw.below(16)), 0};
    case 4:
      return op::remove{one, channel::out_of_band, {}, draw.one_in(2)};
    case 5:
      return op::set_greeting{kind, draw.one_in(3) ? std::nullopt
                                                   : std::optional{audio(1 + draw.below(3))}};
    case 6:
      return op::locate{draw.one_in(2) ? "us1" : "eu1"};
    default:
      return op::set_preferences{draw.one_in(2) ? "fr" : "de", "", toggle::unchanged};
    }
  }
};

} // namespace

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
  BOOST_TEST(abroad.box.admit(ask(voicemail('a'), "2")).error().reason == "mailbox_leaving");
  BOOST_TEST(abroad.take(home.change(ask(voicemail('a'), "3"))) == "taken");
  BOOST_TEST(abroad.box.state().profile.sealed);
  BOOST_TEST((state_digest(abroad.box.state()) == state_digest(home.box.state())));
  abroad.carry_out(abroad.decide(own(op::drop{})).value());
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
  abroad.carry_out(abroad.decide(own(op::drop{})).value());
  for (const auto& part : standby)
    BOOST_TEST(abroad.take(part) == "taken");
  const auto second = abroad.change(ask(voicemail('b'), "2"));
  BOOST_TEST(second.delta.messages.begin()->second.uid > first.delta.messages.begin()->second.uid);
  BOOST_TEST((abroad.box.state().profile.pin_shares == attempts));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
