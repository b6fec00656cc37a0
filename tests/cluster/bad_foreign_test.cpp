// What belongs to somebody else: other tenants' subscribers look like none, the operator's
// questions are not answered, and no page is longer than the limit.
#include "tests/cluster/engine_fixture.hpp"

namespace restante::cluster_tests {

namespace {

constexpr const char* not_found = "not_found subscriber_not_found";

struct foreign_fixture : engine_fixture {
  [[nodiscard]] operation mine(mailbox_op what) const { return of(profile, std::move(what)); }

  /// The reply's frame for an operation, to be compared byte by byte.
  static std::string reply_bytes(const identity& who, const subscriber_ref& to, mailbox_op what) {
    dealer socket{who};
    BOOST_REQUIRE(socket.send(
        encode_request({55, 10'000ms, "the same id", ask::of_mailbox{to, std::move(what)}})));
    auto got = socket.receive(patience);
    BOOST_REQUIRE(got);
    return got->envelope;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_foreign, foreign_fixture)

BOOST_AUTO_TEST_CASE(a_foreign_subscriber_and_an_unknown_one_look_the_same) {
  auto foreign = register_device(rival, "+15055550170");
  BOOST_TEST(deposit(rival, foreign) == "accepted");
  auto unknown = foreign;
  unknown.back() = unknown.back() == '0' ? '4' : '0'; // a bit of the id, not of its padding
  unknown[6] = unknown[6] == 'A' ? 'B' : 'A';
  BOOST_REQUIRE(parse_profile_id(unknown));
  const mailbox_op operations[] = {op::describe{},
                                   voicemail(),
                                   op::list{},
                                   op::retrieve{{std::nullopt, 1}, {}, {}, {}},
                                   op::retrieve{{std::nullopt, 99}, {}, {}, {}},
                                   op::remove{{std::nullopt, 1}, {}, {}, true},
                                   op::set_flags{{std::nullopt, 1}, played, played},
                                   op::get_greeting{},
                                   op::set_greeting{},
                                   op::set_greeting{{}, media_part{media_type::png, chunk{"x"}}},
                                   op::set_pin{"1"},
                                   op::set_pin{"739201"},
                                   op::set_preferences{{}, "Mars/Olympus", {}}};
  using by = subscriber_ref::by;
  auto before = written();
  for (const auto& what : operations) {
    auto refused = reply_bytes(acme, {by::profile, foreign}, what);
    auto decoded = decode_reply(refused, {});
    BOOST_REQUIRE(decoded);
    BOOST_TEST(verdict(decoded->what) == not_found);
    BOOST_TEST(refused == reply_bytes(acme, {by::profile, unknown}, what));
    BOOST_TEST(refused == reply_bytes(acme, {by::number, "+15055550170"}, what));
    BOOST_TEST(refused == reply_bytes(acme, {by::number, "+15055550171"}, what));
    BOOST_TEST(refused == reply_bytes(portal, {by::profile, foreign}, what));
  }
  BOOST_TEST(written() == before);
}

BOOST_AUTO_TEST_CASE(a_foreign_subscriber_and_an_unknown_one_are_challenged_alike) {
  auto foreign = register_device(rival, "+15055550170");
  BOOST_TEST(deposit(rival, foreign) == "accepted");
  client asks{acme};
  std::map<std::string, std::string> texts;
  for (const char* number : {"+15055550170", "+15055550171", engine_fixture::number}) {
    op::retrieve what{{std::nullopt, 1}, channel::device, {}, {}};
    subscriber_ref who{subscriber_ref::by::number, number};
    auto got = asks.ask(ask::of_mailbox{who, what}, "device request");
    BOOST_TEST_REQUIRE(verdict(got) == "accepted");
    what.answer = {std::get<answer::challenge>(*got).challenge, "000111"};
    texts[number] = reply_bytes(acme, who, what); // another request id: the challenge is void
    auto fresh =
        asks.ask(ask::of_mailbox{who, {op::retrieve{{std::nullopt, 1}, channel::device, {}, {}}}},
                 "the same id");
    what.answer.challenge = std::get<answer::challenge>(*fresh).challenge;
    BOOST_TEST(reply_bytes(acme, who, what) == texts[number]);
  }
  BOOST_TEST(texts["+15055550170"] == texts["+15055550171"]);
  BOOST_TEST(texts["+15055550170"] == texts[engine_fixture::number]);
  BOOST_TEST(refused("pin_denied") == 6U);
}

BOOST_AUTO_TEST_CASE(malformed_profile_ids_look_like_unknown_ones) {
  for (const char* id : {"", "x", "test-", "-0000000000000000000000000", "test-000",
                         "test-00000000000000000000000000000", "TEST-!!!!!!!!!!!!!!!!!!!!!!!!!!",
                         "../../../etc/passwd"})
    refuses(ask::of_mailbox{{subscriber_ref::by::profile, id}, op::describe{}}, not_found);
}

BOOST_AUTO_TEST_CASE(an_application_may_not_set_pins) {
  client asks{portal};
  BOOST_TEST(verdict(asks.ask(mine(op::list{}))) == "accepted");
  BOOST_TEST(verdict(asks.ask(mine(op::set_pin{"739201"}))) == not_found);
}

BOOST_AUTO_TEST_CASE(
    an_application_deposits_into_the_mailbox_of_whom_it_serves_and_of_nobody_else) {
  BOOST_TEST(deposit(portal, profile) == "accepted");
  client asks{acme};
  auto listed = asks.ask(mine(op::list{}));
  BOOST_REQUIRE(listed.has_value());
  const auto& headers = std::get<answer::listing>(*listed).headers;
  BOOST_REQUIRE_EQUAL(headers.size(), 2U); // the fixture's own, and this one
  BOOST_TEST(headers.front().deposited_by == "acme");
  BOOST_TEST(headers.back().deposited_by == "portal");
  BOOST_TEST(deposit(portal, register_device(rival, "+15055550171")) == not_found);
}

BOOST_AUTO_TEST_CASE(operations_of_the_operator_are_refused_to_tenants) {
  tenant_record tenant{.name = "mallory", .public_key = std::string(32, 'k')};
  const operation operations[] = {
      ask::tenant_add{tenant}, ask::tenant_list{}, ask::tenant_revoke{"rival"},
      ask::subscriber_list{},  ask::records{},     ask::status{}};
  for (const auto& what : operations) {
    refuses(what, "not_found operation_not_yours");
    for (const auto& who : {portal, rival, local(2)}) {
      client asks{who};
      BOOST_TEST(verdict(asks.ask(what)) == "not_found operation_not_yours");
    }
  }
}

BOOST_AUTO_TEST_CASE(malformed_tenants_are_refused_to_the_operator_too) {
  client asks{admin()};
  auto added = [&](auto&& change) {
    tenant_record tenant{.name = "fresh", .public_key = std::string(32, 'k'), .region = "US"};
    change(tenant);
    return verdict(asks.ask(ask::tenant_add{tenant}));
  };
  auto before = written();
  BOOST_TEST(added([](auto& t) { t.name = ""; }) == "invalid_request tenant_name_malformed");
  BOOST_TEST(added([](auto& t) { t.name = "A/b"; }) == "invalid_request tenant_name_malformed");
  BOOST_TEST(added([](auto& t) { t.public_key = "short"; }) ==
             "invalid_request tenant_key_malformed");
  BOOST_TEST(added([](auto& t) { t.public_key = std::string(32, '\0'); }) ==
             "invalid_request tenant_key_malformed");
  BOOST_TEST(added([&](auto& t) { t.public_key = *from_z85(acme.public_key); }) ==
             "conflict tenant_key_taken");
  BOOST_TEST(added([](auto& t) { t.name = "rival"; }) == "conflict tenant_exists");
  BOOST_TEST(added([](auto& t) { t.name = "operator"; }) == "conflict tenant_exists");
  BOOST_TEST(added([](auto& t) { t.is = role::operator_; }) ==
             "invalid_request tenant_role_reserved");
  BOOST_TEST(added([](auto& t) { t.region = "Mars"; }) == "invalid_request tenant_region_unknown");
  BOOST_TEST(added([](auto& t) { t.serves = {"acme"}; }) ==
             "invalid_request tenant_serves_refused");
  BOOST_TEST(written() == before);
}

// --- pages ---------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(pages_are_no_longer_than_the_limit) {
  client asks{acme};
  constexpr size_t count = limits::list_page_max + 10, window = 32;
  for (size_t sent = 0, done = 1; done < count; ++done) {
    while (sent + 1 < count && sent - (done - 1) < window) {
      BOOST_REQUIRE(asks.post(mine(voicemail(amr(1)))) != 0U);
      ++sent;
    }
    auto got = asks.receive(patience);
    BOOST_REQUIRE((got && *got));
    BOOST_TEST_REQUIRE(verdict((*got)->what) == "accepted");
  }
  auto page = [&](op::list what) {
    auto got = asks.ask(mine(what));
    BOOST_TEST_REQUIRE(verdict(got) == "accepted");
    return std::get<answer::listing>(*got);
  };
  BOOST_TEST(page({0, 0, false}).headers.size() == 100U);
  auto longest = page({0, 0xFFFF, false});
  BOOST_TEST(longest.headers.size() == limits::list_page_max);
  BOOST_TEST(longest.more);
  auto rest = page({longest.headers.back().uid, 0xFFFF, true});
  BOOST_TEST(rest.headers.size() == 10U);
  BOOST_TEST(!rest.more);
  BOOST_TEST(page({0xFFFFFFFF, 1, true}).headers.empty());
  client operates{admin()};
  auto records = operates.ask(ask::records{0, 0, 0xFFFF, false});
  BOOST_TEST_REQUIRE(verdict(records) == "accepted");
  BOOST_TEST(std::get<answer::records>(*records).page.size() == limits::list_page_max);
  records = operates.ask(ask::records{0xFFFFFFFF, ~uint64_t{0}, 1, false});
  BOOST_TEST(std::get<answer::records>(*records).page.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::cluster_tests
