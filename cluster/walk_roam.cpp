#include "cluster/walk_roam.hpp"

#include "cluster/cli_words.hpp"
#include "cluster/identity_file.hpp"
#include "cluster/walk_stations.hpp"

#include <unistd.h>

#include <csignal>
#include <map>
#include <system_error>
#include <thread>

namespace restante {

namespace {

constexpr const char* pin = "482913";
/// Before a copy that does not come counts as missing. Far more than it takes.
constexpr std::chrono::seconds wait_max{60};
constexpr milliseconds look_again{10};

using clock = std::chrono::steady_clock;
using mail = std::map<message_id, message_record>;

std::string state_of(const mail& in, const message_id& which) {
  const auto at = in.find(which);
  if (at == in.end())
    return "-";
  std::string out;
  for (const auto& flag : flag_names(at->second.flag_bits()))
    out.append(out.empty() ? "" : ", ").append(flag);
  return out.empty() ? "new" : out;
}

class journey {
public:
  journey(const walk_options& options, walk_story& story)
      : story_{story}
      , options_{options}
      , cast_{options, story}
      , nodes_{stations_of(options)}
      , home_{nodes_.front()}
      , abroad_{elsewhere(nodes_)}
      , long_{read_recording(options.recording)}
      , short_{read_recording(options.greeting)} {}

  void run(walk_wire& wire) {
    meet();
    activate();
    call_at_home();
    leave();
    call_home_and_listen_abroad();
    cut(wire);
    go_on_abroad();
    go_on_at_home();
    heal(wire);
    come_home();
  }

  [[nodiscard]] std::vector<walk_wire::path> link() const { return link_between(nodes_); }

  void close() const {
    std::vector<std::pair<std::string, std::string>> facts;
    std::vector<std::string> commands;
    for (const auto& node : nodes_) {
      facts.emplace_back("key for " + node.name + ", " + node.region, node.mvno_key.string());
      commands.push_back(options_.program + " --config " + node.file.string() + " subscriber list");
    }
    const auto who = to_string(profile_);
    facts.emplace_back("subscriber", cast_.number + ", PIN " + pin + ", " + who);
    const auto as = options_.program + " --as " + abroad_.mvno_key.string();
    commands.push_back(as + " subscriber locate " + who + " " + abroad_.region);
    commands.push_back(as + " list " + who);
    story_.end(facts, options_.once ? std::vector<std::string>{} : commands);
  }

private:
  struct call {
    message_id id;
    std::string name; // the number the subscriber knows it by
    std::string caller;
    const media_part* media = nullptr;
  };

  static walk_station& elsewhere(std::vector<walk_station>& all) {
    return *std::find_if(all.begin(), all.end(),
                         [&](const auto& each) { return each.region != all.front().region; });
  }

  // --- asking ------------------------------------------------------------------------------------

  [[nodiscard]] ask::of_mailbox of(mailbox_op op) const {
    return {{subscriber_ref::by::profile, to_string(profile_)}, std::move(op)};
  }

  /// How long it takes until `holds`, since `begin`.
  template <class Look>
  std::string wait_until(const std::string& expected, Look holds,
                         clock::time_point begin = clock::now()) {
    while (!holds()) {
      verify(clock::now() - begin < wait_max, expected + " within " + seconds_text(wait_max));
      std::this_thread::sleep_for(look_again);
    }
    return latency_text(clock::now() - begin);
  }

  template <class Holds>
  bool all_nodes(Holds holds) {
    return std::all_of(nodes_.begin(), nodes_.end(), holds);
  }

  mail mail_at(walk_station& node) {
    mail out;
    for (auto& header : cast_.ask<answer::listing>(*node.mvno, of(op::list{})).answer.headers)
      out.emplace(header.id, std::move(header));
    return out;
  }

