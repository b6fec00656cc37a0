// Nodes that ship to each other what happened on them: roaming, cuts, restarts. Without sockets, in
// virtual time (tests/support/cluster_stage.hpp).
#include "actors/outgoing.hpp"
#include "schemas/big_endian.hpp"
#include "schemas/checksum.hpp"
#include "tests/support/cluster_stage.hpp"

namespace restante {

namespace {

/// Two regions of one node each.
struct two_regions : cluster_stage {
  two_regions() : cluster_stage{{{"paris", "eu1"}, {"boston", "us1"}}} {}

  cluster_node& home = (*this)["paris"];
  cluster_node& abroad = (*this)["boston"];

  mailbox_id roamer(const std::string& number = stage::number) {
    auto id = home.register_device(number);
    settle();
    return id;
  }

  void locate(cluster_node& at, const mailbox_id& id, const std::string& region,
              const std::string& request) {
    auto done = at.ask_node(id, op::locate{region}, request);
    settle();
    BOOST_TEST(done.reason() == "accepted");
  }

  void deposit(cluster_node& at, const mailbox_id& id, const std::string& request,
               char fill = 'a') {
    auto done = at.ask_node(id, at.voicemail(fill), request);
    settle();
    BOOST_TEST(done.reason() == "accepted");
  }

  std::string alter(cluster_node& at, const mailbox_id& id, mailbox_op what,
                    const std::string& request) {
    auto done = at.ask_node(id, std::move(what), request);
    settle();
    return done.reason();
  }

  /// Both have the same, media too.
  void check_equal(const mailbox_id& id) {
    auto a = home.on_disk(id), b = abroad.on_disk(id);
    BOOST_TEST((state_digest(a) == state_digest(b)));
    for (auto* node : {&home, &abroad})
      for (const auto& [message, record] : a.messages)
        for (size_t part = 0; part < record.parts.size(); ++part) {
          auto bytes =
              node->store->get(family::media, media_key(id, message, static_cast<uint8_t>(part)));
          BOOST_TEST((bytes && *bytes && checksum((*bytes)->view()) == record.parts[part].content));
        }
  }

