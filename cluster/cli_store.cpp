// store check, store repair: a node's data directory, while the node is stopped.
#include "actors/merge.hpp"
#include "cluster/cli_session.hpp"
#include "storage/store_files.hpp"
#include "storage/store_repair.hpp"

#include <signal.h> // POSIX, not <csignal>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <iostream>

namespace restante {

namespace {

void merge_state(mailbox_state& into, const mailbox_state& from) { merge(into, from); }

volatile sig_atomic_t stopped_by = 0; // the signal
struct stopped {};

/// Says on standard error what is being done, once a second and not in the first. Leaves by an
/// exception after Ctrl-C, so that what was half made is removed on the way out.
class progress {
public:
  explicit progress(std::string doing) : doing_{std::move(doing)} {}

  void operator()(std::string_view part, uint64_t done) {
    if (stopped_by != 0)
      throw stopped{};
    const auto now = std::chrono::steady_clock::now();
    if (now < next_)
      return;
    next_ = now + std::chrono::seconds{1};
    std::cerr << "restante: " << doing_ << ": " << part << ", " << done
              << (part == "files" ? "" : " rows") << " so far" << std::endl;
  }

private:
  std::string doing_;
  std::chrono::steady_clock::time_point next_ =
      std::chrono::steady_clock::now() + std::chrono::seconds{1};
};

/// Runs `work`, which tells its progress; a second Ctrl-C does not wait for it.
template <class Work>
auto until_stopped(Work&& work) -> decltype(work()) {
  struct sigaction how {};
  how.sa_handler = [](int number) { stopped_by = number; };
  how.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    sigaction(number, &how, nullptr);
  try {
    return work();
  } catch (const stopped&) {
    std::cerr << "restante: stopped; what was half made is removed" << std::endl;
    ::signal(stopped_by, SIG_DFL);
    ::raise(stopped_by);
    throw;
  }
}

std::string whose(const finding& what) {
  auto text = what.profile.empty() ? "-" : what.profile;
  if (!what.message.empty())
    text += what.uid != 0 ? " message " + std::to_string(what.uid) : " message " + what.message;
  return text;
}

std::string_view before_repair(fate what) {
  switch (what) {
  case fate::seen:
    return "see the rows";
  case fate::rebuilt:
    return "brings it back";
  case fate::lost:
    return "can't bring it back";
  case fate::unused:
    return "leaves it out";
  }
  return "";
}

void print_findings(const finding_list& all, bool repaired) {
  if (all.empty())
    return;
  const auto fate_text = [&](fate what) {
    return std::string{repaired ? to_string(what) : before_repair(what)};
  };
  text_table table{{"WHERE", "WHAT IS WRONG", "WHOSE", repaired ? "BECAME" : "A REPAIR"}};
  for (const auto& each : all)
    table.add({shown(each.where), shown(each.what), shown(whose(each)), fate_text(each.becomes)});
  for (const auto& each : all.more())
    table.add({shown(each.where), "and " + std::to_string(each.findings) + " more", "-",
               fate_text(each.becomes)});
  table.print(std::cout);
}

json_value to_json(const finding_list& all) {
  auto out = json_value::array();
  for (const auto& each : all) {
    json_value one{{"where", each.where}, {"what", each.what}, {"repair", to_string(each.becomes)}};
    if (!each.profile.empty())
      one["profile_id"] = each.profile;
    if (!each.message.empty())
      one["message_id"] = each.message;
    if (each.uid != 0)
      one["number"] = each.uid;
    if (each.becomes == fate::lost)
      one["rows"] = each.rows;
    out.push_back(std::move(one));
  }
  return out;
}

/// Of each kind of finding with more than are listed, how many these are.
json_value more_json(const finding_list& all) {
  auto out = json_value::array();
  for (const auto& each : all.more())
    out.push_back(
        {{"where", each.where}, {"repair", to_string(each.becomes)}, {"findings", each.findings}});
  return out;
}

void print_remarks(const std::vector<remark>& all) {
  if (all.empty())
    return;
  text_table table{{"WHERE", "WORTH KNOWING, NO DAMAGE"}};
  for (const auto& each : all)
    table.add({shown(each.where), shown(each.what)});
  table.print(std::cout);
}

json_value to_json(const std::vector<remark>& all) {
  auto out = json_value::array();
  for (const auto& each : all)
    out.push_back({{"where", each.where}, {"what", each.what}});
  return out;
}

json_value row_json(const std::optional<uint64_t>& row) {
  return row ? json_value(*row) : json_value(nullptr);
}

std::string row_text(const std::optional<uint64_t>& row) {
  return row ? std::to_string(*row) : "not known";
}

/// A directory that cannot be meant is a wrong command line, not a finding.
tl::unexpected<failure> refused(failure why) {
  const std::string_view reason{why.reason};
  if (reason == "no_store" || reason == "into_exists" || reason == "repair_unfinished")
    return usage(std::move(why.text));
  return tl::unexpected{std::move(why)};
}

void print_verdict(const store_report& found, const std::string& directory) {
  print_findings(found.findings, false);
  print_remarks(found.remarks);
  const auto of_kind = [&](const char* extension) {
    return std::to_string(numbered_files(directory, extension).size());
  };
  const auto& rows = found.rows;
  const auto judged = [&](uint64_t number) {
    return found.rows_judged ? std::to_string(number) : "not known";
  };
  print_facts(std::cout, {{"directory", directory},
                          {"state", found.findings.empty() ? "sound" : "damaged"},
                          {"logs", of_kind(".log")},
                          {"tables", of_kind(".sst")},
                          {"media files", of_kind(".blob")},
                          {"rows read", judged(rows.rows)},
                          {"mailboxes", judged(rows.mailboxes)},
                          {"messages", judged(rows.messages)},
                          {"newest row", row_text(found.newest_row)},
                          {"acknowledged", row_text(found.acknowledged)}});
}

result<void> check(const cli_session& session, const std::string& directory) {
  auto found = until_stopped([&] {
    return check_store({directory, merge_state, progress{"checking"}});
  });
  if (!found)
    return refused(found.error());
  const auto& rows = found->rows;
  if (session.json)
    print_json(std::cout, {{"directory", directory},
                           {"sound", found->findings.empty()},
                           {"files", found->files},
                           {"bytes", found->bytes},
                           {"rows_judged", found->rows_judged},
                           {"rows", rows.rows},
                           {"mailboxes", rows.mailboxes},
                           {"messages", rows.messages},
                           {"acknowledged_row", row_json(found->acknowledged)},
                           {"newest_row", row_json(found->newest_row)},
                           {"findings", to_json(found->findings)},
                           {"more_findings", more_json(found->findings)},
                           {"remarks", to_json(found->remarks)}});
  else
    print_verdict(*found, directory);
  if (!found->findings.empty())
    return fail(errc::storage_failure, "damage_found",
                std::to_string(found->findings.all()) +
                    (found->findings.all() == 1 ? " finding in " : " findings in ") + directory +
                    ". Keep the node stopped. With a replica or a backup, move the directory aside "
                    "and use that; otherwise salvage what can be read: 'restante store repair " +
                    directory + " --into NEWDIR'");
  return {};
}

/// How many rows were lost, in words; empty: none.
std::string lost_text(const repair_report& done) {
  const auto rows = done.lost_rows();
  if (rows != 0)
    return "at least " + std::to_string(rows) + (rows == 1 ? " row" : " rows");
  return done.findings.all(fate::lost) == 0 ? "" : "rows nobody can count";
}

void print_salvaged(const repair_report& done, const std::string& directory,
                    const std::string& into) {
  const auto lost = lost_text(done);
  print_findings(done.findings, true);
  print_facts(std::cout,
              {{"into", into},
               {"rows read", std::to_string(done.rows.rows)},
               {"mailboxes", std::to_string(done.rows.mailboxes)},
               {"messages", std::to_string(done.rows.messages)},
               {"brought back", std::to_string(done.findings.all(fate::rebuilt))},
               {"lost", lost.empty() ? "0" : lost + ", see the table above"},
               {"newest row", std::to_string(done.newest_row)},
               {"acknowledged", row_text(done.acknowledged)},
               {"next", "keep " + directory + " aside, give the node " + into + " as its 'data'"}});
}

result<void> repair(const cli_session& session, const std::string& directory,
                    const std::string& into) {
  umask(077); // as restanted does: what subscribers say is nobody else's
  auto done = until_stopped([&] {
    return repair_store({directory, into, merge_state, progress{"salvaging"}});
  });
  if (!done)
    return refused(done.error());
  const auto lost = lost_text(*done);
  if (session.json)
    print_json(std::cout, {{"directory", directory},
                           {"into", into},
                           {"lost_rows", done->lost_rows()},
                           {"rebuilt", done->findings.all(fate::rebuilt)},
                           {"rows", done->rows.rows},
                           {"mailboxes", done->rows.mailboxes},
                           {"messages", done->rows.messages},
                           {"without_manifest", done->without_manifest},
                           {"acknowledged_row", row_json(done->acknowledged)},
                           {"newest_row", done->newest_row},
                           {"findings", to_json(done->findings)},
                           {"more_findings", more_json(done->findings)}});
  else
    print_salvaged(*done, directory, into);
  if (!done->acknowledged)
    std::cerr << "restante: warning: how far the store had acknowledged is not known: nobody can "
                 "say whether its newest rows are all there"
              << std::endl;
  if (done->rows.messages == 0)
    std::cerr << "restante: warning: no message was found in " << directory << std::endl;
  if (!lost.empty())
    return fail(errc::storage_failure, "rows_lost",
                into + " was made without " + lost + " that had been in " + directory +
                    ". A replica or a backup may have them; depositors that repeat their deposits "
                    "bring lost messages back");
  return {};
}

} // namespace

void add_store_verbs(CLI::App& app, cli_session& session) {
  auto& store =
      *app.add_subcommand("store", "The data directory of a node that is stopped: is it sound, and "
                                   "what can be saved");
  store.require_subcommand(1);
  auto from = std::make_shared<std::string>();
  const char* data = "'data' in the node's configuration";
  auto& check_it = add_verb(
      store, session, "check", "Read every file and row; exit code 1 when something is damaged",
      "restante store check var/data", [&session, from] { return check(session, *from); });
  check_it.add_option("DIR", *from, data)->required()->check(CLI::ExistingDirectory);

  auto into = std::make_shared<std::string>();
  auto& repair_it =
      add_verb(store, session, "repair",
               "Salvage what can be read into a new directory; exit code 1 when something "
               "is lost",
               "restante store repair var/data --into var/salvaged",
               [&session, from, into] { return repair(session, *from, *into); });
  repair_it.add_option("DIR", *from, data)->required()->check(CLI::ExistingDirectory);
  repair_it.add_option("--into", *into, "The new directory; DIR stays as it is")
      ->required()
      ->type_name("NEWDIR")
      ->check([](const std::string& given) {
        return given.empty() ? "name a new directory" : std::string{};
      });
}

} // namespace restante
