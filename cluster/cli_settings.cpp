// subscriber set, subscriber locate, pin reset, greeting get, set, remove.
#include "cluster/cli_session.hpp"
#include "cluster/cli_terminal.hpp"
#include "cluster/cli_words.hpp"

#include <iostream>

namespace restante {

namespace {

struct setting_options {
  std::string whom;
  std::string language;
  std::string time_zone;
  std::string notifications;
};

struct greeting_options {
  std::string whom;
  std::string kind = "normal";
  std::string file;
};

/// Asks for a change of one mailbox and says whether anything changed.
result<void> alter(cli_session& session, const std::string& whom, mailbox_op op,
                   std::string_view done_text) {
  auto who = parse_subscriber(whom);
  if (!who)
    return tl::unexpected{who.error()};
  auto done = session.expect<answer::done>(ask::of_mailbox{*who, std::move(op)});
  if (!done)
    return tl::unexpected{done.error()};
  if (session.json)
    print_json(std::cout, {{"changed", done->changed}});
  else
    std::cout << (done->changed ? done_text : "it was so already") << '\n';
  return {};
}

result<void> set(cli_session& session, const setting_options& from) {
  if (from.language.empty() && from.time_zone.empty() && from.notifications.empty())
    return usage("say what to set: --language, --time-zone or --notifications");
  op::set_preferences op{from.language, from.time_zone, toggle::unchanged};
  if (!from.notifications.empty())
    op.notifications = from.notifications == "on" ? toggle::on : toggle::off;
  return alter(session, from.whom, std::move(op), "the settings are changed");
}

result<void> reset_pin(cli_session& session, const std::string& whom, bool pin_stdin) {
  if (auto who = parse_subscriber(whom); !who)
    return tl::unexpected{who.error()}; // before anybody types a PIN
  auto pin = pin_stdin ? read_pin_from_stdin() : prompt_pin("New PIN");
  if (!pin)
    return tl::unexpected{pin.error()};
  if (!pin_stdin) {
    auto again = prompt_pin("The same again");
    if (!again)
      return tl::unexpected{again.error()};
    if (*again != *pin)
      return usage("the two PINs differ; nothing was changed");
  }
  return alter(session, whom, op::set_pin{std::move(*pin)}, "the PIN is set");
}

result<void> get_greeting(cli_session& session, const greeting_options& from) {
  auto who = parse_subscriber(from.whom);
  if (!who)
    return tl::unexpected{who.error()};
  if (session.json && from.file == "-")
    return usage("--json and the recording can't both go to standard output: name a FILE");
  auto got = session.expect<answer::greeting>(
      ask::of_mailbox{*who, op::get_greeting{greeting_of(from.kind)}});
  if (!got)
    return tl::unexpected{got.error()};
  const auto& media = got->media;
  const auto file = from.file.empty()
                        ? "greeting-" + from.kind + "." + std::string{extension_of(media.type)}
                        : from.file;
  if (auto ok = write_bytes(file, media.bytes.view()); !ok || file == "-")
    return ok;
  if (session.json)
    print_json(std::cout, {{"kind", from.kind},
                           {"type", to_string(media.type)},
                           {"bytes", media.bytes.size()},
                           {"file", file}});
  else
    std::cout << file << ": " << media.bytes.size() << " bytes, " << to_string(media.type) << '\n';
  return {};
}

result<void> set_greeting(cli_session& session, const greeting_options& from) {
  auto media = read_media(from.file, {});
  if (!media)
    return tl::unexpected{media.error()};
  return alter(session, from.whom, op::set_greeting{greeting_of(from.kind), std::move(*media)},
               "callers hear the new greeting");
}

result<void> remove_greeting(cli_session& session, const greeting_options& from) {
  return alter(session, from.whom, op::set_greeting{greeting_of(from.kind), std::nullopt},
               "the greeting is removed");
}

void add_greeting_verbs(CLI::App& app, cli_session& session) {
  auto& greeting = *app.add_subcommand("greeting", "What callers hear before the tone");
  greeting.require_subcommand(1);
  auto from = std::make_shared<greeting_options>();
  const auto with_kind = [from](CLI::App& verb) -> CLI::App& {
    add_subscriber_argument(verb, from->whom);
    verb.add_option("--kind", from->kind, "Which greeting")
        ->capture_default_str()
        ->check(CLI::IsMember(greeting_names()));
    return verb;
  };
  with_kind(add_verb(greeting, session, "get", "Fetch one",
                     "restante --as acme.toml greeting get +15055551212 greeting.amr",
                     [&session, from] { return get_greeting(session, *from); }))
      .add_option("FILE", from->file,
                  "Where to; - is standard output (default: greeting-KIND.EXT)");
  with_kind(add_verb(greeting, session, "set", "Replace one",
                     "restante --as acme.toml greeting set +15055551212 greeting.amr --kind busy",
                     [&session, from] { return set_greeting(session, *from); }))
      .add_option("FILE", from->file, "The recording")
      ->required();
  with_kind(add_verb(greeting, session, "remove", "Go back to the carrier's own",
                     "restante --as acme.toml greeting remove +15055551212 --kind busy",
                     [&session, from] { return remove_greeting(session, *from); }));
}

} // namespace

void add_setting_verbs(CLI::App& app, cli_session& session) {
  auto from = std::make_shared<setting_options>();
  auto& verb = add_verb(*app.get_subcommand("subscriber"), session, "set", "Change settings",
                        "restante --as acme.toml subscriber set +15055551212 --language fr "
                        "--notifications off",
                        [&session, from] { return set(session, *from); });
  add_subscriber_argument(verb, from->whom);
  verb.add_option("--language", from->language, "Such as en or fr-CA");
  verb.add_option("--time-zone", from->time_zone, "Such as Europe/Paris");
  verb.add_option("--notifications", from->notifications, "Whether texts are sent")
      ->check(CLI::IsMember({"on", "off"}));

  auto where = std::make_shared<std::pair<std::string, std::string>>(); // who, region
  auto& locate = add_verb(*app.get_subcommand("subscriber"), session, "locate",
                          "Say where a subscriber roams: the mailbox follows",
                          "restante --as acme.toml subscriber locate +15055551212 us1\n"
                          "restante --as acme.toml subscriber locate +15055551212 home",
                          [&session, where] {
                            return alter(session, where->first,
                                         op::locate{where->second == "home" ? "" : where->second},
                                         "the mailbox follows");
                          });
  add_subscriber_argument(locate, where->first);
  locate.add_option("REGION", where->second, "A region of the cluster, or home")->required();

  auto& pin = *app.add_subcommand("pin", "Subscribers' PINs");
  pin.require_subcommand(1);
  auto whom = std::make_shared<std::string>();
  auto pin_stdin = std::make_shared<bool>(false);
  auto& reset =
      add_verb(pin, session, "reset", "Set a PIN; also ends a lock-out",
               "restante --as acme.toml pin reset +15055551212",
               [&session, whom, pin_stdin] { return reset_pin(session, *whom, *pin_stdin); });
  add_subscriber_argument(reset, *whom);
  reset.add_flag("--pin-stdin", *pin_stdin, "Read it from standard input, not the terminal");
  add_greeting_verbs(app, session);
}

} // namespace restante
