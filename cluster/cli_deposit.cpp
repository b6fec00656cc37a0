// deposit.
#include "cluster/cli_session.hpp"
#include "cluster/cli_words.hpp"

#include <iostream>

namespace restante {

namespace {

struct deposit_options {
  std::string whom;
  std::vector<std::string> files;
  std::string type;
  std::string format = "voicemail";
  std::string caller;
  std::string called_at;
  bool urgent = false;
  std::string id;
};

result<op::deposit> read(const deposit_options& from) {
  op::deposit out;
  out.format = format_of(from.format);
  out.caller = from.caller;
  out.called_at = system_now();
  out.urgent = from.urgent;
  if (!from.called_at.empty()) {
    const auto at = parse_time(from.called_at);
    if (!at)
      return usage("'" + from.called_at +
                   "' is no time: write 2026-11-20T17:05:09Z or milliseconds since 1970");
    out.called_at = *at;
  }
  for (const auto& file : from.files) {
    auto media = read_media(file, from.type);
    if (!media)
      return tl::unexpected{media.error()};
    out.parts.push_back(std::move(*media));
  }
  return out;
}

result<void> deposit(cli_session& session, const deposit_options& from) {
  auto who = parse_subscriber(from.whom);
  if (!who)
    return tl::unexpected{who.error()};
  auto what = read(from);
  if (!what)
    return tl::unexpected{what.error()};
  // What was made up is shown, so that a deposit of unknown outcome can be repeated without a
  // double.
  auto id = from.id.empty() ? to_hex(fresh_request_id()) : from.id;
  const auto called_at = std::to_string(what->called_at);
  auto got = session.expect<answer::deposited>(ask::of_mailbox{*who, std::move(*what)}, id);
  if (!got) {
    auto why = got.error();
    if (why.code == errc::outcome_unknown)
      why.text += "; repeat it with --id " + id + " --called-at " + called_at;
    return tl::unexpected{why};
  }
  if (session.json)
    print_json(std::cout, {{"message_id", to_string(got->message)},
                           {"number", got->uid},
                           {"duration_ms", got->duration_ms},
                           {"duplicate", got->duplicate},
                           {"sequence", got->sequence},
                           {"deposit_id", id}});
  else
    print_facts(std::cout, {{"stored", got->duplicate ? "before, with the same id" : "now"},
                            {"number", std::to_string(got->uid)},
                            {"message id", to_string(got->message)},
                            {"length", got->duration_ms == 0 ? "-" : length_text(got->duration_ms)},
                            {"deposit id", shown(id)}});
  return {};
}

} // namespace

void add_deposit_verb(CLI::App& app, cli_session& session) {
  auto from = std::make_shared<deposit_options>();
  auto& verb = add_verb(app, session, "deposit", "Leave a message; when this ends it is on disk",
                        "restante --as acme.toml deposit +15055551212 voicemail.amr "
                        "--caller +15055550100",
                        [&session, from] { return deposit(session, *from); });
  verb.add_option("SUBSCRIBER", from->whom, "Profile id, +number, number:... or imei:...")
      ->required();
  verb.add_option("FILE", from->files, "The parts of the message, up to 8")
      ->required()
      ->expected(1, static_cast<int>(limits::parts_max));
  verb.add_option("--caller", from->caller, "Who left it: a number or an address");
  verb.add_option("--called-at", from->called_at,
                  "When: 2026-11-20T17:05:09Z or milliseconds since 1970 (default: now)");
  verb.add_flag("--urgent", from->urgent, "Mark it so");
  verb.add_option("--format", from->format, "What it is")
      ->capture_default_str()
      ->check(CLI::IsMember(format_names()));
  verb.add_option("--type", from->type, "Media type of the files (default: guessed from each)");
  verb.add_option("--id", from->id,
                  "Deposit id, 1 to 64 bytes: the same id is the same message; with --called-at, "
                  "which is part of what makes it the same")
      ->needs("--called-at");
}

} // namespace restante
