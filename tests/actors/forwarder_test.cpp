// Requests that arrive at any node of a cluster: who serves them, who is asked next, and what is
// said when nobody can. Without sockets, in virtual time (tests/support/cluster_stage.hpp).
#include "tests/support/three_nodes.hpp"

namespace restante {

namespace {

using namespace std::chrono_literals;

op::deposit on_two_disks(op::deposit what) {
  what.until = op::durability::replicated;
  return what;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(forwarding, three_nodes)

BOOST_AUTO_TEST_CASE(a_deposit_may_arrive_anywhere_and_is_stored_at_home) {
  BOOST_TEST(deposit_at("boston", "far") == "accepted");
  BOOST_TEST(messages("boston") == 0u);
  BOOST_TEST(messages(home) == 1u);
  BOOST_TEST(messages(standby) == 1u);
  BOOST_TEST(deposit_at(standby, "near") == "accepted");
  BOOST_TEST(messages(home) == 2u);
}

BOOST_AUTO_TEST_CASE(an_answer_that_was_passed_on_is_the_answer) {
  BOOST_TEST(deposit_at("boston", "one") == "accepted");
  BOOST_TEST(ask_at("boston", op::retrieve{{std::nullopt, 12'345}}, "r") == "message_not_found");
  auto& boston = (*this)["boston"];
  auto listed = boston.ask_here(id, op::list{}, "l");
  settle();
  auto headers = listed.as<answer::listing>().headers;
  BOOST_REQUIRE(headers.size() == 1u);
  auto got = boston.ask_here(id, op::retrieve{{headers.front().id, 0}}, "g");
  settle();
  BOOST_TEST(got.reason() == "accepted");
  BOOST_TEST(
      (got.as<answer::message>().parts.front().bytes == boston.voicemail().parts.front().bytes));
}

BOOST_AUTO_TEST_CASE(where_its_subscriber_roams_a_mailbox_is_served_without_home) {
  BOOST_TEST(ask_at("boston", op::locate{"us1"}, "travel") == "accepted");
  cut("boston", home);
  cut("boston", standby);
  BOOST_TEST(deposit_at("boston", "abroad") == "accepted");
  BOOST_TEST(messages("boston") == 1u);
  BOOST_TEST(messages(home) == 0u);
  BOOST_TEST(deposit_at(home, "at home") == "accepted");
  heal("boston", home);
  heal("boston", standby);
  pass(3s);
  for (const auto& [name, node] : nodes)
    BOOST_TEST(messages(name) == 2u);
}

BOOST_AUTO_TEST_CASE(who_cannot_reach_home_says_so_and_stores_nothing) {
  cut("boston", home);
  cut("boston", standby);
  BOOST_TEST(deposit_at("boston", "far") == "mailbox_unreachable");
  for (const auto& [name, node] : nodes)
    BOOST_TEST(messages(name) == 0u);
}

BOOST_AUTO_TEST_CASE(the_standby_answers_for_a_home_that_is_gone) {
  BOOST_TEST(deposit_at("boston", "before") == "accepted");
  lose(home);
  BOOST_TEST(deposit_at("boston", "after") == "accepted"); // asked next, before the grace is over
  BOOST_TEST(deposit_at("boston", "before") == "accepted");
  BOOST_TEST(messages(standby) == 2u);
  pass(6s);
  BOOST_TEST(deposit_at("boston", "later") == "accepted");
  BOOST_TEST(messages(standby) == 3u);
}

BOOST_AUTO_TEST_CASE(a_home_that_comes_back_serves_when_it_has_what_it_missed) {
  lose(home);
  BOOST_TEST(deposit_at("boston", "meanwhile") == "accepted");
  auto& back = (*this)[home];
  back.start_again();
  auto early = back.ask_here(id, back.voicemail('e'), "early");
  settle();
  BOOST_TEST(early.reason() == "mailbox_unreachable");
  find(home);
  pass(3s);
  BOOST_TEST(messages(home) == 1u);
  BOOST_TEST(deposit_at(home, "again") == "accepted");
  BOOST_TEST(messages(home) == 2u);
}

BOOST_AUTO_TEST_CASE(a_node_whose_peers_stay_away_serves_after_the_grace) {
  for (const auto* name : {"paris", "lyon", "boston"})
    lose(name);
  auto& alone = (*this)[home];
  down.erase(home);
  alone.start_again();
  pass(1s);
  BOOST_TEST(deposit_at(home, "too early") != "accepted");
  pass(5s);
  BOOST_TEST(deposit_at(home, "alone") == "accepted");
}

BOOST_AUTO_TEST_CASE(a_deposit_waits_for_a_second_disk_when_it_is_to) {
  auto& at = (*this)[home];
  auto done = at.ask_here(id, on_two_disks(at.voicemail()), "two");
  settle();
  BOOST_TEST(done.reason() == "accepted");
  BOOST_TEST(messages(standby) == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_second_disk_the_outcome_is_unknown_and_the_deposit_is_there) {
  auto& at = (*this)[home];
  for (const auto& [name, node] : nodes)
    if (name != home)
      cut(home, name);
  auto first = at.ask_here(id, on_two_disks(at.voicemail()), "two");
  pass(11s);
  BOOST_TEST(first.reason() == "copy_missing");
  BOOST_TEST(messages(home) == 1u);
  auto again = at.ask_here(id, on_two_disks(at.voicemail()), "two");
  pass(2s);
  BOOST_TEST(again.answers() == 0u);
  for (const auto& [name, node] : nodes)
    if (name != home)
      heal(home, name);
  pass(2s);
  BOOST_TEST(again.reason() == "accepted");
  BOOST_TEST(messages(standby) == 1u);
}

// It came by replication: that the log here is on a second disk says nothing of it.
BOOST_AUTO_TEST_CASE(a_deposit_that_is_repeated_waits_for_a_second_disk_too) {
  auto what = leave_at_home_only("abroad");
  what.until = op::durability::replicated;
  auto repeated = (*this)[home].ask_here(id, what, "abroad");
  settle();
  BOOST_TEST(repeated.reason() == "accepted");
  BOOST_TEST(messages(standby) == 2U);
  cut(home, standby);
  auto alone = (*this)[home].ask_here(id, what, "abroad");
  pass(limits::deadline_default + 1s);
  BOOST_TEST(alone.reason() == "copy_missing");
}

BOOST_AUTO_TEST_CASE(a_peer_that_falls_silent_leaves_the_outcome_unknown) {
  auto& boston = (*this)["boston"];
  auto done = boston.ask_here(id, boston.voicemail(), "lost");
  boston.run(); // on its way
  cut("boston", home);
  BOOST_TEST(done.reason() == "peer_interrupted");
}

BOOST_AUTO_TEST_CASE(every_node_knows_every_tenant_also_who_was_away) {
  tenant_record fresh = *(*this)["paris"].rival;
  fresh.name = "fresh";
  fresh.public_key = std::string(32, 'f');
  auto& paris = (*this)["paris"];
  lose("boston");
  tenant_record agent = fresh; // told before "fresh", were it by names
  agent.name = "agent";
  agent.public_key = std::string(32, 'a');
  agent.is = role::sms_gateway;
  agent.serves = {"fresh"};
  for (const auto& each : {fresh, agent}) {
    auto added =
        paris.ask(directory_actor{paris.forwarder()},
                  paris.request_of(ask::tenant_add{each}, "add " + each.name, paris.admin));
    settle();
    BOOST_TEST(added.reason() == "accepted");
  }
  BOOST_TEST(bool{(*this)["lyon"].tenants->find("fresh")});
  BOOST_TEST(!(*this)["boston"].tenants->find("fresh"));
  find("boston");
  BOOST_TEST(bool{(*this)["boston"].tenants->find("fresh")});
  BOOST_TEST(bool{(*this)["boston"].tenants->find("agent")});
  auto revoked = paris.ask(directory_actor{paris.forwarder()},
                           paris.request_of(ask::tenant_revoke{"fresh"}, "revoke", paris.admin));
  settle();
  BOOST_TEST(revoked.reason() == "accepted");
  for (const auto& [name, node] : nodes)
    BOOST_TEST(node->tenants->find("fresh")->revoked);
}

BOOST_AUTO_TEST_CASE(a_registration_goes_to_the_node_that_will_be_home) {
  auto& boston = (*this)["boston"];
  ask::register_device what;
  what.number = "+15055550999";
  auto done = boston.ask(directory_actor{boston.forwarder()},
                         boston.request_of(what, "register", boston.acme));
  settle();
  auto there = done.as<answer::registered>().profile; // no prefix is known: here
  BOOST_TEST(there.region == "us1");
  BOOST_TEST(boston.on_disk(there.mailbox).exists());
}

BOOST_AUTO_TEST_CASE(every_copy_is_told_of_with_what_it_is_for) {
  BOOST_TEST(deposit_at(home, "one") == "accepted");
  BOOST_TEST(ask_at("boston", op::locate{"us1"}, "travel") == "accepted");
  auto told = [&](const std::string& at) {
    auto done = (*this)[at].ask_here(id, op::inspect{}, "i", "eu1", (*this)["paris"].admin);
    settle();
    std::string out;
    for (const auto& copy : done.as<answer::copies>().all)
      out += copy.node + " " + copy.role + " " +
             (!copy.problem.empty() ? "?"
              : copy.there          ? std::to_string(copy.messages)
                                    : "none") +
             ", ";
    return out;
  };
  const auto all = home + " home 1, " + standby + " standby 1, boston roaming 1, ";
  for (const auto& [name, node] : nodes)
    BOOST_TEST(told(name) == all);
  auto done = (*this)[home].ask_here(id, op::inspect{}, "i", "eu1", (*this)["paris"].admin);
  settle();
  const auto copies = done.as<answer::copies>().all;
  BOOST_TEST((copies[0].state == copies[1].state && copies[1].state == copies[2].state));
  cut("boston", home);
  BOOST_TEST(told(home) == home + " home 1, " + standby + " standby 1, boston roaming ?, ");
}

BOOST_AUTO_TEST_CASE(what_one_copy_cannot_read_is_read_from_another) {
  BOOST_TEST(deposit_at("boston", "one") == "accepted");
  const auto message = (*this)[home].on_disk(id).messages.begin()->first;
  const auto lose_media = [&](const std::string& node) {
    const row gone[] = {row::remove(family::media, media_key(id, message, 0))};
    BOOST_REQUIRE((*this)[node].store->rows.commit(gone));
  };
  lose_media(home);
  BOOST_TEST(ask_at("boston", op::retrieve{{message, 0}}, "r1") == "accepted");
  BOOST_TEST(ask_at(home, op::retrieve{{message, 0}}, "r2") == "accepted");
  lose_media(standby);
  BOOST_TEST(ask_at("boston", op::retrieve{{message, 0}}, "r3") == "media_damaged");
}

BOOST_AUTO_TEST_CASE(a_disk_that_does_not_give_back_a_mailbox_is_passed_over) {
  BOOST_TEST(deposit_at("boston", "one") == "accepted");
  const auto message = (*this)[home].on_disk(id).messages.begin()->first;
  (*this)[home].store->unreadable = true;
  BOOST_TEST(ask_at("boston", op::retrieve{{message, 0}}, "r1") == "accepted");
  BOOST_TEST(ask_at(home, op::retrieve{{message, 0}}, "r2") == "accepted");
  cut("boston", standby);
  BOOST_TEST(ask_at("boston", op::retrieve{{message, 0}}, "r3") == "mailbox_unreachable");
}

BOOST_AUTO_TEST_CASE(what_nobody_has_is_not_found) {
  id.bytes.fill(0x42);
  for (const auto& [name, node] : nodes) {
    BOOST_TEST(deposit_at(name, "d") == "subscriber_not_found");
    BOOST_TEST(ask_at(name, op::describe{}, "x", "zz9") == "subscriber_not_found");
  }
}

BOOST_AUTO_TEST_CASE(a_home_that_is_gone_for_good_is_no_missing_subscriber) {
  cut("paris", "boston");
  cut("lyon", "boston");
  pass(30s); // beyond the grace
  BOOST_TEST(ask_at("boston", op::describe{}, "x") == "mailbox_unreachable");
}

/// Every American number is at home in Europe.
struct abroad_by_plan : cluster_stage {
  abroad_by_plan()
      : cluster_stage{{{"paris", "eu1"}, {"boston", "us1"}}, 1, numbering_plan{{{"+1", "eu1"}}}} {
    pass(2s);
  }
};

BOOST_FIXTURE_TEST_CASE(who_is_activated_abroad_by_text_has_a_mailbox_at_home_and_there,
                        abroad_by_plan) {
  auto& boston = (*this)["boston"];
  sms::mobile_originated text{"1", stage::number, boston.acme->short_code, "ACTIVATE"};
  auto done = boston.ask(boston.desk, texted{boston.gateway, text});
  settle();
  BOOST_TEST(done.reason() == "accepted");
  pass(1s);
  auto known = (*this)["paris"].ask(
      directory_actor{(*this)["paris"].forwarder()},
      boston.request_of(
          ask::of_mailbox{{subscriber_ref::by::number, stage::number}, op::describe{}}, "d"));
  settle();
  auto profile = known.as<answer::profile>().id;
  BOOST_TEST(profile.region == "eu1");
  for (const auto& [name, node] : nodes)
    BOOST_TEST(node->on_disk(profile.mailbox).exists());
}

BOOST_FIXTURE_TEST_CASE(a_gateways_location_update_moves_a_mailbox_from_any_node, abroad_by_plan) {
  auto& boston = (*this)["boston"];
  auto made = (*this)["paris"].register_device();
  settle();
  auto moved = [&](const std::string& id, const std::string& who, const std::string& region) {
    auto done = boston.ask(boston.desk, located{boston.gateway, {id, who, region}});
    settle();
    pass(1s);
    return done.reason();
  };
  BOOST_TEST(!boston.on_disk(made).exists());
  BOOST_TEST(moved("1", stage::number, "us1") == "accepted");
  BOOST_TEST(boston.on_disk(made).exists());
  BOOST_TEST(boston.on_disk(made).profile.location.value == "us1");
  BOOST_TEST(moved("2", stage::number, "zz9") == "region_unknown");
  BOOST_TEST(moved("3", stage::number, "") == "accepted");
  BOOST_TEST(!boston.on_disk(made).exists());
  BOOST_TEST(moved("1", stage::number, "us1") == "accepted"); // a repeat, carried out long ago
  BOOST_TEST(!boston.on_disk(made).exists());
}

BOOST_AUTO_TEST_CASE(what_a_peer_may_not_pass_on_is_refused) {
  auto& boston = (*this)["boston"];
  auto heard = [&](request what, const std::string& tenant = "acme") {
    what.correlation = 77;
    what.deadline = 1s;
    auto events = std::make_shared<std::vector<peer_event>>();
    events->push_back(
        peer_inbound{"paris", false, peer::forward{5, tenant, 1s, encode_request(what)}});
    boston.tell(boston.forwarder(), events);
    boston.run();
    BOOST_REQUIRE(!wire.empty());
    auto out = std::get<peer::answer>(wire.back().second.what);
    BOOST_TEST(out.correlation == 5u);
    auto read = decode_reply(out.what.envelope, out.what.media);
    return std::string{as_said(std::get<failure>(read->what)).reason};
  };
  request by_number{0, 1s, "r",
                    ask::of_mailbox{{subscriber_ref::by::number, stage::number}, op::describe{}}};
  BOOST_TEST(heard(by_number) == "operation_not_passed_on");
  BOOST_TEST(heard({0, 1s, "r", ask::status{}}) == "operation_not_passed_on");
  request described{0, 1s, "r",
                    ask::of_mailbox{{subscriber_ref::by::profile, to_string(profile_id{"eu1", id})},
                                    op::describe{}}};
  BOOST_TEST(heard(described) == "subscriber_not_found"); // and not asked of anybody else
  BOOST_TEST(heard(described, "nobody") == "subscriber_not_found");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
