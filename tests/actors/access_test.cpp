#include "actors/access.hpp"
#include "schemas/wire_codec.hpp"
#include "tests/support/model_fixture.hpp"

using namespace restante;
using namespace restante::model_tests;

namespace {

struct named_op {
  const char* name;
  mailbox_op op;
};

const std::vector<named_op>& operations() {
  static const std::vector<named_op> all{
      {"describe", op::describe{}},
      {"deposit", op::deposit{}},
      {"list", op::list{}},
      {"retrieve", op::retrieve{}},
      {"delete", op::remove{}},
      {"set flags", op::set_flags{}},
      {"get greeting", op::get_greeting{}},
      {"set greeting", op::set_greeting{}},
      {"set PIN", op::set_pin{}},
      {"set preferences", op::set_preferences{}},
      {"locate", op::locate{}},
  };
  return all;
}

bool is_pin(const mailbox_op& what) { return std::holds_alternative<op::set_pin>(what); }

tenant_record who(role is) {
  tenant_record out;
  out.name = "self";
  out.is = is;
  out.serves = {"served", "served too"};
  return out;
}

enum class grant { nothing, all, all_but_the_pin };

struct row {
  role is;
  const char* owner;
  grant expected;
};

// Of the operations; "self" owns subscribers, "served" and "served too" are served by the tenant
// that asks, the other two are strangers - one in name only.
const row table[] = {
    {role::mvno, "self", grant::all},
    {role::mvno, "served", grant::nothing}, // an MVNO serves nobody, whatever its record says
    {role::mvno, "stranger", grant::nothing},
    {role::mvno, "selfish", grant::nothing},
    {role::mvno, "", grant::nothing},
    {role::application, "self", grant::nothing},
    {role::application, "served", grant::all_but_the_pin},
    {role::application, "served too", grant::all_but_the_pin},
    {role::application, "stranger", grant::nothing},
    {role::application, "serve", grant::nothing},
    {role::application, "", grant::nothing},
    {role::sms_gateway, "self", grant::nothing},
    {role::sms_gateway, "served", grant::nothing},
    {role::sms_gateway, "stranger", grant::nothing},
    {role::operator_, "self", grant::all},
    {role::operator_, "served", grant::all},
    {role::operator_, "stranger", grant::all},
};

std::string bytes_of(const failure& what) { return encode_reply({1, what}).envelope; }

} // namespace

BOOST_AUTO_TEST_SUITE(access_rules)

BOOST_AUTO_TEST_CASE(only_the_operator_sees_which_nodes_have_a_copy) {
  for (const auto& [is, owner, expected] : table)
    BOOST_TEST(may(who(is), owner, op::inspect{}) == (is == role::operator_));
}

BOOST_AUTO_TEST_CASE(each_role_does_what_the_table_says_and_nothing_else) {
  BOOST_TEST(operations().size() ==
             std::variant_size_v<mailbox_op> - 5); // but create, inspect and replication's
  for (const auto& line : table)
    for (const auto& [name, what] : operations()) {
      bool expected =
          line.expected == grant::all || (line.expected == grant::all_but_the_pin && !is_pin(what));
      BOOST_TEST(may(who(line.is), line.owner, what) == expected,
                 to_string(line.is) << " of '" << line.owner << "': " << name);
    }
}

BOOST_AUTO_TEST_CASE(a_revoked_tenant_does_nothing_whatever_its_role) {
  for (const auto& line : table)
    for (const auto& [name, what] : operations()) {
      auto revoked = who(line.is);
      revoked.revoked = true;
      BOOST_TEST(!may(revoked, line.owner, what), to_string(line.is)
                                                      << " of '" << line.owner << "': " << name);
      BOOST_TEST(!administers(revoked));
    }
}

// A gateway acts for nobody in `may`: it delivers to, and reads texts of, those it serves.
BOOST_AUTO_TEST_CASE(a_gateway_acts_for_those_it_serves_only) {
  const auto gateway = who(role::sms_gateway);
  BOOST_TEST(acts_for(gateway, "served"));
  BOOST_TEST(!acts_for(gateway, "self"));
  BOOST_TEST(!acts_for(gateway, "stranger"));
}

BOOST_AUTO_TEST_CASE(only_the_operator_administers) {
  BOOST_TEST(administers(who(role::operator_)));
  for (auto is : {role::mvno, role::application, role::sms_gateway})
    BOOST_TEST(!administers(who(is)));
}

BOOST_AUTO_TEST_CASE(unknown_and_not_yours_are_the_same_bytes) {
  registered theirs;
  theirs.deposit("d1");
  const mailbox_model unknown{theirs.empty(), theirs.env};
  auto revoked = *theirs.acme;
  revoked.revoked = true;
  for (const auto& [name, what] : operations()) {
    auto absent = unknown.admit(theirs.ask(what, "r", theirs.acme));
    BOOST_REQUIRE_MESSAGE(!absent.has_value(), name);
    BOOST_TEST((absent.error().code == errc::not_found));
    auto of_nobody = unknown.admit(theirs.ask(what, "r", tenant("operator", role::operator_)));
    BOOST_TEST((!of_nobody.has_value() && of_nobody.error() == absent.error()), name);
    for (const auto& asking : {theirs.rival, std::make_shared<const tenant_record>(revoked),
                               tenant("gateway", role::sms_gateway, {"acme"})}) {
      auto refused = theirs.box.admit(theirs.ask(what, "r", asking));
      BOOST_REQUIRE_MESSAGE(!refused.has_value(), name);
      BOOST_TEST((refused.error() == absent.error()), name);
      BOOST_TEST(bytes_of(refused.error()) == bytes_of(absent.error()), name);
    }
    BOOST_TEST(theirs.box.admit(theirs.ask(what, "r", theirs.acme)).has_value(), name);
    BOOST_TEST(theirs.box.admit(theirs.ask(what, "r", theirs.portal)).has_value() == !is_pin(what),
               name);
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_names_nobody) {
  for (const auto& refusal : {unknown_mailbox(), pin_denied()})
    for (auto word : {"acme", "rival", "tenant", "+1"})
      BOOST_TEST(refusal.text.find(word) == std::string::npos, word);
  BOOST_TEST((pin_denied().code == errc::denied));
}

BOOST_AUTO_TEST_SUITE_END()