  const call& deposit(walk_station& at, const media_part& media) {
    op::deposit what;
    what.caller = "+1202555014" + std::to_string(calls_.size() + 1);
    what.called_at = system_now();
    what.parts = {media};
    story_.says("mvno", at.name, "deposit: " + size_of(media) + " from " + what.caller);
    const auto caller = what.caller;
    const auto done = cast_.ask<answer::deposited>(*at.mvno, of(std::move(what)));
    const auto name = std::to_string(done.answer.uid);
    story_.says(at.name, "mvno", "durable: message " + name + "  (" + done.latency + ")");
    verify(!done.answer.duplicate, "a new message");
    calls_.push_back({done.answer.message, name, caller, &media});
    return calls_.back();
  }

  /// The subscriber listens on the telephone, with the PIN.
  void listen(walk_station& at, const call& to) {
    op::retrieve what{{to.id, 0}, channel::device, {}, {}};
    const auto id = fresh_request_id();
    const auto asked = cast_.ask<answer::challenge>(*at.mvno, of(what), id);
    story_.says("device", at.name, "give me message " + to.name + ", with the PIN when challenged");
    what.answer = {asked.answer.challenge, pin};
    const auto got = cast_.ask<answer::message>(*at.mvno, of(what), id);
    verify(got.answer.parts.size() == 1 && got.answer.parts[0].bytes == to.media->bytes &&
               got.answer.header.caller == to.caller,
           "the same bytes that were deposited");
    story_.says(at.name, "device",
                "message " + to.name + ": " + size_of(got.answer.parts[0]) +
                    ", the same that were deposited  (" + got.latency + ")");
  }

  // --- telling -----------------------------------------------------------------------------------

  /// What each node has of the mailbox on its own disk.
  void show_disks() {
    std::vector<std::vector<std::string>> rows;
    for (auto& node : nodes_) {
      const auto held = held_at(cast_, node, mvno_.name);
      rows.push_back({node.name, node.region,
                      held ? std::to_string(held->messages) + " messages, " +
                                 std::to_string(held->unheard) + " unheard"
                           : "nothing"});
    }
    story_.table({"NODE", "REGION", "OF THE MAILBOX ON ITS DISK"}, rows);
  }

  void show_sides(const mail& here, const mail& there) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& each : calls_)
      rows.push_back({each.name, each.caller, state_of(here, each.id), state_of(there, each.id)});
    story_.table({"MESSAGE", "FROM", "IN " + home_.name, "IN " + abroad_.name}, rows);
  }

  /// Until the node where the carrier asks and the one abroad list the same, and every disk that
  /// is to have the mailbox has as many messages.
  std::string equal(const std::string& expected, size_t unheard) {
    return wait_until(expected, [&] {
      return mail_at(home_) == mail_at(abroad_) && all_nodes([&](auto& node) {
               const auto held = held_at(cast_, node, mvno_.name);
               return held && held->unheard == unheard;
             });
    });
  }

  // --- what happens ------------------------------------------------------------------------------

  void meet() {
    story_.step("The operator admits a carrier and its SMS gateway, at one of the nodes");
    for (auto& node : nodes_) {
      const auto pong = cast_.ask<answer::pong>(node.operator_, ask::ping{});
      story_.says("operator", node.name,
                  "ping, region " + node.region + "  (" + pong.latency + ")");
    }
    const auto prepared = wait_until("every node ready to serve", [&] {
      return all_nodes([&](auto& node) { return ready(cast_, node); });
    });
    story_.note("they have met and are ready " + prepared + " later");
    mvno_ = cast_.add("mvno", role::mvno, {}, "5050");
    know(mvno_.name); // first: a node takes no tenant that serves one it does not know
    gateway_ = cast_.add("gateway", role::sms_gateway, {mvno_.name}, {});
    know(gateway_.name);
    for (auto& node : nodes_) {
      const auto carrier = client_at(node, mvno_.who, role::mvno);
      node.mvno.emplace(carrier);
      node.mvno_key = mvno_.key_file;
      if (&node != &home_) {
        node.mvno_key = node.config->keys / mvno_.key_file.filename();
        if (auto ok = write_identity(node.mvno_key, carrier); !ok)
          throw walk_failed{ok.error()};
      }
      cast_.attach(client_at(node, gateway_.who, role::sms_gateway));
    }
  }

