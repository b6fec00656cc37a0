// The directory: registration, aliases, tenants and listings.
#include "actors/directory.hpp"
#include "tests/support/stage.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

constexpr const char* other_imei = "356938035643809";

struct one_directory : stage {
  static ask::register_device device(std::string the_number, std::string the_imei = {}) {
    ask::register_device out;
    out.number = std::move(the_number);
    out.imei = std::move(the_imei);
    return out;
  }

  [[nodiscard]] size_t mailboxes() const {
    return store->rows.scan(family::profiles, {}, {}, SIZE_MAX).value().size();
  }

  /// The mailbox an alias row names.
  [[nodiscard]] std::optional<mailbox_id> named(const alias& name) const {
    auto row = store->rows.get(family::aliases, alias_key(name)).value();
    return row ? std::optional{decode_alias_target(row->view()).value().mailbox} : std::nullopt;
  }

  call answer_of(operation what, const std::string& id, tenant_ptr who = nullptr) {
    auto out = ask_directory(std::move(what), id, std::move(who));
    run();
    return out;
  }

  static tenant_record new_tenant(std::string name, char key_byte = 'k') {
    tenant_record out;
    out.name = std::move(name);
    out.public_key = std::string(32, key_byte);
    return out;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(directory_test, one_directory)

BOOST_AUTO_TEST_CASE(a_registration_is_durable_before_it_is_answered) {
  tell(held, hold{});
  auto done = answer_of(device(number, imei), "r-1");
  BOOST_TEST(done.answers() == 0u);
  BOOST_TEST(mailboxes() == 0u);
  tell(held, let_go{});
  run();
  auto id = done.as<answer::registered>().profile.mailbox;
  BOOST_TEST(!done.as<answer::registered>().already_had_access);
  BOOST_TEST((named({alias_kind::number, number}) == id));
  BOOST_TEST((named({alias_kind::imei, imei}) == id));
  BOOST_TEST(on_disk(id).profile.tenant == "acme");
  BOOST_TEST(texts_of(notice::welcome) == 1u);
}

BOOST_AUTO_TEST_CASE(two_registrations_at_once_of_one_number_give_one_mailbox) {
  auto first = ask_directory(device(number, imei), "r-1");
  auto second = ask_directory(device(number, other_imei), "r-2");
  auto third = ask_directory(device(number), "r-3");
  run();
  BOOST_TEST(mailboxes() == 1u);
  auto id = first.as<answer::registered>().profile.mailbox;
  BOOST_TEST(!first.as<answer::registered>().already_had_access);
  for (const auto* later : {&second, &third}) {
    BOOST_TEST((later->as<answer::registered>().profile.mailbox == id));
    BOOST_TEST(later->as<answer::registered>().already_had_access);
  }
}

BOOST_AUTO_TEST_CASE(many_registrations_in_any_order_give_each_number_one_mailbox) {
  random_source draw{test_seed()};
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed()) {
    const std::vector<std::string> imeis{imei, other_imei, ""};
    std::vector<call> calls;
    for (int i = 0; i < 60; ++i) {
      auto which = "+1505555018" + std::to_string(draw.below(4));
      calls.push_back(ask_directory(device(which, draw.pick(imeis)), "r" + std::to_string(i)));
      for (auto steps = draw.below(10); steps > 0 && step(draw); --steps) {
      }
    }
    run_shuffled(draw);
    check_all_answered();
    for (const auto& one : calls) {
      if (one.reason() != "accepted") {
        BOOST_TEST(one.reason() == "alias_taken"); // IMEI of one mailbox, number of another
        continue;
      }
      auto id = one.as<answer::registered>().profile.mailbox;
      for (const auto& name : on_disk(id).profile.aliases)
        BOOST_TEST((named(name) == id));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unfinished_registration_keeps_its_number) {
  tell(held, hold{});
  auto first = answer_of(device(number, imei), "r-1");
  advance(limits::commit_timeout);
  BOOST_TEST((first.code() == errc::outcome_unknown));
  // Its rows are on their way to the disk still; another device with the number must wait.
  auto second = answer_of(device(number, other_imei), "r-2");
  BOOST_TEST(second.answers() == 0u);
  tell(held, let_go{});
  run();
  BOOST_TEST(mailboxes() == 1u);
  BOOST_TEST(second.as<answer::registered>().already_had_access);
  auto retried = answer_of(device(number, imei), "r-1");
  BOOST_TEST(retried.as<answer::registered>().already_had_access);
}

BOOST_AUTO_TEST_CASE(a_number_of_another_tenant_is_a_conflict) {
  answer_of(device(number, imei), "r-1");
  auto by_number = answer_of(device(number), "r-2", rival);
  auto by_imei = answer_of(device("+15055550184", imei), "r-3", rival);
  BOOST_TEST((by_number.code() == errc::conflict));
  BOOST_TEST((by_imei.code() == errc::conflict));
  BOOST_TEST(mailboxes() == 1u);
  BOOST_TEST(!named({alias_kind::number, "+15055550184"}));
  // Nothing stays claimed: its owner can register the rest.
  BOOST_TEST(answer_of(device("+15055550184"), "r-4", rival).reason() == "accepted");
}

BOOST_AUTO_TEST_CASE(names_of_two_mailboxes_are_a_conflict) {
  answer_of(device(number), "r-1");
  answer_of(device({}, imei), "r-2");
  BOOST_TEST((answer_of(device(number, imei), "r-3").code() == errc::conflict));
}

BOOST_AUTO_TEST_CASE(a_known_device_changes_nothing_but_is_told_so) {
  auto id = answer_of(device(number), "r-1").as<answer::registered>().profile.mailbox;
  auto before = on_disk(id);
  auto changes = store->rows.last(family::changes).value()->key;
  auto again = device(number);
  again.pin = "314159";
  again.language = "fr";
  auto done = answer_of(again, "r-2");
  BOOST_TEST(done.as<answer::registered>().already_had_access);
  BOOST_TEST((done.as<answer::registered>().profile.mailbox == id));
  BOOST_TEST((on_disk(id) == before));
  BOOST_TEST(store->rows.last(family::changes).value()->key == changes);
  BOOST_TEST(texts_of(notice::already_active) == 1u);
  answer_of(again, "r-2"); // a repeat is the same text
  BOOST_TEST(texts_of(notice::already_active) == 1u);
}

BOOST_AUTO_TEST_CASE(a_refused_registration_claims_nothing) {
  auto bad = device(number);
  bad.pin = "111111";
  BOOST_TEST(answer_of(bad, "r-1").reason() == "pin_trivial");
  BOOST_TEST(answer_of(device({}), "r-2").reason() == "identifier_missing");
  store->full = true;
  BOOST_TEST((answer_of(device(number), "r-3").code() == errc::storage_full));
  BOOST_TEST(mailboxes() == 0u);
  store->full = false;
  BOOST_TEST(!answer_of(device(number), "r-4").as<answer::registered>().already_had_access);
}

BOOST_AUTO_TEST_CASE(a_stopping_directory_answers_every_registration) {
  tell(held, hold{});
  answer_of(device(number, imei), "r-1");
  answer_of(device(number, other_imei), "r-2");
  caf::anon_send_exit(directory, caf::exit_reason::user_shutdown);
  run();
  check_all_answered();
}

BOOST_AUTO_TEST_CASE(a_subscriber_is_found_by_every_name_and_by_no_other_tenant) {
  auto id = answer_of(device(number, imei), "r-1").as<answer::registered>().profile.mailbox;
  const subscriber_ref names[] = {{subscriber_ref::by::number, number},
                                  {subscriber_ref::by::imei, imei},
                                  {subscriber_ref::by::profile, to_string(profile_id{"eu1", id})}};
  for (const auto& name : names) {
    ask::of_mailbox what{name, op::describe{}};
    BOOST_TEST((answer_of(what, "d").as<answer::profile>().id.mailbox == id));
    BOOST_TEST((answer_of(what, "d", portal).as<answer::profile>().id.mailbox == id));
    auto foreign = answer_of(what, "d", rival);
    auto nobody = answer_of(
        ask::of_mailbox{{subscriber_ref::by::number, "+15055559999"}, op::describe{}}, "d");
    BOOST_TEST((foreign.as<failure>() == nobody.as<failure>()));
  }
}

BOOST_AUTO_TEST_CASE(tenants_are_kept_across_a_restart) {
  auto added = answer_of(ask::tenant_add{new_tenant("zeta")}, "t-1", admin);
  BOOST_TEST(added.as<answer::done>().changed);
  BOOST_TEST(!answer_of(ask::tenant_add{new_tenant("zeta")}, "t-1", admin)
                  .as<answer::done>()
                  .changed); // a repeat
  auto kept = load_tenants(*store).value();
  BOOST_REQUIRE_EQUAL(kept.size(), 1u);
  BOOST_TEST((kept[0].name == "zeta" && kept[0].public_key == new_tenant("zeta").public_key));
  BOOST_TEST(tenants->find_by_key(std::string(32, 'k'))->name == "zeta");

  BOOST_TEST(answer_of(ask::tenant_revoke{"zeta"}, "t-2", admin).as<answer::done>().changed);
  BOOST_TEST(!answer_of(ask::tenant_revoke{"zeta"}, "t-3", admin).as<answer::done>().changed);
  BOOST_TEST(load_tenants(*store).value().front().revoked);
  BOOST_TEST(!tenants->find_by_key(std::string(32, 'k')));
  auto listed = answer_of(ask::tenant_list{}, "t-4", admin);
  BOOST_TEST(listed.as<answer::tenants>().all.size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_tenant_is_not_seen_before_it_is_on_disk) {
  tell(held, hold{});
  auto added = answer_of(ask::tenant_add{new_tenant("zeta")}, "t-1", admin);
  BOOST_TEST(added.answers() == 0u);
  BOOST_TEST(!tenants->find("zeta"));
  tell(held, refuse_held{{errc::storage_full, "disk_reserve", "for the test"}});
  run();
  BOOST_TEST((added.code() == errc::storage_full));
  BOOST_TEST(!tenants->find("zeta"));
}

BOOST_AUTO_TEST_CASE(a_bad_tenant_is_refused) {
  auto refusal = [&](tenant_record what) {
    return answer_of(ask::tenant_add{std::move(what)}, "t", admin).reason();
  };
  BOOST_TEST(refusal(new_tenant("Zeta")) == "tenant_name_malformed");
  BOOST_TEST(refusal(new_tenant("acme")) == "tenant_exists");
  auto boss = new_tenant("zeta");
  boss.is = role::operator_;
  BOOST_TEST(refusal(boss) == "tenant_role_reserved");
  auto keyless = new_tenant("zeta");
  keyless.public_key.clear();
  BOOST_TEST(refusal(keyless) == "tenant_key_malformed");
  auto foreign = new_tenant("zeta");
  foreign.language = "klingon";
  BOOST_TEST(refusal(foreign) == "language_unknown");
  answer_of(ask::tenant_add{new_tenant("zeta")}, "t", admin);
  BOOST_TEST(refusal(new_tenant("eta")) == "tenant_key_taken");
}

BOOST_AUTO_TEST_CASE(only_the_operator_administers) {
  for (const auto& who : {acme, portal, gateway})
    for (const operation& what :
         {operation{ask::tenant_add{new_tenant("zeta")}}, operation{ask::tenant_list{}},
          operation{ask::tenant_revoke{"rival"}}, operation{ask::subscriber_list{}},
          operation{ask::records{}}, operation{ask::status{}}})
      BOOST_TEST(answer_of(what, "t", who).reason() == "operation_not_yours");
  BOOST_TEST(!tenants->find("rival")->revoked);
}

BOOST_AUTO_TEST_CASE(subscribers_are_listed_in_pages) {
  std::set<std::string> all, seen;
  for (int i = 0; i < 5; ++i) {
    auto which = "+1505555018" + std::to_string(i);
    all.insert(which);
    answer_of(device(which), "r" + which);
  }
  answer_of(device("+15055550190"), "r-other", rival);
  ask::subscriber_list what{"acme", {}, 2};
  for (int page = 0; page < 4; ++page) {
    auto got = answer_of(what, "l", admin).as<answer::subscribers>().page;
    BOOST_TEST(got.size() == (page < 2 ? 2u : page == 2 ? 1u : 0u));
    for (const auto& one : got) {
      BOOST_TEST(one.tenant == "acme");
      seen.insert(one.number);
      what.after = one.id.mailbox;
    }
  }
  BOOST_TEST((seen == all));
}

BOOST_AUTO_TEST_CASE(a_listing_that_finds_nobody_lets_others_in_between_and_ends_in_time) {
  auto id = answer_of(device(number), "r-1").as<answer::registered>().profile.mailbox;
  profile_state of_another;
  of_another.tenant = "rival";
  for (int i = 0; i < 2'000; ++i) {
    std::vector<row> rows;
    append_profile_row(rows, *mailbox_id::from(random_bytes(16)), of_another);
    BOOST_REQUIRE(store->rows.commit(rows));
  }
  ask::subscriber_list of_nobody{"portal", {}, 10};
  auto listed = ask_directory(of_nobody, "l-1", admin);
  auto described =
      ask_directory(ask::of_mailbox{{subscriber_ref::by::number, number}, op::describe{}}, "d-1");
  while (described.answers() == 0 && !sched.jobs.empty())
    sched.run_once();
  BOOST_TEST((described.as<answer::profile>().id.mailbox == id));
  BOOST_TEST(listed.answers() == 0u);
  run();
  BOOST_TEST(listed.as<answer::subscribers>().page.empty()); // there are none

  auto late = ask_directory(of_nobody, "l-2", admin);
  for (int i = 0; i < 6; ++i)
    sched.run_once();
  BOOST_TEST(late.answers() == 0u);
  sched.advance_time(limits::deadline_default - std::chrono::milliseconds{1});
  run();
  BOOST_TEST(late.reason() == "listing_unfinished"); // there may be some
}

BOOST_AUTO_TEST_CASE(records_are_listed_from_where_one_left_off) {
  auto id = answer_of(device(number), "r-1").as<answer::registered>().profile.mailbox;
  deposit(id, "d-1");
  deposit(id, "d-2", 'b');
  auto first = answer_of(ask::records{0, 0, 2, false}, "l", admin).as<answer::records>().page;
  BOOST_REQUIRE_EQUAL(first.size(), 2u);
  BOOST_TEST(first[0].what.kind == to_string(cause::registered));
  BOOST_TEST(first[1].what.kind == to_string(cause::deposited));
  auto next = answer_of(ask::records{first[1].day, first[1].sequence, 0, false}, "l", admin)
                  .as<answer::records>()
                  .page;
  BOOST_REQUIRE_EQUAL(next.size(), 1u);
  BOOST_TEST(next[0].sequence == first[1].sequence + 1);
}

BOOST_AUTO_TEST_CASE(the_status_is_the_nodes) {
  auto figures = answer_of(ask::status{}, "s", admin).as<answer::status>().figures;
  BOOST_TEST(!figures.empty());
}

BOOST_AUTO_TEST_CASE(a_registration_that_is_repeated_all_the_time_keeps_nobody_else_out) {
  tell(held, hold{});
  ask::register_device same;
  same.number = "+15055550160";
  std::vector<call> repeats;
  for (size_t i = 0; i < 2 * limits::load_waiting_max; ++i)
    repeats.push_back(ask_directory(same, "r" + std::to_string(i)));
  run();
  BOOST_TEST(repeats.back().reason() == "registrations_waiting");
  ask::register_device other;
  other.number = "+15055550161";
  auto rivals = ask_directory(other, "rival", rival);
  tell(held, let_go{});
  run();
  BOOST_TEST(rivals.reason() == "accepted");
  BOOST_TEST(repeats.front().reason() == "accepted");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
