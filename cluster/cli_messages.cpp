// list, get, delete, undelete, flag.
#include "cluster/cli_session.hpp"
#include "cluster/cli_terminal.hpp"
#include "cluster/cli_words.hpp"

#include <iostream>

namespace restante {

namespace {

struct message_options {
  std::string whom;
  std::string message;
  bool all = false;
  std::string out;
  bool device = false;
  bool pin_stdin = false;
  std::string delivered_to;
  bool purge = false;
  std::vector<std::string> set;
  std::vector<std::string> clear;
};

struct named {
  subscriber_ref who;
  message_ref message;
};

result<named> parse(const message_options& from) {
  auto who = parse_subscriber(from.whom);
  if (!who)
    return tl::unexpected{who.error()};
  auto message = parse_message(from.message);
  if (!message)
    return tl::unexpected{message.error()};
  return named{std::move(*who), *message};
}

std::string state_of(const message_record& what) {
  std::string out = what.has(played) ? "" : "unheard";
  for (const auto& flag : flag_names(what.flag_bits()))
    out.append(out.empty() ? "" : ", ").append(flag);
  return out;
}

std::vector<std::string> row_of(const message_record& what) {
  std::string types;
  uint64_t bytes = 0;
  for (const auto& part : what.parts) {
    types.append(types.empty() ? "" : "+").append(to_string(part.type));
    bytes += part.size;
  }
  return {std::to_string(what.uid),
          std::string{name_of(what.format)},
          shown(what.caller),
          time_text(what.called_at),
          what.duration_ms == 0 ? "-" : length_text(what.duration_ms),
          types + ", " + std::to_string(bytes) + " bytes",
          state_of(what),
          to_string(what.id)};
}

result<void> list(cli_session& session, const message_options& from) {
  auto who = parse_subscriber(from.whom);
  if (!who)
    return tl::unexpected{who.error()};
  auto all = json_value::array();
  text_table table{{"NUMBER", "FORMAT", "FROM", "CALLED", "LENGTH", "MEDIA", "STATE", "ID"}};
  op::list page{0, limits::list_page_max, from.all};
  for (bool more = true; more;) {
    auto got = session.expect<answer::listing>(ask::of_mailbox{*who, page});
    if (!got)
      return tl::unexpected{got.error()};
    for (const auto& header : got->headers) {
      if (session.json)
        all.push_back(to_json(header));
      else
        table.add(row_of(header));
      page.after_uid = std::max(page.after_uid, header.uid);
    }
    more = got->more && !got->headers.empty();
  }
  if (session.json)
    print_json(std::cout, {{"messages", all}});
  else
    table.print(std::cout);
  return {};
}

/// Asks; when the node wants the PIN, gets one and asks again, everything else being the same.
template <class Op>
result<outcome> ask_with_pin(cli_session& session, const message_options& from, const named& names,
                             Op op) {
  const auto id = fresh_request_id();
  auto got = session.ask(ask::of_mailbox{names.who, op}, id);
  if (!got)
    return got;
  const auto* challenge = std::get_if<answer::challenge>(&*got);
  if (challenge == nullptr)
    return got;
  auto pin = from.pin_stdin ? read_pin_from_stdin() : prompt_pin("PIN");
  if (!pin)
    return tl::unexpected{pin.error()};
  op.answer = {challenge->challenge, std::move(*pin)};
  return session.ask(ask::of_mailbox{names.who, op}, id);
}

failure unexpected_answer() {
  return {errc::unsupported, "answer_unexpected",
          "the node answered something else: is it of another version?"};
}

/// Writes every part and returns the names of the files.
result<std::vector<std::string>> write_parts(const answer::message& message,
                                             const std::string& out) {
  std::vector<std::string> files;
  if (out == "-" && message.parts.size() > 1)
    return usage("the message has several parts: write them to files, without --out -");
  for (size_t i = 0; i < message.parts.size(); ++i) {
    const auto& part = message.parts[i];
    std::string file = out;
    if (out.empty())
      file.append("message-").append(std::to_string(message.header.uid));
    if (i > 0)
      file.append("-").append(std::to_string(i + 1));
    if (out.empty())
      file.append(".").append(extension_of(part.type));
    if (auto ok = write_bytes(file, part.bytes.view()); !ok)
      return tl::unexpected{ok.error()};
    files.push_back(std::move(file));
  }
  return files;
}

result<void> get(cli_session& session, const message_options& from) {
  auto names = parse(from);
  if (!names)
    return tl::unexpected{names.error()};
  if (session.json && from.out == "-")
    return usage("--json and the message can't both go to standard output: name a file");
  op::retrieve op{
      names->message, from.device ? channel::device : channel::out_of_band, {}, from.delivered_to};
  auto got = ask_with_pin(session, from, *names, std::move(op));
  if (!got)
    return tl::unexpected{got.error()};
  const auto* message = std::get_if<answer::message>(&*got);
  if (message == nullptr)
    return tl::unexpected{unexpected_answer()};
  auto files = write_parts(*message, from.out);
  if (!files)
    return tl::unexpected{files.error()};
  if (session.json) {
    auto what = to_json(message->header);
    what["files"] = *files;
    print_json(std::cout, what);
  } else if (from.out != "-") {
    for (size_t i = 0; i < files->size(); ++i)
      std::cout << (*files)[i] << ": " << message->parts[i].bytes.size() << " bytes, "
                << to_string(message->parts[i].type) << '\n';
  }
  return {};
}

/// Says what came of a request that changes something.
result<void> report(const cli_session& session, const result<outcome>& got,
                    std::string_view done_text) {
  if (!got)
    return tl::unexpected{got.error()};
  const auto* done = std::get_if<answer::done>(&*got);
  if (done == nullptr)
    return tl::unexpected{unexpected_answer()};
  if (session.json)
    print_json(std::cout, {{"changed", done->changed}});
  else
    std::cout << (done->changed ? done_text : "it was so already") << '\n';
  return {};
}

result<void> remove(cli_session& session, const message_options& from) {
  auto names = parse(from);
  if (!names)
    return tl::unexpected{names.error()};
  op::remove op{
      names->message, from.device ? channel::device : channel::out_of_band, {}, from.purge};
  return report(session, ask_with_pin(session, from, *names, std::move(op)),
                from.purge ? "purged: it is gone for good" : "deleted: 'undelete' brings it back");
}

result<void> set_flags(cli_session& session, const message_options& from, uint8_t set,
                       uint8_t clear, std::string_view done_text) {
  auto names = parse(from);
  if (!names)
    return tl::unexpected{names.error()};
  return report(session,
                session.ask(ask::of_mailbox{names->who, op::set_flags{names->message, set, clear}}),
                done_text);
}

result<void> flag(cli_session& session, const message_options& from) {
  auto set = parse_flags(from.set);
  auto clear = parse_flags(from.clear);
  if (!set || !clear)
    return tl::unexpected{set ? clear.error() : set.error()};
  if (*set == 0 && *clear == 0)
    return usage("say which flags to --set or --clear: played, saved, urgent, deleted");
  return set_flags(session, from, *set, *clear, "the flags are changed");
}

void add_message_arguments(CLI::App& verb, message_options& to) {
  verb.add_option("SUBSCRIBER", to.whom, "Profile id, +number, number:... or imei:...")->required();
  verb.add_option("MESSAGE", to.message, "Its number, or the 32 hex digits of its id")->required();
}

void add_device_options(CLI::App& verb, message_options& to) {
  auto* device = verb.add_flag("--device", to.device, "As the subscriber's device: needs the PIN");
  verb.add_flag("--pin-stdin", to.pin_stdin, "Read the PIN from standard input")->needs(device);
}

} // namespace

void add_message_verbs(CLI::App& app, cli_session& session) {
  auto from = std::make_shared<message_options>();
  auto& list_all = add_verb(app, session, "list", "A subscriber's messages",
                            "restante --as acme.toml list +15055551212 --all",
                            [&session, from] { return list(session, *from); });
  list_all.add_option("SUBSCRIBER", from->whom, "Profile id, +number, number:... or imei:...")
      ->required();
  list_all.add_flag("--all", from->all, "Deleted ones too, while they can be brought back");

  auto& get_one = add_verb(app, session, "get", "Fetch a message",
                           "restante --as acme.toml get +15055551212 1 --device --out new.amr",
                           [&session, from] { return get(session, *from); });
  add_message_arguments(get_one, *from);
  get_one.add_option("--out", from->out,
                     "Where to; - is standard output (default: message-NUMBER.EXT)");
  add_device_options(get_one, *from);
  get_one.add_option("--delivered-to", from->delivered_to,
                     "Where it goes, as the subscriber is told: 'web page'");

  auto& remove_one = add_verb(app, session, "delete", "Delete a message",
                              "restante --as acme.toml delete +15055551212 1",
                              [&session, from] { return remove(session, *from); });
  add_message_arguments(remove_one, *from);
  add_device_options(remove_one, *from);
  remove_one.add_flag("--purge", from->purge, "For good, at once");

  auto& undelete = add_verb(app, session, "undelete", "Bring a deleted message back",
                            "restante --as acme.toml undelete +15055551212 1", [&session, from] {
                              return set_flags(session, *from, 0, trashed, "it is back");
                            });
  add_message_arguments(undelete, *from);

  auto& flag_one = add_verb(app, session, "flag", "Mark a message",
                            "restante --as acme.toml flag +15055551212 1 --set played,saved "
                            "--clear urgent",
                            [&session, from] { return flag(session, *from); });
  add_message_arguments(flag_one, *from);
  flag_one.add_option("--set", from->set, "played, saved, urgent, deleted")->delimiter(',');
  flag_one.add_option("--clear", from->clear, "The same, to take away")->delimiter(',');
}

} // namespace restante
