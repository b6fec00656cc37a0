// cluster status, cluster drain, mailbox where, mailbox verify.
#include "cluster/cli_session.hpp"
#include "cluster/cli_words.hpp"
#include "schemas/crypto.hpp"

#include <iostream>
#include <map>
#include <thread>

namespace restante {

namespace {

using facts = std::map<std::string, std::string>;

/// The figures whose names begin with `prefix`, without it.
facts below(const answer::status& of, const std::string& prefix) {
  facts out;
  for (const auto& [name, value] : of.figures)
    if (name.starts_with(prefix))
      out[name.substr(prefix.size())] = value;
  return out;
}

result<void> alone() {
  return fail(errc::unsupported, "cluster_none",
              "this node is alone: its configuration has no [cluster]");
}

// --- cluster status -----------------------------------------------------------------------------

/// "3.2 s" behind, or nothing of it.
std::string lag_text(const facts& of) {
  const auto behind = of.find("behind");
  if (behind == of.end())
    return "-";
  if (behind->second == "0")
    return "none";
  return shown(behind->second) + " changes, " +
         seconds_text(milliseconds{std::strtoll(of.at("behind_ms").c_str(), nullptr, 10)});
}

std::string link_text(facts& of) {
  if (of["connected"] == "yes")
    return "up";
  if (!of["refuses"].empty())
    return "it refuses this node: " + shown(of["refuses"]);
  if (!of["refused_here"].empty())
    return "refused here: " + shown(of["refused_here"]);
  return "down";
}

result<void> status(cli_session& session) {
  auto got = session.expect<answer::status>(ask::status{});
  if (!got)
    return tl::unexpected{got.error()};
  const auto here = below(*got, "cluster.");
  if (here.empty())
    return alone();
  std::map<std::string, facts> nodes;
  for (const auto& [name, value] : below(*got, "peer."))
    if (const auto dot = name.rfind('.'); dot != std::string::npos)
      nodes[name.substr(0, dot)][name.substr(dot + 1)] = value;
  if (session.json) {
    auto out = json_value::object();
    for (const auto& [name, value] : here)
      out[name] = value;
    for (const auto& [node, facts] : nodes)
      for (const auto& [name, value] : facts)
        out["nodes"][node][name] = value;
    print_json(std::cout, out);
    return {};
  }
  text_table table{{"NODE", "REGION", "STATE", "HOME OF", "HOLDS", "LINK",
                    "LACKS OF THIS NODE'S LOG", "COMPLETE", "DIFFERED"}};
  for (auto& [node, of] : nodes) {
    const bool self = node == here.at("node");
    table.add({shown(node), shown(of["region"]), shown(of["state"]), shown(of["home"]),
               shown(of["held"]), self ? "this node" : link_text(of), self ? "-" : lag_text(of),
               self ? "-" : shown(of["complete"]), self ? "-" : shown(of["differences"])});
  }
  table.print(std::cout);
  std::cout << "\nas " << shown(here.at("node")) << " sees it, which "
            << (here.at("ready") == "yes" ? "serves" : "is catching up and does not serve yet")
            << "; HOME OF and HOLDS count partitions of " << 1024
            << "; DIFFERED: mailboxes found unequal, and repaired\n";
  return {};
}

// --- cluster drain ------------------------------------------------------------------------------

void tell_progress(const facts& of) {
  std::cerr << shown(of.at("node")) << ": " << shown(of.at("partitions_left"))
            << " partitions to hand over, " << shown(of.at("changes_left")) << " changes to ship, "
            << shown(of.at("copies_leaving")) << " copies leaving";
  if (const auto far = of.find("not_connected"); far != of.end() && !far->second.empty())
    std::cerr << "; waits for " << shown(far->second) << ", which it is not connected to";
  std::cerr << '\n';
}

result<void> drain(cli_session& session, const std::string& node, bool undo) {
  constexpr auto pause = std::chrono::milliseconds{500};
  for (facts before;;) {
    auto got = session.expect<answer::status>(ask::drain{node, !undo});
    if (!got)
      return tl::unexpected{got.error()};
    auto now = below(*got, "drain.");
    const bool safe = now["safe"] == "yes";
    if (undo || safe) {
      if (session.json)
        print_json(std::cout, json_value(now));
      else
        std::cout << shown(node)
                  << (undo ? " takes mailboxes again\n"
                           : " holds nothing that others lack: it is safe to stop it\n");
      return {};
    }
    if (now != before)
      tell_progress(now);
    before = std::move(now);
    std::this_thread::sleep_for(pause);
  }
}

// --- mailbox where, mailbox verify --------------------------------------------------------------

result<answer::copies> copies(cli_session& session, const std::string& whom) {
  auto who = parse_subscriber(whom);
  if (!who)
    return tl::unexpected{who.error()};
  return session.expect<answer::copies>(ask::of_mailbox{*who, op::inspect{}});
}

std::string state_of(const answer::copy_of_mailbox& copy) {
  if (!copy.problem.empty())
    return "unknown: " + shown(copy.problem);
  if (!copy.there)
    return copy.role.empty() ? "none" : "missing";
  return copy.leaving ? "leaving" : "there";
}

json_value to_json(const answer::copy_of_mailbox& copy) {
  json_value out{
      {"node", copy.node}, {"region", copy.region}, {"role", copy.role}, {"state", state_of(copy)}};
  if (copy.there) {
    out["messages"] = copy.messages;
    out["location"] = copy.location;
    out["digest"] = to_hex(copy.state.view());
  }
  return out;
}

result<void> where(cli_session& session, const std::string& whom) {
  auto got = copies(session, whom);
  if (!got)
    return tl::unexpected{got.error()};
  if (session.json) {
    auto all = json_value::array();
    for (const auto& copy : got->all)
      all.push_back(to_json(copy));
    print_json(std::cout, {{"copies", all}});
    return {};
  }
  text_table table{{"NODE", "REGION", "ROLE", "STATE", "MESSAGES"}};
  for (const auto& copy : got->all)
    table.add({copy.node.empty() ? "this node" : shown(copy.node), shown(copy.region),
               copy.role.empty() ? "-" : shown(copy.role), state_of(copy),
               copy.there ? std::to_string(copy.messages) : "-"});
  table.print(std::cout);
  return {};
}

result<void> verify(cli_session& session, const std::string& whom) {
  auto got = copies(session, whom);
  if (!got)
    return tl::unexpected{got.error()};
  size_t there = 0, missing = 0;
  std::map<std::string, size_t> digests;
  auto all = json_value::array();
  text_table table{{"NODE", "ROLE", "STATE", "DIGEST"}};
  for (const auto& copy : got->all) {
    there += copy.there;
    missing += !copy.there;
    if (copy.there)
      ++digests[to_hex(copy.state.view())];
    all.push_back(to_json(copy));
    table.add({copy.node.empty() ? "this node" : shown(copy.node),
               copy.role.empty() ? "-" : shown(copy.role), state_of(copy),
               copy.there ? to_hex(copy.state.view()) : "-"});
  }
  const bool equal = digests.size() == 1 && missing == 0;
  if (session.json)
    print_json(std::cout, {{"equal", equal}, {"copies", all}});
  else
    table.print(std::cout);
  if (equal) {
    if (!session.json)
      std::cout << '\n' << there << (there == 1 ? " copy\n" : " copies, all equal\n");
    return {};
  }
  return fail(errc::conflict, "copies_differ",
              digests.size() > 1 ? "copies differ: while changes are under way, or a link is down, "
                                   "they do; the nodes compare and mend them by themselves"
                                 : "a copy is missing or could not be asked");
}

} // namespace

void add_cluster_verbs(CLI::App& app, cli_session& session) {
  auto& cluster = *app.add_subcommand("cluster", "The nodes of a cluster (the operator's)");
  cluster.require_subcommand(1);
  add_verb(cluster, session, "status", "Which nodes there are, what they hold, how far they are",
           "restante --config var/restante.toml cluster status",
           [&session] { return status(session); });
  auto node = std::make_shared<std::string>();
  auto undo = std::make_shared<bool>(false);
  auto& draining = add_verb(cluster, session, "drain",
                            "Hand everything of a node over to the others; ends when it is safe to "
                            "stop it",
                            "restante --config var/restante.toml cluster drain eu1-2",
                            [&session, node, undo] { return drain(session, *node, *undo); });
  draining.add_option("NODE", *node, "Its name")->required();
  draining.add_flag("--undo", *undo, "It takes mailboxes again");

  auto& mailbox = *app.add_subcommand("mailbox", "The copies of a mailbox (the operator's)");
  mailbox.require_subcommand(1);
  auto whom = std::make_shared<std::string>();
  add_subscriber_argument(add_verb(mailbox, session, "where", "Which nodes hold it",
                                   "restante --config var/restante.toml mailbox where +15055551212",
                                   [&session, whom] { return where(session, *whom); }),
                          *whom);
  add_subscriber_argument(
      add_verb(mailbox, session, "verify", "Whether all copies are equal; exit code 1 when not",
               "restante --config var/restante.toml mailbox verify +15055551212",
               [&session, whom] { return verify(session, *whom); }),
      *whom);
}

} // namespace restante