  bool holds(cluster_node& at, const mailbox_id& id) { return at.on_disk(id).exists(); }
};

std::shared_ptr<watched_store> copy_of(const watched_store& from) {
  auto out = std::make_shared<watched_store>();
  for (size_t i = 0; i < family_count; ++i) {
    const auto in = static_cast<family>(i);
    std::vector<row> rows;
    const auto page = from.rows.scan(in, {}, {}, SIZE_MAX);
    for (const auto& entry : page.value())
      rows.push_back(row::put(in, entry.key, std::string{entry.value}));
    BOOST_REQUIRE(out->rows.commit(rows).has_value());
  }
  return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(replication, two_regions)

BOOST_AUTO_TEST_CASE(a_mailbox_follows_its_subscriber_and_what_comes_at_home_reaches_it) {
  auto id = roamer();
  deposit(home, id, "before");
  BOOST_TEST(!holds(abroad, id));
  locate(home, id, "us1", "l");
  BOOST_TEST(holds(abroad, id));
  check_equal(id);
  deposit(home, id, "after");
  BOOST_TEST(abroad.on_disk(id).messages.size() == 2u);
  check_equal(id);
}

BOOST_AUTO_TEST_CASE(what_was_just_written_is_shipped_without_being_read) {
  auto id = roamer();
  locate(home, id, "us1", "l");
  deposit(home, id, "before");
  home.store->unreadable = true;
  deposit(home, id, "after");
  home.store->unreadable = false;
  BOOST_TEST(abroad.on_disk(id).messages.size() == 2u);
  check_equal(id);
}

BOOST_AUTO_TEST_CASE(who_is_cut_off_goes_on_and_both_sides_are_equal_afterwards) {
  auto id = roamer();
  for (int i = 0; i < 3; ++i)
    deposit(home, id, "before" + std::to_string(i));
  locate(home, id, "us1", "l");
  cut("paris", "boston");
  auto first = home.on_disk(id).messages.begin()->first;
  auto last = home.on_disk(id).messages.rbegin()->first;
  BOOST_TEST(alter(abroad, id, op::set_flags{{first, 0}, saved, 0}, "save") == "accepted");
  BOOST_TEST(alter(abroad, id, op::remove{{last, 0}, channel::out_of_band, {}, true}, "purge") ==
             "accepted");
  deposit(abroad, id, "abroad", 'b');
  deposit(home, id, "home", 'c');
  BOOST_TEST(alter(home, id, op::set_flags{{last, 0}, played, 0}, "hear") == "accepted");
  heal("paris", "boston");
  check_equal(id);
  auto box = home.on_disk(id);
  BOOST_TEST(box.messages.size() == 5u);
  BOOST_TEST(box.messages.at(last).purged);
  BOOST_TEST(box.messages.at(first).has(saved));
  std::set<uint32_t> numbers;
  for (const auto& [message, record] : box.messages)
    BOOST_TEST(numbers.insert(record.uid).second);
}

BOOST_AUTO_TEST_CASE(who_comes_home_leaves_nothing_abroad_and_nothing_behind) {
  auto id = roamer();
  deposit(home, id, "before");
  locate(home, id, "us1", "l");
  deposit(abroad, id, "abroad");
  locate(home, id, "eu1", "back");
  pass(std::chrono::seconds{2});
  BOOST_TEST(!holds(abroad, id));
  BOOST_TEST(home.on_disk(id).messages.size() == 2u);
  auto left = abroad.store->rows.scan(family::media, mailbox_prefix(id), {}, 10);
  BOOST_TEST((left && left->empty()));
}

BOOST_AUTO_TEST_CASE(a_return_learnt_while_cut_off_drops_the_copy_only_when_home_has_all) {
  auto id = roamer();
  locate(home, id, "us1", "l");
  cut("paris", "boston");
  deposit(abroad, id, "abroad");
  locate(abroad, id, "eu1", "back"); // the location update comes where the subscriber left
  pass(std::chrono::seconds{2});
  BOOST_TEST(holds(abroad, id));
  heal("paris", "boston");
  pass(std::chrono::seconds{2});
  BOOST_TEST(!holds(abroad, id));
  BOOST_TEST(home.on_disk(id).messages.size() == 1u);
  BOOST_TEST(home.on_disk(id).profile.location.value.empty());
}

// It came from a standby that is lost before home has heard of it.
BOOST_AUTO_TEST_CASE(what_only_the_leaving_copy_has_goes_home_before_it_is_dropped) {
  auto id = roamer();
  locate(home, id, "us1", "l");
  pass(std::chrono::seconds{2});
  deposit(home, id, "one");
  pass(std::chrono::seconds{2});
  op::absorb late;
  late.delta.id = id;
  late.delta.messages = home.on_disk(id).messages;
  auto record = late.delta.messages.begin()->second;
  late.delta.messages.clear();
  record.id.bytes.fill(0x77);
  record.uid += 8;
  late.delta.messages.emplace(record.id, record);
  const auto sound = home.voicemail('a').parts.front().bytes;
  late.rows.push_back({record.id, 0, sound});
  abroad.ask(abroad.node,
             std::make_shared<const command>(command{nullptr, {}, id, mailbox_op{late}}));
  locate(abroad, id, "eu1", "back");
  pass(std::chrono::seconds{2});
  BOOST_TEST(!holds(abroad, id));
  BOOST_TEST(home.on_disk(id).messages.contains(record.id));
  BOOST_TEST(home.store->get(family::media, media_key(id, record.id, 0)).value().has_value());
}

BOOST_AUTO_TEST_CASE(what_comes_when_the_copy_has_gone_does_not_stay) {
  auto id = roamer();
  deposit(home, id, "one");
  op::absorb late;
  late.delta.id = id;
  late.delta.messages = home.on_disk(id).messages;
  abroad.ask(abroad.node,
             std::make_shared<const command>(command{nullptr, {}, id, mailbox_op{late}}));
  abroad.run();
  BOOST_TEST(abroad.on_disk(id).messages.size() == 1u);
  pass(std::chrono::seconds{6});
  BOOST_TEST(abroad.on_disk(id).messages.empty());
  BOOST_TEST(!abroad.on_disk(id).exists());
}

BOOST_AUTO_TEST_CASE(a_copy_that_is_to_go_gets_ours_only_when_it_is_another) {
  auto id = roamer();
  deposit(home, id, "one");
  auto sent_after = [&](const digest& theirs) {
    auto events = std::make_shared<std::vector<peer_event>>();
    events->push_back(peer_inbound{"boston", false, peer::compare{99, {{id, theirs}}}});
    home.hear(events);
    home.advance(std::chrono::milliseconds{600});
    bool batch = false;
    for (const auto& [from, what] : wire)
      batch |= from == "paris" && std::holds_alternative<peer::batch>(what.what);
    settle();
    return batch;
  };
  BOOST_TEST(!sent_after(state_digest(home.on_disk(id))));
  BOOST_TEST(sent_after({}));
}

BOOST_AUTO_TEST_CASE(a_mailbox_whose_media_are_still_to_come_holds_up_nobody) {
  auto id = roamer(), other = roamer("+15055550184");
  deposit(home, id, "one");
  auto key = media_key(id, home.on_disk(id).messages.begin()->first, 0);
  auto bytes = home.store->get(family::media, key).value().value();
  std::vector<row> gone{row::remove(family::media, key)},
      there{row::put(family::media, key, bytes)};
  BOOST_TEST_REQUIRE(home.store->commit(gone).has_value());
  locate(home, id, "us1", "l");
  locate(home, other, "us1", "m");
  pass(std::chrono::seconds{1});
  BOOST_TEST(!holds(abroad, id));
  BOOST_TEST(holds(abroad, other));
  BOOST_TEST_REQUIRE(home.store->commit(there).has_value());
  pass(std::chrono::seconds{1});
  check_equal(id);
}

BOOST_AUTO_TEST_CASE(a_partition_that_was_not_the_peers_for_a_while_is_not_complete) {
  outgoing_state state;
  state.begin(1, 10);
  auto batch = state.sent(10, 1);
  state.seeded(5);
  state.seeded(6);
  state.unseed(5);
  BOOST_TEST(state.applied(batch));
  BOOST_TEST(!state.progress.seeded[5]);
  BOOST_TEST(state.progress.seeded[6]);
}

BOOST_AUTO_TEST_CASE(a_node_that_ends_and_comes_back_is_shipped_what_it_missed) {
  auto id = roamer();
  locate(home, id, "us1", "l");
  cut("paris", "boston");
  abroad.start_again();
  for (int i = 0; i < 5; ++i)
    deposit(home, id, std::to_string(i));
  home.start_again();
  heal("paris", "boston");
  check_equal(id);
  BOOST_TEST(abroad.on_disk(id).messages.size() == 5u);
}

BOOST_AUTO_TEST_CASE(a_node_whose_disk_is_lost_gets_all_it_is_to_hold_again) {
  auto id = roamer();
  for (int i = 0; i < 3; ++i)
    deposit(home, id, std::to_string(i));
  locate(home, id, "us1", "l");
  pass(std::chrono::seconds{1});
  cut("paris", "boston");
  abroad.store = std::make_shared<watched_store>();
  abroad.where.incarnation = 77;
  abroad.start_again();
  heal("paris", "boston");
  pass(std::chrono::seconds{1});
  BOOST_TEST(holds(abroad, id));
  check_equal(id);
}

BOOST_AUTO_TEST_CASE(a_quiet_cluster_ships_nothing_twice) {
  auto id = roamer();
  locate(home, id, "us1", "l");
  for (int i = 0; i < 20; ++i)
    deposit(home, id, std::to_string(i));
  pass(std::chrono::seconds{1});
  auto before = abroad.store->commits;
  pass(std::chrono::seconds{2});
  BOOST_TEST(abroad.store->commits == before);
}

BOOST_AUTO_TEST_CASE(names_are_known_everywhere) {
  roamer();
  auto done = abroad.store->get(family::aliases, alias_key({alias_kind::number, stage::number}));
  BOOST_TEST((done && *done));
}

BOOST_AUTO_TEST_CASE(a_deposit_can_wait_for_the_second_disk) {
  auto id = roamer();
  locate(home, id, "us1", "l");
  auto asked = [&](uint64_t sequence) {
    return home.ask(home.replicator,
                    await_copy{id, "eu1", "us1", sequence, std::chrono::seconds{5}});
  };
  deposit(home, id, "d");
  auto newest = parse_change_key(home.store->last(family::changes).value()->key).value();
  auto there = asked(newest);
  settle();
  BOOST_TEST(there.reason() == "accepted");
  cut("paris", "boston");
  deposit(home, id, "e");
  auto missing = asked(newest + 1);
  settle();
  BOOST_TEST(missing.answers() == 0u);
  pass(std::chrono::seconds{6});
  BOOST_TEST((missing.code() == errc::outcome_unknown));
}

// Its own log is as long as before: only what it had taken in is missing.
BOOST_AUTO_TEST_CASE(a_backup_from_before_what_came_from_a_peer_is_noticed_by_the_peer) {
  auto id = roamer();
  locate(home, id, "us1", "l");
  deposit(home, id, "before");
  pass(std::chrono::seconds{3});
  auto backup = copy_of(*home.store);
  deposit(abroad, id, "since");
  pass(std::chrono::seconds{3});
  BOOST_TEST(home.on_disk(id).messages.size() == 2u);
  cut("paris", "boston");
  home.store = backup;
  home.start_again();
  locate(abroad, id, "eu1", "back");
  heal("paris", "boston");
  pass(std::chrono::seconds{10});
  BOOST_TEST(home.on_disk(id).messages.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_gap_in_the_log_is_passed_and_what_was_in_it_found_by_comparing) {
  auto id = roamer();
  locate(home, id, "us1", "l");
  cut("paris", "boston");
  deposit(home, id, "a");
  const auto lost = home.store->last(family::changes).value()->key;
  deposit(home, id, "b");
  BOOST_REQUIRE(home.store->rows.commit(std::vector{row::remove(family::changes, lost)}));
  home.start_again();
  heal("paris", "boston");
  pass(std::chrono::seconds{6});
  BOOST_TEST(abroad.on_disk(id).messages.size() == 2u);
  check_equal(id);
  deposit(home, id, "c");
  check_equal(id);
}

BOOST_AUTO_TEST_CASE(a_store_from_a_backup_notices_and_gets_back_what_happened_since) {
  auto id = roamer();
  deposit(home, id, "before");
  locate(home, id, "us1", "l");
  pass(std::chrono::seconds{3});
  auto backup = copy_of(*home.store);
  deposit(home, id, "after");
  BOOST_TEST(abroad.on_disk(id).messages.size() == 2u);
  pass(std::chrono::seconds{3});
  cut("paris", "boston");
  home.store = backup;
  home.start_again();
  BOOST_TEST(home.fatal->empty());
  heal("paris", "boston");
  BOOST_REQUIRE(home.fatal->size() == 1u);
  BOOST_TEST(home.fatal->front().reason == "store_restored");
  const auto key = meta_key("incarnation");
  auto made = home.store->get(family::meta, key);
  BOOST_REQUIRE((made && *made));
  home.where.incarnation = from_big_endian((*made)->view()); // as the process would begin again
  cut("paris", "boston");
  home.start_again();
  heal("paris", "boston");
  pass(std::chrono::seconds{3});
  BOOST_TEST(home.fatal->size() == 1u);
  BOOST_TEST(home.on_disk(id).messages.size() == 2u);
  check_equal(id);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
