// Loads a node that is killed again and again, and writes down what it promised: deposits at full
// speed into a growing number of mailboxes, repeats under the same request id whatever got no
// answer, sometimes what did, and deletes a share. README.md has the journal. SIGTERM ends the
// load; the program ends when everything open has been answered.
#include "benchmarks/sample.hpp"
#include "bridges/client.hpp"
#include "cluster/identity_file.hpp"
#include "tests/crash/journal.hpp"

#include <CLI/CLI.hpp>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <random>
#include <unordered_map>

namespace {

using namespace restante;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr wall_ms call_times_begin = 1'600'000'000'000; // deposit N was called N ms later
constexpr auto unanswered_after = 500ms;                // then it is sent again
constexpr auto silence = 100ms;                         // then a ping asks whether the node is back
constexpr size_t recordings_made = 256;
constexpr size_t busy_mailboxes = 64; // that three quarters of the deposits go to, in turn
constexpr uint64_t deposits_a_mailbox = 16;

volatile std::sig_atomic_t ending = 0;

struct options {
  std::string identity, journal;
  uint64_t seed = 1;
  size_t window = 256;
  size_t mailboxes = 2'000;
  double deleted = 0.1;   // share of acknowledged messages
  double repeated = 0.01; // share of acknowledged deposits that are sent once more
};

/// What is asked under one request id until it is answered.
struct asked {
  enum class kind : uint8_t { registration, deposit, repeat, removal };
  kind what;
  uint64_t number; // of the deposit, or of the mailbox

  friend auto operator<=>(const asked&, const asked&) = default;

  [[nodiscard]] std::string request_id() const {
    // A repeat is the same request as its deposit.
    static constexpr const char* names[] = {"mailbox-", "load-", "load-", "remove-"};
    return names[static_cast<size_t>(what)] + std::to_string(number);
  }
};

struct stored_message {
  uint64_t number;
  size_t mailbox;
  message_id id;
};

class depositor {
public:
  depositor(const options& how, const identity& who)
      : how_{how}
      , node_{who}
      , journal_{how.journal}
      , random_{how.seed} {
    for (uint64_t i = 0; i < recordings_made; ++i) {
      auto size = 200 * std::exp(std::uniform_real_distribution{0.0, std::log(300.0)}(random_));
      recordings_.push_back(bench::amr_of_size(static_cast<size_t>(size), how.seed + i));
    }
  }

  void run() {
    while (!ending || !open_.empty()) {
      if (!ending)
        fill();
      if (auto got = node_.receive(20ms); got && *got) {
        heard_ = clock::now();
        take(**got);
        send_again();
      } else if (clock::now() - std::max(heard_, pinged_) > silence) {
        // Only a node that answers is sent everything again: what goes out before waits in the
        // socket until the node is back.
        pinged_ = clock::now();
        node_.post(ask::ping{});
      }
    }
    journal_.write("end");
  }

  void print_figures() const {
    std::cout << "{\"sent\": " << sent_ << ", \"acknowledged\": " << acknowledged_
              << ", \"mailboxes\": " << profiles_.size() << ", \"sent_again\": " << sent_again_
              << ", \"deleted\": " << deleted_ << ", \"refused\": " << refused_ << "}\n";
  }

private:
  struct waiting {
    operation what;
    clock::time_point sent_at;
  };

  double chance() { return std::uniform_real_distribution{0.0, 1.0}(random_); }

  size_t below(size_t count) {
    return std::uniform_int_distribution<size_t>{0, count - 1}(random_);
  }

  // --- asking -----------------------------------------------------------------------------------

  void fill() {
    auto wanted = std::min(how_.mailboxes, busy_mailboxes + sent_ / deposits_a_mailbox);
    while (open_.size() < how_.window && mailboxes_asked_ < wanted)
      register_mailbox(mailboxes_asked_++);
    while (open_.size() < how_.window && !profiles_.empty())
      deposit();
  }

  void register_mailbox(size_t number) {
    ask::register_device what;
    what.imei = std::to_string(10'000'000'000'000 + number);
    // A number makes every deposit write its notification, as in life.
    what.number = "+1505" + std::to_string(2'000'000 + number);
    post({asked::kind::registration, number}, what);
  }

  void deposit() {
    auto number = sent_++;
    auto mailbox = chance() < 0.75
                       ? (number / deposits_a_mailbox + below(busy_mailboxes)) % profiles_.size()
                       : below(profiles_.size());
    auto what = deposit_of(number);
    auto media = what.parts[0].bytes.view();
    std::string_view parts[] = {media};
    journal_.write("send " + std::to_string(number) + " " + profiles_[mailbox] + " " +
                   std::to_string(media.size()) + " " + to_string(plain_digest(parts)));
    mailbox_of_[number] = mailbox;
    post({asked::kind::deposit, number}, in(mailbox, std::move(what)));
  }

  /// Deposit `number` as it is every time: recordings of other numbers differ in the first frame.
  op::deposit deposit_of(uint64_t number) const {
    auto media = recordings_[number % recordings_.size()];
    for (size_t i = 0; i < sizeof number; ++i)
      media[7 + i] = static_cast<char>(number >> (8 * i));
    op::deposit what;
    what.caller = "+15055551212";
    what.called_at = call_times_begin + static_cast<wall_ms>(number);
    what.urgent = number % 5 == 0;
    what.parts.push_back({media_type::amr, chunk{std::move(media)}});
    return what;
  }