  /// Waits until every node knows the tenant.
  void know(const std::string& tenant) {
    const auto taken = wait_until(tenant + " to be known at every node", [&] {
      return all_nodes([&](auto& node) { return knows(cast_, node, tenant); });
    });
    story_.note("every node knows " + tenant + " " + taken + " later");
  }

  void activate() {
    story_.step("A telephone of region " + home_.region + " activates its voicemail by SMS");
    profile_ = cast_.activate(pin);
    verify(profile_.region == home_.region, "a profile of region " + home_.region);
  }

  void call_at_home() {
    story_.step("Two people call, and the carrier deposits at home");
    deposit(home_, long_);
    deposit(home_, short_);
    cast_.next_text(calls_[0].caller);
    story_.note("each node gives out every " + std::to_string(limits::uid_lanes_max) +
                "th number: those of two that are cut off differ");
    const auto copied = wait_until("a standby with both messages", [&] {
      return all_nodes([&](auto& node) {
        const auto held = held_at(cast_, node, mvno_.name);
        return node.region == home_.region ? held && held->messages == 2 : !held;
      });
    });
    story_.note("every node of the region has both after " + copied +
                ", those of other regions have nothing:");
    show_disks();
  }

  void leave() {
    story_.step("The subscriber travels to " + abroad_.region +
                ", and a location update arrives there");
    const auto begin = clock::now();
    const auto moved = cast_.ask<answer::done>(*abroad_.mvno, of(op::locate{abroad_.region}));
    verify(moved.answer.changed, "a new location");
    story_.says("mvno", abroad_.name,
                to_string(profile_) + " is in " + abroad_.region + "  (" + moved.latency + ")");
    const auto come = [&] {
      const auto held = held_at(cast_, abroad_, mvno_.name);
      return held && held->messages == 2;
    };
    const auto there = wait_until("the mailbox in " + abroad_.name, come, begin);
    story_.note("the mailbox was on the disk of " + abroad_.name + " " + there +
                " after the update was sent:");
    show_disks();
    const auto profile = cast_.ask<answer::profile>(*abroad_.mvno, of(op::describe{})).answer;
    verify(profile.imei == cast_.imei && profile.number == cast_.number && profile.has_pin,
           "the profile with its device, number and PIN");
    story_.note("with the profile: IMEI " + profile.imei + ", number " + profile.number +
                ", PIN set");
  }

  void call_home_and_listen_abroad() {
    story_.step("Somebody calls: the carrier deposits at home, the subscriber listens abroad");
    const auto& third = deposit(home_, long_);
    const auto there = wait_until("the message in " + abroad_.name,
                                  [&] { return mail_at(abroad_).count(third.id) == 1; });
    story_.note("message " + third.name + " was in " + abroad_.name + " " + there + " later");
    listen(abroad_, third);
    const auto same = equal("both sides to list the same", 2);
    story_.note("home knew that it was heard " + same + " later:");
    show_sides(mail_at(home_), mail_at(abroad_));
  }

  void cut(walk_wire& wire) {
    story_.step("The link between the regions is cut");
    wire.cut();
    story_.note("every connection between " + home_.region + " and " + abroad_.region +
                " is closed, and new ones are");
  }

  void go_on_abroad() {
    story_.step("Cut off, the subscriber listens, saves, deletes, and gets a new message");
    const auto &first = calls_[0], &second = calls_[1];
    listen(abroad_, first);
    const auto kept =
        cast_.ask<answer::done>(*abroad_.mvno, of(op::set_flags{{first.id, 0}, saved, 0}));
    story_.says("mvno", abroad_.name, "save message " + first.name + "  (" + kept.latency + ")");
    const auto gone = cast_.ask<answer::done>(
        *abroad_.mvno, of(op::remove{{second.id, 0}, channel::out_of_band, {}, false}));
    story_.says("mvno", abroad_.name, "delete message " + second.name + "  (" + gone.latency + ")");
    verify(kept.answer.changed && gone.answer.changed, "both to change something");
    cast_.next_text(deposit(abroad_, short_).caller);
  }

