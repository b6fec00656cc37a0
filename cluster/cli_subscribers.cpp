// subscriber add, show, list.
#include "cluster/cli_session.hpp"
#include "cluster/cli_terminal.hpp"
#include "cluster/cli_words.hpp"

#include <iostream>

namespace restante {

namespace {

struct add_options {
  ask::register_device what;
  bool pin_stdin = false;
  std::string greeting;
};

result<void> add(cli_session& session, add_options from) {
  auto& what = from.what;
  if (from.pin_stdin) {
    auto pin = read_pin_from_stdin();
    if (!pin)
      return tl::unexpected{pin.error()};
    what.pin = std::move(*pin);
  }
  if (!from.greeting.empty()) {
    auto media = read_media(from.greeting, {});
    if (!media)
      return tl::unexpected{media.error()};
    what.greeting = std::move(*media);
  }
  auto got = session.expect<answer::registered>(std::move(what));
  if (!got)
    return tl::unexpected{got.error()};
  if (session.json)
    print_json(std::cout, {{"profile_id", to_string(got->profile)},
                           {"already_had_access", got->already_had_access}});
  else
    print_facts(std::cout, {{"profile", to_string(got->profile)},
                            {"state", got->already_had_access ? "had access already, unchanged"
                                                              : "registered"}});
  return {};
}

std::string greetings_of(const answer::profile& from) {
  std::string out;
  for (const auto kind : from.greetings)
    out.append(out.empty() ? "" : ", ").append(name_of(kind));
  return out.empty() ? "none" : out;
}

result<void> show(cli_session& session, const std::string& whom) {
  auto who = parse_subscriber(whom);
  if (!who)
    return tl::unexpected{who.error()};
  auto got = session.expect<answer::profile>(ask::of_mailbox{*who, op::describe{}});
  if (!got)
    return tl::unexpected{got.error()};
  if (session.json) {
    print_json(std::cout, to_json(*got));
    return {};
  }
  print_facts(std::cout, {{"profile", to_string(got->id)},
                          {"tenant", shown(got->tenant)},
                          {"number", shown(got->number)},
                          {"imei", shown(got->imei)},
                          {"language", shown(got->language)},
                          {"time zone", shown(got->time_zone)},
                          {"notifications", got->notifications ? "on" : "off"},
                          {"pin", got->has_pin ? "set" : "none"},
                          {"greetings", greetings_of(*got)},
                          {"messages", std::to_string(got->messages)},
                          {"unheard", std::to_string(got->unheard)}});
  return {};
}

/// Calls `take` for every page.
template <class Take>
result<void> each_page(cli_session& session, const std::string& tenant, Take take) {
  ask::subscriber_list page{tenant, std::nullopt, limits::list_page_max};
  for (;;) {
    auto got = session.expect<answer::subscribers>(page);
    if (!got)
      return tl::unexpected{got.error()};
    if (got->page.empty())
      return {};
    const auto last = got->page.back().id.mailbox;
    take(got->page);
    if (page.after == last)
      return fail(errc::unsupported, "answer_unexpected", "the node sent the same page twice");
    page.after = last;
  }
}

result<void> list(cli_session& session, const std::string& tenant) {
  auto all = json_value::array();
  text_table table{{"PROFILE", "TENANT", "NUMBER", "IMEI", "MESSAGES", "UNHEARD"}};
  auto done = each_page(session, tenant, [&](const std::vector<answer::profile>& page) {
    for (const auto& one : page) {
      if (session.json)
        all.push_back(to_json(one));
      else
        table.add({to_string(one.id), shown(one.tenant), shown(one.number), shown(one.imei),
                   std::to_string(one.messages), std::to_string(one.unheard)});
    }
  });
  if (!done)
    return done;
  if (session.json)
    print_json(std::cout, {{"subscribers", all}});
  else
    table.print(std::cout);
  return {};
}

} // namespace

void add_subscriber_verbs(CLI::App& app, cli_session& session) {
  auto& subscriber = *app.add_subcommand("subscriber", "Who has a mailbox, and their settings");
  subscriber.require_subcommand(1);

  auto from = std::make_shared<add_options>();
  auto& add_one =
      add_verb(subscriber, session, "add", "Give a device access (--imei, --number or both)",
               "restante --as acme.toml subscriber add --imei 490154203237518 "
               "--number +15055551212",
               [&session, from] { return add(session, *from); });
  add_one.add_option("--imei", from->what.imei, "The device: 14 to 16 digits");
  add_one.add_option("--number", from->what.number, "Its number, E.164 or national");
  add_one.add_flag("--pin-stdin", from->pin_stdin, "Read a PIN from standard input");
  add_one.add_option("--language", from->what.language, "Such as en or fr-CA");
  add_one.add_option("--time-zone", from->what.time_zone, "Such as Europe/Paris");
  add_one.add_option("--greeting", from->greeting, "A recording that callers hear")
      ->type_name("FILE");
  add_one.add_option("--owner", from->what.owner, "Whose subscriber, if that could be several");

  auto whom = std::make_shared<std::string>();
  auto& show_one = add_verb(subscriber, session, "show", "What is known of one",
                            "restante --as acme.toml subscriber show +15055551212",
                            [&session, whom] { return show(session, *whom); });
  show_one.add_option("SUBSCRIBER", *whom, "Profile id, +number, number:... or imei:...")
      ->required();

  auto tenant = std::make_shared<std::string>();
  auto& list_all = add_verb(subscriber, session, "list", "All of them (the operator's)",
                            "restante subscriber list --tenant acme",
                            [&session, tenant] { return list(session, *tenant); });
  list_all.add_option("--tenant", *tenant, "Only this tenant's");

  add_setting_verbs(app, session);
}

} // namespace restante
