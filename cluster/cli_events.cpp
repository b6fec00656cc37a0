// events.
#include "cluster/cli_session.hpp"

#include <iostream>

namespace restante {

namespace {

constexpr uint32_t credit = 100;
/// What "nothing more comes" means without --follow and --count.
constexpr milliseconds quiet{1'000};
/// A node that was restarted has forgotten the subscription: after so much silence it is asked for
/// again, and so long that may take. Asked in vain, or too early, it is asked for again.
constexpr milliseconds renewal{3'000};

struct event_options {
  std::string name = "restante-cli";
  uint64_t from = 0;
  bool follow = false;
  uint64_t count = 0;
};

void print(const cli_session& session, const answer::event& what) {
  if (session.json)
    return print_json_line(std::cout, to_json(what));
  std::cout << what.sequence << "  " << time_text(what.at) << "  " << to_string(what.what) << "  "
            << shown(what.profile);
  if (what.uid != 0)
    std::cout << "  message " << what.uid;
  std::cout << "  by " << shown(what.tenant);
  if (what.why)
    std::cout << "  " << shown(failure_text(*what.why));
  std::cout << std::endl;
}

/// A refusal that a node still gives while it stops, starts or has too much to do.
bool passing(const failure& why) {
  return why.code == errc::shutting_down || why.code == errc::busy ||
         why.code == errc::outcome_unknown;
}

result<void> events(cli_session& session, const event_options& from) {
  auto begun = session.expect<answer::subscribed>(ask::subscribe{from.name, credit, from.from});
  if (!begun)
    return tl::unexpected{begun.error()};
  auto node = session.node();
  if (!node)
    return tl::unexpected{node.error()};
  const auto patience = from.follow ? renewal : from.count > 0 ? session.timeout() : quiet;
  uint64_t printed = 0;
  uint64_t last = 0;
  while (std::cout && (from.count == 0 || printed < from.count)) {
    const auto event = (*node)->next_event(patience);
    if (event) {
      // Repeats of what was acknowledged a moment too late are acknowledged again.
      if (event->sequence == 0 || event->sequence > last) {
        print(session, *event);
        ++printed;
      }
      last = std::max(last, event->sequence);
      if (event->sequence != 0 && std::cout)
        (*node)->post(ask::acknowledge{from.name, event->sequence});
    } else if (from.follow) {
      auto again = (*node)->ask(ask::subscribe{from.name, credit, 0}, {}, renewal);
      if (!again && !passing(again.error()))
        return tl::unexpected{again.error()};
    } else if (from.count > 0) {
      return fail(errc::outcome_unknown, "no_answer",
                  "only " + std::to_string(printed) + " of " + std::to_string(from.count) +
                      " events came: the next one took longer than " +
                      seconds_text(session.timeout()) + " (--timeout)");
    } else {
      return {};
    }
  }
  return {};
}

} // namespace

void add_event_verbs(CLI::App& app, cli_session& session) {
  auto from = std::make_shared<event_options>();
  auto& verb = add_verb(app, session, "events",
                        "What happens to a tenant's subscribers; each event is acknowledged, so "
                        "that a name sees it once",
                        "restante --as acme.toml events --name billing --from 1 --follow",
                        [&session, from] { return events(session, *from); });
  verb.add_option("--name", from->name, "The node keeps the position under it")
      ->capture_default_str();
  verb.add_option("--from", from->from,
                  "The first sequence number wanted; 1: everything kept (default: where the name "
                  "left off)")
      ->check(whole_number(UINT64_MAX));
  auto* follow = verb.add_flag("--follow", from->follow, "Go on until interrupted");
  verb.add_option("--count", from->count, "End after so many; exit code 4 when too few come")
      ->check(whole_number(UINT64_MAX))
      ->excludes(follow);
}

} // namespace restante
