// Deposits at a rate that the node has no say in, or with a window open, as lines on stdin ask for:
// "closed WINDOW", "open RATE" (a second). Prints a line of JSON for every second: what was sent,
// what was held back because the socket took no more, how it was answered, and the latencies of
// what was stored, from the moment it was due. Ends with stdin. Owned by
// end_to_end/overload_test.py.
#include "benchmarks/sample.hpp"
#include "bridges/client.hpp"
#include "cluster/identity_file.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <stdexcept>
#include <unordered_map>

namespace {

using namespace restante;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr uint64_t different_recordings = 64;
constexpr size_t at_once = 256; // sent or received before the other gets its turn
constexpr size_t registrations_open = 256;
constexpr auto patience = 30s; // for mailboxes to be made

struct second {
  uint64_t sent = 0, held_back = 0;
  std::map<std::string, uint64_t> answers; // "deposited", or code and reason
  std::vector<double> latencies_ms;
};

/// A failure's code and reason; the reason stands in brackets at the end of its text.
std::string name_of(const failure& why) {
  auto at = why.text.rfind(" [");
  auto reason = at == std::string::npos ? why.text : why.text.substr(at + 2);
  if (!reason.empty() && reason.back() == ']')
    reason.pop_back();
  return std::string{to_string(why.code)} + " " + reason;
}

class flooder {
public:
  flooder(const identity& who, size_t mailboxes, size_t size) : node_{who} {
    for (uint64_t i = 0; i < different_recordings; ++i)
      recordings_.emplace_back(bench::amr_of_size(size, i));
    make_mailboxes(mailboxes);
  }

  void run() {
    auto tick = clock::now() + 1s;
    while (!ended_) {
      auto sent = send_due();
      auto received = receive_all();
      if (sent + received == 0)
        take(node_.receive(1ms));
      if (clock::now() >= tick) {
        tick += 1s;
        print();
        read_command();
      }
    }
  }

private:
  // --- mailboxes --------------------------------------------------------------------------------

  void make_mailboxes(size_t count) {
    profiles_.resize(count);
    size_t asked = 0, made = 0;
    while (made < count) {
      for (; asked < count && asked - made < registrations_open; ++asked) {
        ask::register_device what;
        what.imei = std::to_string(10'000'000'000'000 + asked);
        what.number = "+1505" + std::to_string(2'000'000 + asked);
        (void)node_.send(encode_request(request_of(asked + 1, "box-", what)));
      }
      auto got = node_.receive(patience);
      auto answer = got ? decode_reply(got->envelope, {}) : result<reply>{};
      auto* done = got && answer ? std::get_if<answer::registered>(&answer->what) : nullptr;
      if (done == nullptr)
        throw std::runtime_error("a mailbox can't be made");
      profiles_[answer->correlation - 1] = to_string(done->profile);
      ++made;
    }
    correlation_ = count;
  }

  static request request_of(uint64_t correlation, const char* id, operation what) {
    request out;
    out.correlation = correlation;
    out.request_id = id + std::to_string(correlation);
    out.what = std::move(what);
    return out;
  }

  // --- the load ---------------------------------------------------------------------------------

  size_t send_due() {
    size_t sent = 0;
    if (step_ == clock::duration{}) {
      for (; sent < at_once && open_.size() < window_; ++sent)
        send(clock::now());
      return sent;
    }
    for (auto now = clock::now(); sent < at_once && due_ <= now; ++sent, due_ += step_)
      send(due_);
    return sent;
  }

  void send(clock::time_point due) {
    op::deposit what;
    what.caller = "+15055551212";
    what.called_at = system_now();
    what.parts.push_back({media_type::amr, recordings_[correlation_ % recordings_.size()]});
    const auto& profile = profiles_[correlation_ % profiles_.size()];
    ++correlation_;
    ask::of_mailbox whole{{subscriber_ref::by::profile, profile}, std::move(what)};
    if (!node_.send(encode_request(request_of(correlation_, "flood-", std::move(whole))), 0ms)) {
      ++now_.held_back;
      return;
    }
    ++now_.sent;
    open_[correlation_] = due;
  }

  size_t receive_all() {
    size_t received = 0;
    while (received < at_once && take(node_.receive(0ms)))
      ++received;
    return received;
  }

  bool take(const std::optional<frames>& got) {
    if (!got)
      return false;
    auto answer = decode_reply(got->envelope, {});
    if (!answer)
      throw std::runtime_error("an answer can't be read: " + answer.error().text);
    auto since = open_.extract(answer->correlation);
    if (since.empty())
      throw std::runtime_error("an answer to nothing, or a second one");
    if (const auto* why = std::get_if<failure>(&answer->what)) {
      ++now_.answers[name_of(*why)];
      return true;
    }
    ++now_.answers["deposited"];
    now_.latencies_ms.push_back(
        std::chrono::duration<double, std::milli>(clock::now() - since.mapped()).count());
    return true;
  }

  // --- stdin and stdout -------------------------------------------------------------------------

  void print() {
    auto& late = now_.latencies_ms;
    std::sort(late.begin(), late.end());
    auto percentile = [&](size_t percent) {
      return late.empty() ? 0.0 : late[std::min(late.size() - 1, late.size() * percent / 100)];
    };
    std::cout << nlohmann::json{{"sent", now_.sent},        {"held_back", now_.held_back},
                                {"answers", now_.answers},  {"open", open_.size()},
                                {"p50_ms", percentile(50)}, {"p99_ms", percentile(99)}}
              << std::endl;
    now_ = {};
  }

  void read_command() {
    pollfd in{STDIN_FILENO, POLLIN, 0};
    if (::poll(&in, 1, 0) <= 0)
      return;
    std::string how;
    int64_t number = 0;
    ended_ = !(std::cin >> how >> number);
    window_ = how == "closed" ? static_cast<size_t>(number) : 0;
    step_ = how == "open" ? clock::duration{1s} / number : clock::duration{};
    due_ = clock::now();
  }

  dealer node_;
  std::vector<chunk> recordings_;
  std::vector<std::string> profiles_;
  uint64_t correlation_ = 0;
  size_t window_ = 0;
  clock::duration step_{}; // between two deposits; zero: by the window
  clock::time_point due_;
  std::unordered_map<uint64_t, clock::time_point> open_; // when they were due
  second now_;
  bool ended_ = false;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"overload_flooder: deposits at any rate"};
  std::string identity_file;
  size_t mailboxes = 1'000, size = 1'024;
  app.add_option("--as", identity_file, "identity file of a tenant")->required();
  app.add_option("--mailboxes", mailboxes, "a mailbox holds 1,000")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--size", size, "bytes of a recording")->check(CLI::Range(38, 8 << 20));
  CLI11_PARSE(app, argc, argv);
  init_crypto();
  auto who = read_identity(identity_file);
  if (!who) {
    std::cerr << "overload_flooder: " << who.error().text << "\n";
    return exit_code::usage;
  }
  try {
    flooder{*who, mailboxes, size}.run();
  } catch (const std::exception& e) {
    std::cerr << "overload_flooder: " << e.what() << "\n";
    return exit_code::failed;
  }
  return exit_code::ok;
}
