// A member of the cluster that breaks the rules: what it sends is refused and counted, its
// neighbours go on. Without sockets, in virtual time; how frames are refused before they are
// messages is in tests/schemas/peer_refusal_test.cpp, at the link in tests/bridges.
#include "schemas/checksum.hpp"
#include "tests/support/cluster_stage.hpp"

namespace restante {

namespace {

using namespace std::chrono_literals;

/// Mallory is a member whose messages the test makes up. Paris is at home in the same region.
struct bad_company : cluster_stage {
  bad_company() : cluster_stage{{{"paris", "eu1"}, {"boston", "us1"}, {"mallory", "eu1"}}, 2} {
    pass(2s);
    box = paris.register_device();
    settle();
    down.insert("mallory");
  }

  cluster_node& paris = (*this)["paris"];
  cluster_node& boston = (*this)["boston"];
  mailbox_id box;
  uint64_t number = 0; // of the last batch
  uint16_t spoken = 0; // version, as the last welcome had it

  peer::hello greeting() const {
    peer::hello out;
    out.cluster.bytes.fill(1);
    out.node = "mallory";
    out.region = "eu1";
    out.lane = 2;
    out.incarnation = 3;
    return out;
  }

  /// What Paris says to it.
  std::vector<peer::message> say(peer::message what) {
    auto events = std::make_shared<std::vector<peer_event>>();
    events->push_back(peer_inbound{"mallory", false, std::move(what)});
    paris.hear(events);
    for (auto& [name, node] : nodes)
      node->run();
    std::vector<peer::message> out;
    for (const auto& [from, sent] : wire)
      if (from == "paris" && sent.peer == "mallory" && !sent.ours)
        out.push_back(sent.what);
    settle();
    return out;
  }

  /// The reason it is refused for; "welcome" or "applied" when it is not.
  std::string verdict(peer::message what) {
    for (const auto& each : say(std::move(what))) {
      if (auto* why = std::get_if<failure>(&each))
        return why->reason;
      if (auto* not_taken = std::get_if<peer::stopped>(&each))
        return not_taken->why.reason;
      if (auto* taken = std::get_if<peer::welcome>(&each)) {
        spoken = taken->version;
        return "welcome";
      }
      if (std::holds_alternative<peer::applied>(each))
        return "applied";
    }
    return "silence";
  }

  void greet() {
    BOOST_TEST(verdict(greeting()) == "welcome");
    number = 0;
  }

  /// A change such as another holder of the mailbox would ship.
  change step() const {
    change out;
    out.mailbox = out.delta.id = box;
    out.what = cause::preferences_set;
    out.at = paris.environment->clock->next();
    out.owner = "acme";
    out.region = "eu1";
    out.delta.profile.language = {out.at, "fr"};
    return out;
  }

  peer::batch batch_of(const change& what, std::vector<peer::media_row> media = {}) {
    return {++number, 0, {{encode(what), std::move(media)}}};
  }

  std::string figure(const std::string& fact, const std::string& of = "peer.mallory.") {
    auto done = paris.ask(paris.replicator, node_status_request{});
    settle();
    for (const auto& [name, value] : done.as<answer::status>().figures)
      if (name == of + fact)
        return value;
    return "no such figure";
  }
  uint64_t refusals() { return std::stoull(figure("refused")); }

  std::string language() { return paris.on_disk(box).profile.language.value; }