  void go_on_at_home() {
    story_.step("Meanwhile the carrier deposits at home, which knows nothing of that");
    cast_.next_text(deposit(home_, long_).caller);
    const auto here = mail_at(home_), there = mail_at(abroad_);
    show_sides(here, there);
    const auto are = [&](const mail& side, const std::vector<std::string>& expected) {
      for (size_t i = 0; i < calls_.size(); ++i)
        if (state_of(side, calls_[i].id) != expected[i])
          return false;
      return true;
    };
    verify(are(here, {"new", "new", "played", "-", "new"}),
           home_.name + " without anything that happened in " + abroad_.name + " since the cut");
    verify(are(there, {"played, saved", "-", "played", "new", "-"}),
           abroad_.name + " with what happened there, and nothing of " + home_.name);
  }

  void heal(walk_wire& wire) {
    story_.step("The link heals");
    wire.mend();
    const auto same = equal("both sides to be equal", 2);
    merged_ = mail_at(home_);
    story_.note("both sides were equal after " + same + ":");
    show_sides(merged_, mail_at(abroad_));
    show_disks();
    std::string states;
    for (const auto& each : calls_)
      states += state_of(merged_, each.id) + "; ";
    verify(states == "played, saved; -; played; new; new; ",
           "what happened on either side, found " + states);
    listen(abroad_, calls_[4]);
    listen(home_, calls_[3]);
    equal("both sides to be equal", 0);
    merged_ = mail_at(home_);
  }

  void come_home() {
    story_.step("The subscriber comes home");
    const auto begin = clock::now();
    const auto moved = cast_.ask<answer::done>(*home_.mvno, of(op::locate{}));
    verify(moved.answer.changed, "a new location");
    story_.says("mvno", home_.name, to_string(profile_) + " is at home  (" + moved.latency + ")");
    const auto left = [&] { return !held_at(cast_, abroad_, mvno_.name); };
    const auto gone = wait_until("no copy in " + abroad_.name, left, begin);
    story_.note("the copy in " + abroad_.name + " was gone " + gone + " after that was sent:");
    show_disks();
    verify(mail_at(home_) == merged_, "the same messages at home");
    verify(mail_at(abroad_) == merged_, "the same for whoever asks in " + abroad_.name);
    story_.note("whoever asks in " + abroad_.name + " is served from home, with the same messages");
  }

  walk_story& story_;
  const walk_options& options_;
  walk_cast cast_;
  std::vector<walk_station> nodes_;
  walk_station& home_;
  walk_station& abroad_;
  media_part long_;
  media_part short_;
  walk_cast::party mvno_, gateway_;
  profile_id profile_;
  std::deque<call> calls_; // stay where they are
  mail merged_;
};

/// Goes on carrying the link. There is nothing to end but the process.
[[noreturn]] void serve_on(walk_story& story) {
  for (const int number : {SIGINT, SIGTERM})
    std::signal(number, [](int) { _exit(exit_code::ok); });
  story.note("serving, and carrying the link between the regions; Ctrl-C ends");
  for (;;)
    ::pause();
}

} // namespace

void walk_between_regions(const walk_options& options, walk_story& story) try {
  auto all = std::make_unique<journey>(options, story);
  walk_wire wire{all->link()};
  all->run(wire);
  all->close();
  all.reset(); // the clients
  if (options.once)
    return;
  serve_on(story);
} catch (const std::system_error& why) {
  throw walk_failed{{errc::invalid_request, "walk_link", why.what()}};
}

} // namespace restante