  ask::of_mailbox in(size_t mailbox, mailbox_op what) const {
    return {{subscriber_ref::by::profile, profiles_[mailbox]}, std::move(what)};
  }

  void post(asked which, operation what) {
    correlations_[node_.post(what, which.request_id())] = which;
    open_[which] = {std::move(what), clock::now()};
  }

  void send_again() {
    auto now = clock::now();
    if (now - looked_ < silence)
      return;
    looked_ = now;
    for (auto& [which, waits] : open_) {
      if (now - waits.sent_at < unanswered_after)
        continue;
      if (which.what == asked::kind::deposit)
        journal_.write("again " + std::to_string(which.number));
      correlations_[node_.post(waits.what, which.request_id())] = which;
      waits.sent_at = now;
      ++sent_again_;
    }
  }

  // --- answers ----------------------------------------------------------------------------------

  void take(const reply& got) {
    auto found = correlations_.extract(got.correlation);
    if (found.empty())
      return; // a pong
    auto which = found.mapped();
    if (const auto* why = std::get_if<failure>(&got.what)) {
      if (why->code != errc::busy && why->code != errc::outcome_unknown &&
          why->code != errc::shutting_down)
        refused(which, *why);
      return; // the others stay open and are sent again
    }
    bool first = open_.erase(which) > 0;
    if (const auto* done = std::get_if<answer::deposited>(&got.what))
      // The second answer to what was sent twice is a promise too, and must be the same one.
      stored(which, *done, first);
    else if (const auto* made = std::get_if<answer::registered>(&got.what); made && first) {
      profiles_.push_back(to_string(made->profile));
      journal_.write("mailbox " + profiles_.back());
    } else if (first && which.what == asked::kind::removal) {
      ++deleted_;
      journal_.write("deleted " + std::to_string(which.number));
    }
  }

  void refused(asked which, const failure& why) {
    if (open_.erase(which) == 0)
      return;
    ++refused_;
    journal_.write("refused " + std::to_string(which.number) + " " + why.reason);
    std::cerr << "crash_depositor: " << which.request_id() << ": " << why.text << "\n";
  }

  void stored(asked which, const answer::deposited& done, bool first) {
    auto number = which.number;
    journal_.write("ack " + std::to_string(number) + " " + to_string(done.message) + " " +
                   std::to_string(done.uid));
    if (!first || which.what == asked::kind::repeat)
      return;
    ++acknowledged_;
    kept_.push_back({number, mailbox_of_.extract(number).mapped(), done.message});
    if (chance() < how_.deleted)
      remove(below(kept_.size()));
    if (chance() < how_.repeated && !kept_.empty()) {
      const auto& again = kept_[below(kept_.size())];
      journal_.write("again " + std::to_string(again.number));
      post({asked::kind::repeat, again.number}, in(again.mailbox, deposit_of(again.number)));
    }
  }

  void remove(size_t at) {
    auto message = kept_[at];
    kept_[at] = kept_.back();
    kept_.pop_back();
    op::remove what;
    what.message.id = message.id;
    what.purge = chance() < 0.5;
    journal_.write("delete " + std::to_string(message.number) + (what.purge ? " purge" : " trash"));
    post({asked::kind::removal, message.number}, in(message.mailbox, what));
  }

  options how_;
  client node_;
  crash::journal journal_;
  std::mt19937_64 random_;
  std::vector<std::string> recordings_;
  std::vector<std::string> profiles_;
  std::map<asked, waiting> open_;
  std::unordered_map<uint64_t, asked> correlations_;
  std::unordered_map<uint64_t, size_t> mailbox_of_; // of deposits not yet acknowledged
  std::vector<stored_message> kept_;                // acknowledged, nobody asked to delete them
  clock::time_point heard_{}, pinged_{}, looked_{};
  size_t mailboxes_asked_ = 0;
  uint64_t sent_ = 0, acknowledged_ = 0, sent_again_ = 0, deleted_ = 0, refused_ = 0;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"crash_depositor: loads a node that is being killed, and writes a journal"};
  options how;
  app.add_option("--as", how.identity, "identity file of a tenant")->required();
  app.add_option("--journal", how.journal, "a new file")->required();
  app.add_option("--seed", how.seed, "of everything drawn at random");
  app.add_option("--window", how.window, "requests open at a time")->check(CLI::Range(1, 8'192));
  app.add_option("--mailboxes", how.mailboxes)->check(CLI::Range(1, 1'000'000));
  app.add_option("--deleted", how.deleted, "share of messages")->check(CLI::Range(0.0, 1.0));
  app.add_option("--repeated", how.repeated, "share of messages")->check(CLI::Range(0.0, 1.0));
  CLI11_PARSE(app, argc, argv);
  init_crypto();
  std::signal(SIGTERM, [](int) { ending = 1; });
  auto who = read_identity(how.identity);
  if (!who) {
    std::cerr << "crash_depositor: " << who.error().text << "\n";
    return exit_code::usage;
  }
  try {
    depositor load{how, *who};
    load.run();
    load.print_figures();
  } catch (const std::exception& e) {
    std::cerr << "crash_depositor: " << e.what() << "\n";
    return exit_code::failed;
  }
  return exit_code::ok;
}
