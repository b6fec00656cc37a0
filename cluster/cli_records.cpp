// records, notifications, status, ping.
#include "cluster/cli_session.hpp"

#include <chrono>
#include <iostream>
#include <thread>

namespace restante {

namespace {

constexpr wall_ms day_ms = 86'400'000;

uint32_t today() { return static_cast<uint32_t>(system_now() / day_ms); }

/// A place between two records.
struct place {
  uint32_t day = 0;
  uint64_t sequence = 0;
};

result<std::vector<answer::stored_record>> page_after(cli_session& session, place at,
                                                      uint16_t limit) {
  auto got = session.expect<answer::records>(ask::records{at.day, at.sequence, limit, false});
  if (!got)
    return tl::unexpected{got.error()};
  return std::move(got->page);
}

void add_to(text_table& table, const answer::stored_record& from) {
  table.add({time_text(from.what.at), shown(from.what.kind), shown(from.what.tenant),
             shown(from.what.profile), shown(from.what.detail)});
}

// --- records ------------------------------------------------------------------------------------

result<void> records(cli_session& session, const std::string& day_named, uint32_t limit) {
  const auto day = day_named.empty() ? std::optional{today()} : parse_day(day_named);
  if (!day)
    return usage("'" + day_named + "' is no day: write it as 2026-11-20");
  auto all = json_value::array();
  text_table table{{"TIME", "KIND", "TENANT", "PROFILE", "DETAIL"}};
  place at{*day, 0};
  uint32_t count = 0;
  for (bool more = true; more && count < limit;) {
    const auto wanted = std::min<size_t>(limit - count, limits::list_page_max);
    auto page = page_after(session, at, static_cast<uint16_t>(wanted));
    if (!page)
      return tl::unexpected{page.error()};
    more = page->size() == wanted;
    for (const auto& one : *page) {
      at = {one.day, one.sequence};
      if (one.day != *day) {
        more = false;
        break;
      }
      ++count;
      if (session.json)
        all.push_back(to_json(one));
      else
        add_to(table, one);
    }
  }
  if (session.json)
    print_json(std::cout, {{"day", day_text(*day)}, {"records", all}});
  else
    table.print(std::cout);
  return {};
}

// --- notifications ------------------------------------------------------------------------------

bool about_notifications(const answer::stored_record& what) {
  return what.what.kind.starts_with("notification_") || what.what.kind.starts_with("sms_");
}

/// The place behind the newest record, found by halving: a day may hold millions.
result<place> newest(cli_session& session) {
  place low{today(), 0};
  const auto any_after = [&](uint64_t sequence) -> result<bool> {
    auto page = page_after(session, {low.day, sequence}, 1);
    if (!page)
      return tl::unexpected{page.error()};
    return !page->empty();
  };
  uint64_t high = 1;
  for (;;) {
    auto any = any_after(high);
    if (!any)
      return tl::unexpected{any.error()};
    if (!*any)
      break;
    low.sequence = high;
    if (high > UINT64_MAX / 2) // records of a later day than this machine's: begin with those
      return low;
    high *= 2;
  }
  while (low.sequence + 1 < high) {
    const auto middle = low.sequence + (high - low.sequence) / 2;
    auto any = any_after(middle);
    if (!any)
      return tl::unexpected{any.error()};
    (*any ? low.sequence : high) = middle;
  }
  return place{low.day, high};
}

void print_notification(const cli_session& session, const answer::stored_record& what) {
  if (session.json)
    return print_json_line(std::cout, to_json(what));
  std::cout << time_text(what.what.at) << "  " << shown(what.what.kind) << "  "
            << shown(what.what.tenant) << "  " << shown(what.what.profile) << "  "
            << shown(what.what.detail) << std::endl;
}

result<void> notifications(cli_session& session, bool follow, bool from_start) {
  place at;
  if (follow && !from_start) {
    auto end = newest(session);
    if (!end)
      return tl::unexpected{end.error()};
    at = *end;
  }
  while (std::cout) {
    auto page = page_after(session, at, limits::list_page_max);
    if (!page)
      return tl::unexpected{page.error()};
    for (const auto& one : *page) {
      at = {one.day, one.sequence};
      if (about_notifications(one))
        print_notification(session, one);
    }
    if (page->size() == limits::list_page_max)
      continue;
    if (!follow)
      return {};
    std::this_thread::sleep_for(std::chrono::seconds{1});
  }
  return {};
}

// --- status, ping -------------------------------------------------------------------------------

result<void> status(cli_session& session) {
  auto got = session.expect<answer::status>(ask::status{});
  if (!got)
    return tl::unexpected{got.error()};
  if (session.json) {
    auto out = json_value::object();
    for (const auto& [name, value] : got->figures)
      out[name] = value;
    print_json(std::cout, out);
    return {};
  }
  for (auto& [name, value] : got->figures) {
    name = shown(name);
    value = shown(value);
  }
  print_facts(std::cout, got->figures);
  return {};
}

result<void> ping(cli_session& session) {
  // The first question also opens the connection; the second one is the measure.
  std::chrono::nanoseconds taken{};
  for (int i = 0; i < 2; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto got = session.expect<answer::pong>(ask::ping{});
    if (!got)
      return tl::unexpected{got.error()};
    taken = std::chrono::steady_clock::now() - begin;
  }
  if (session.json)
    print_json(std::cout, {{"latency_ms", static_cast<double>(taken.count()) / 1e6}});
  else
    std::cout << "the node answers in " << latency_text(taken) << '\n';
  return {};
}

} // namespace

void add_record_verbs(CLI::App& app, cli_session& session) {
  add_verb(app, session, "status", "Figures of the node (the operator's)", "restante status --json",
           [&session] { return status(session); });
  add_verb(app, session, "ping", "Whether the node answers, and how fast",
           "restante --as acme.toml ping", [&session] { return ping(session); });

  auto day = std::make_shared<std::string>();
  auto limit = std::make_shared<uint32_t>(100);
  auto& list = add_verb(app, session, "records",
                        "Charging and audit records of a day, oldest first (the operator's)",
                        "restante records --day 2026-11-20 --limit 1000 --json",
                        [&session, day, limit] { return records(session, *day, *limit); });
  list.add_option("--day", *day, "A day in UTC (default: today)")->type_name("YYYY-MM-DD");
  list.add_option("--limit", *limit, "The most to show")
      ->check(whole_number(UINT32_MAX))
      ->capture_default_str();

  auto follow = std::make_shared<bool>(false);
  auto from_start = std::make_shared<bool>(false);
  auto& tail =
      add_verb(app, session, "notifications",
               "What became of texts to subscribers (the operator's); with --follow only new ones",
               "restante notifications --follow", [&session, follow, from_start] {
                 return notifications(session, *follow, *from_start);
               });
  auto* following = tail.add_flag("--follow", *follow, "Go on until interrupted");
  tail.add_flag("--from-start", *from_start, "With --follow: everything kept first")
      ->needs(following);
}

} // namespace restante
