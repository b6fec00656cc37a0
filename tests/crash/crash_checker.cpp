// Compares what a node promised, by the journal of crash_depositor, with what it serves: lists the
// mailboxes and retrieves the messages. Prints the counts as one line of JSON; exit status 1 on any
// difference. With --follow a check is made for each line on stdin: "new" checks what the journal
// has said since the last check and a sample of what is older, "all" everything.
#include "cluster/identity_file.hpp"
#include "schemas/limits.hpp"
#include "tests/crash/asking.hpp"
#include "tests/crash/promises.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <random>

namespace {

using namespace restante;
using crash::promise;

constexpr wall_ms call_times_begin = 1'600'000'000'000; // deposit N was called N ms later

std::string named(uint64_t number) { return "deposit " + std::to_string(number); }

class checker {
public:
  checker(const std::string& journal, const identity& who, uint64_t seed)
      : promises_{journal, found_}
      , node_{who}
      , random_{seed} {}

  void check_all() {
    begin();
    auto boxes = promises_.mailboxes();
    std::set<uint64_t> numbers;
    for (const auto& [number, promised] : promises_.all())
      numbers.insert(number);
    compare({boxes.begin(), boxes.end()}, numbers);
  }

  void check_new(size_t sample) {
    auto touched = begin();
    const auto& older = promises_.acknowledged();
    for (size_t i = 0; i < sample && !older.empty(); ++i)
      touched.insert(older[std::uniform_int_distribution<size_t>{0, older.size() - 1}(random_)]);
    compare(promises_.take_new_mailboxes(), touched);
  }

  [[nodiscard]] bool sound() const { return !found_.any() && !unanswered(); }

  [[nodiscard]] nlohmann::json figures() const {
    nlohmann::json out{{"acknowledged", promises_.acknowledged().size()},
                       {"unacknowledged", unacknowledged()},
                       {"deletions", promises_.deletions()},
                       {"mailboxes_listed", mailboxes_listed_},
                       {"messages_retrieved", messages_retrieved_}};
    for (const char* kind : {"lost", "changed", "duplicated", "undeleted", "refused"})
      out[kind] = found_.count(kind);
    return out;
  }

private:
  struct handed_out {
    std::string digest; // hex; empty: refused
    std::string why;
  };

  std::set<uint64_t> begin() {
    reading_ = promises_.read();
    listed_.clear();
    handed_out_.clear();
    return promises_.take_touched();
  }

  [[nodiscard]] size_t unacknowledged() const {
    return promises_.all().size() - promises_.acknowledged().size();
  }
  [[nodiscard]] bool unanswered() const { return promises_.ended() && unacknowledged() > 0; }

  void compare(std::set<std::string> boxes, const std::set<uint64_t>& numbers) {
    for (auto number : numbers)
      boxes.insert(promises_.find(number)->profile);
    list(boxes);
    retrieve(numbers);
    promises_.read(); // what was asked for meanwhile explains what is there and what is gone
    for (const auto& [profile, headers] : listed_)
      judge_mailbox(profile, headers);
    for (const auto& [number, got] : handed_out_)
      judge_message(number, got);
  }

  // --- asking -----------------------------------------------------------------------------------

  void list(const std::set<std::string>& boxes) {
    std::vector<std::pair<std::string, uint32_t>> pages; // profile, after this number
    pages.reserve(boxes.size());
    for (const auto& profile : boxes)
      pages.emplace_back(profile, 0);
    while (!pages.empty()) {
      decltype(pages) next;
      node_.all(
          pages.size(),
          [&](size_t i) -> crash::question {
            op::list what{pages[i].second, limits::list_page_max, true};
            return {ask::of_mailbox{{subscriber_ref::by::profile, pages[i].first}, what}, {}};
          },
          [&](size_t i, outcome got) {
            const auto& profile = pages[i].first;
            auto* page = std::get_if<answer::listing>(&got);
            if (page == nullptr) {
              found_.note("lost", "mailbox " + profile, std::get<failure>(got).text);
              return;
            }
            auto& headers = listed_[profile];
            headers.insert(headers.end(), page->headers.begin(), page->headers.end());
            if (page->more)
              next.emplace_back(profile, headers.back().uid);
          });
      pages = std::move(next);
    }
    mailboxes_listed_ += boxes.size();
  }

  void retrieve(const std::set<uint64_t>& numbers) {
    // What is owed, and what is there although no answer said so.
    std::map<uint64_t, message_id> wanted;
    for (const auto& [profile, headers] : listed_)
      for (const auto& header : headers)
        if (auto number = number_of(header);
            numbers.count(number) > 0 && !header.has(flag_bit::trashed))
          wanted[number] = header.id;
    for (auto number : numbers)
      if (const auto* promised = promises_.find(number); promised->owed(reading_))
        wanted[number] = promised->message;
    std::vector<std::pair<uint64_t, message_id>> asked(wanted.begin(), wanted.end());
    node_.all(
        asked.size(),
        [&](size_t i) -> crash::question {
          op::retrieve what;
          what.message.id = asked[i].second;
          const auto& profile = promises_.find(asked[i].first)->profile;
          // One request id a message: retrieving it again changes nothing.
          return {ask::of_mailbox{{subscriber_ref::by::profile, profile}, what},
                  "check-" + std::to_string(asked[i].first)};
        },
        [&](size_t i, const outcome& got) { handed_out_[asked[i].first] = digest_of(got); });
    messages_retrieved_ += asked.size();
  }