  /// Paris serves, and Boston hears of what happens there.
  void others_go_on(const std::string& request) {
    auto moved = paris.ask_here(box, op::locate{"us1"}, request + "l");
    settle();
    BOOST_TEST(moved.reason() == "accepted");
    auto left = paris.ask_here(box, paris.voicemail('v'), request);
    settle();
    pass(1s);
    BOOST_TEST(left.reason() == "accepted");
    BOOST_TEST((state_digest(paris.on_disk(box)) == state_digest(boston.on_disk(box))));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(hostile_peers, bad_company)

BOOST_AUTO_TEST_CASE(an_honest_change_is_taken) {
  greet();
  BOOST_TEST(verdict(batch_of(step())) == "applied");
  BOOST_TEST(language() == "fr");
  BOOST_TEST(refusals() == 0U);
}

BOOST_AUTO_TEST_CASE(who_is_somebody_else_is_not_welcome) {
  auto with = [&](auto spoil) {
    auto out = greeting();
    spoil(out);
    return verdict(out);
  };
  using peer::hello;
  BOOST_TEST(with([](hello& v) { v.cluster.bytes.fill(2); }) == "cluster_other");
  BOOST_TEST(with([](hello& v) { v.node = "boston"; }) == "peer_unknown");
  BOOST_TEST(with([](hello& v) { v.region = "us1"; }) == "member_differs");
  BOOST_TEST(with([](hello& v) { v.lane = 0; }) == "member_differs");
  BOOST_TEST(with([](hello& v) { v.version_min = v.version_max = 9; }) == "version_unknown");
  BOOST_TEST(verdict(batch_of(step())) == "silence"); // not welcome: nothing of it is taken
  BOOST_TEST(language() != "fr");
  BOOST_TEST(refusals() == 5U);
  greet();
  others_go_on("a");
}

// A node of the next release speaks this version too.
BOOST_AUTO_TEST_CASE(two_adjacent_versions_talk_in_the_older_one) {
  auto newer = greeting();
  newer.version_max = peer::version_max + 1;
  BOOST_TEST(verdict(newer) == "welcome");
  BOOST_TEST(spoken == peer::version_max);
  number = 0;
  BOOST_TEST(verdict(batch_of(step())) == "applied");
  newer.version_min = peer::version_max + 1;
  BOOST_TEST(verdict(newer) == "version_unknown");
  BOOST_TEST(verdict(greeting()) == "welcome");
}

// Its process may have ended in between.
BOOST_AUTO_TEST_CASE(who_greets_and_falls_silent_is_waited_for_no_longer_than_the_grace) {
  paris.start_again();
  connect("paris");
  connect("boston");
  settle();
  BOOST_TEST(verdict(greeting()) == "welcome");
  const auto ready = [&] { return figure("ready", "cluster."); };
  pass(1s);
  BOOST_TEST(ready() == "no");
  pass(30s);
  BOOST_TEST(ready() == "yes");
}

BOOST_AUTO_TEST_CASE(a_status_says_why_a_peer_is_refused) {
  auto other = greeting();
  other.cluster.bytes.fill(2);
  BOOST_TEST(verdict(other) == "cluster_other");
  BOOST_TEST(figure("refused_here") == "cluster_other");
  greet();
  BOOST_TEST(figure("refused_here").empty());
}

BOOST_AUTO_TEST_CASE(changes_of_a_mailbox_it_does_not_hold_are_refused) {
  greet();
  auto theirs = step();
  theirs.region = "us1";
  BOOST_TEST(verdict(batch_of(theirs)) == "mailbox_not_yours");
  BOOST_TEST(language() != "fr");
  BOOST_TEST(verdict(batch_of(step())) == "silence"); // until the next hello
  BOOST_TEST(refusals() == 1U);
  greet();
  BOOST_TEST(verdict(batch_of(step())) == "applied");
  others_go_on("a");
}

BOOST_AUTO_TEST_CASE(batches_follow_each_other) {
  for (const auto jump : {int64_t{5}, int64_t{-1}, int64_t{0}}) {
    greet();
    BOOST_TEST(verdict(batch_of(step())) == "applied");
    auto next = batch_of(step());
    next.number = static_cast<uint64_t>(static_cast<int64_t>(next.number) - 1 + jump);
    BOOST_TEST(verdict(next) == (jump == 1 ? "applied" : "batch_out_of_order"));
  }
  BOOST_TEST(refusals() == 3U);
  others_go_on("a");
}

BOOST_AUTO_TEST_CASE(times_from_the_future_are_refused_and_nothing_of_them_is_kept) {
  greet();
  auto later = step();
  const auto ahead = limits::clock_offset_max + 5s;
  later.delta.profile.language.at.hlc +=
      static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(ahead).count()) << 16;
  BOOST_TEST(verdict(batch_of(later)) == "clock_ahead");
  BOOST_TEST(language() != "fr");
  BOOST_TEST(refusals() == 1U);
  others_go_on("a");
}

BOOST_AUTO_TEST_CASE(counts_of_more_stores_than_there_are_are_refused) {
  greet();
  auto many = step();
  for (uint64_t store = 0; store <= limits::pin_shares_max; ++store)
    many.delta.profile.pin_shares[store].failures = 1;
  BOOST_TEST(verdict(batch_of(many)) == "pin_shares_too_many");
  BOOST_TEST(language() != "fr");
  others_go_on("a");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_or_is_out_of_place_is_refused) {
  greet();
  BOOST_TEST(verdict(peer::batch{++number, 0, {{"no change", {}}}}) == "change_unreadable");
  greet();
  BOOST_TEST(verdict(peer::applied{1}) == "message_out_of_place");
  BOOST_TEST(refusals() == 2U);
  others_go_on("a");
}

BOOST_AUTO_TEST_CASE(pieces_come_in_order_and_are_not_collected_for_ever) {
  const chunk part{std::string(1000, 'p')};
  const peer::media_row whole{id_of<message_id>(9), 0, 3000, false, part};
  auto piece = [&](uint64_t offset) { return peer::piece{box, whole, offset}; };
  greet();
  BOOST_TEST(verdict(piece(0)) == "silence");
  BOOST_TEST(verdict(piece(2000)) == "pieces_disordered");
  greet();
  BOOST_TEST(verdict(piece(1000)) == "pieces_disordered");
  greet();
  auto endless = piece(0);
  endless.row.size = limits::media_bytes_max;
  BOOST_TEST(verdict(endless) == "silence");
  BOOST_TEST(verdict(endless) == "pieces_disordered"); // another before the first was whole
  // One whose pieces never came to an end is not taken for whole.
  greet();
  BOOST_TEST(verdict(piece(0)) == "silence");
  auto row = whole;
  row.in_pieces = true;
  row.bytes = {};
  BOOST_TEST(verdict(batch_of(step(), {row})) == "pieces_missing");
  BOOST_TEST(language() != "fr");
  others_go_on("a");
}

// A seed that never comes to its end: the mailbox does not exist for callers.
BOOST_AUTO_TEST_CASE(a_mailbox_that_never_comes_whole_is_not_served) {
  greet();
  auto part = step();
  part.what = cause::seeded;
  part.mailbox = part.delta.id = id_of<mailbox_id>(0x42);
  part.delta.profile = {};
  auto& message = part.delta.messages[id_of<message_id>(0x43)];
  message.id = id_of<message_id>(0x43);
  message.uid = 7;
  message.purged = true;
  BOOST_TEST(verdict(batch_of(part)) == "applied");
  BOOST_TEST(!paris.on_disk(part.mailbox).exists());
  pass(6s); // silent for so long, it is asked nothing any more
  auto asked = paris.ask_here(part.mailbox, op::describe{}, "x");
  settle();
  BOOST_TEST(asked.reason() == "subscriber_not_found");
  others_go_on("a");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