  static handed_out digest_of(const outcome& got) {
    if (const auto* why = std::get_if<failure>(&got))
      return {{}, why->text};
    const auto& parts = std::get<answer::message>(got).parts;
    if (parts.size() != 1)
      return {"none", {}};
    std::string_view bytes[] = {parts[0].bytes.view()};
    return {to_string(plain_digest(bytes)), {}};
  }

  // --- judging ----------------------------------------------------------------------------------

  static uint64_t number_of(const message_record& header) {
    return static_cast<uint64_t>(header.called_at - call_times_begin);
  }

  void judge_mailbox(const std::string& profile, const std::vector<message_record>& headers) {
    std::map<uint64_t, const message_record*> by_number;
    std::set<message_id> ids;
    std::set<uint32_t> uids;
    for (const auto& header : headers) {
      auto number = number_of(header);
      const auto* promised = promises_.find(number);
      if (promised == nullptr || promised->profile != profile) {
        found_.note("duplicated", "message " + to_string(header.id), "nobody sent it there");
        continue;
      }
      if (!by_number.emplace(number, &header).second || !ids.insert(header.id).second ||
          !uids.insert(header.uid).second)
        found_.note("duplicated", named(number), "it, its id or its number is listed twice");
      promises_.told(profile, number, header.id, header.uid);
      judge_header(number, *promised, header);
    }
    for (auto number : promises_.deposits_into(profile)) {
      const auto& promised = *promises_.find(number);
      bool there = by_number.count(number) > 0;
      if (!there && promised.owed(reading_))
        found_.note("lost", named(number), "not listed in " + profile);
      if (!there && promised.deleted(reading_) && !promised.purge)
        found_.note("lost", named(number), "deleted, but not where it can be brought back from");
    }
  }

  void judge_header(uint64_t number, const promise& promised, const message_record& header) {
    bool trashed = header.has(flag_bit::trashed);
    if (promised.acknowledged_in != 0 &&
        (header.id != promised.message || header.uid != promised.uid))
      found_.note("duplicated", named(number), "listed under another id or number than promised");
    if (header.parts.size() != 1 || header.parts[0].size != promised.size ||
        header.parts[0].type != media_type::amr)
      found_.note("changed", named(number), "listed with other parts");
    if (trashed && promised.deletion_asked_in == 0)
      found_.note("lost", named(number), "listed as deleted; nobody asked for that");
    if (promised.deleted(reading_) && (promised.purge || !trashed))
      found_.note("undeleted", named(number), "listed after its deletion was acknowledged");
  }

  void judge_message(uint64_t number, const handed_out& got) {
    const auto& promised = *promises_.find(number);
    if (got.digest.empty()) {
      if (promised.deletion_asked_in == 0)
        found_.note("lost", named(number), "not handed out: " + got.why);
    } else if (got.digest != promised.digest) {
      found_.note("changed", named(number), "handed out with other bytes than were sent");
    }
  }

  crash::differences found_;
  crash::promises promises_;
  crash::asking node_;
  std::mt19937_64 random_;
  uint64_t reading_ = 0; // what is owed is what had been read by then
  std::map<std::string, std::vector<message_record>> listed_;
  std::map<uint64_t, handed_out> handed_out_;
  size_t mailboxes_listed_ = 0, messages_retrieved_ = 0;
};

void follow(checker& checks, size_t sample) {
  std::string what;
  while (std::getline(std::cin, what)) {
    if (what == "all")
      checks.check_all();
    else
      checks.check_new(sample);
    std::cout << checks.figures() << std::endl;
  }
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"crash_checker: compares what was promised with what is served"};
  std::string identity_file, journal;
  size_t sample = 200;
  uint64_t seed = 1;
  bool following = false;
  app.add_option("--as", identity_file, "identity file of the depositor's tenant")->required();
  app.add_option("--journal", journal, "what the depositor wrote")->required();
  app.add_flag("--follow", following, "check for each line on stdin, \"new\" or \"all\"");
  app.add_option("--sample", sample, "older messages looked at by \"new\"");
  app.add_option("--seed", seed, "of the sample");
  CLI11_PARSE(app, argc, argv);
  init_crypto();
  auto who = read_identity(identity_file);
  if (!who) {
    std::cerr << "crash_checker: " << who.error().text << "\n";
    return exit_code::usage;
  }
  try {
    checker checks{journal, *who, seed};
    if (following) {
      follow(checks, sample);
    } else {
      checks.check_all();
      std::cout << checks.figures() << "\n";
    }
    return checks.sound() ? exit_code::ok : exit_code::failed;
  } catch (const std::exception& e) {
    std::cerr << "crash_checker: " << e.what() << "\n";
    return exit_code::failed;
  }
}
