#include "cluster/walk.hpp"

#include "cluster/cli_session.hpp"
#include "cluster/walk_cast.hpp"
#include "cluster/walk_roam.hpp"

namespace restante {

namespace {

constexpr const char* pin = "482913";
constexpr const char* wrong_pin = "739162";
constexpr const char* caller = "+12025550147";

class journey {
public:
  journey(const walk_options& options, walk_story& story)
      : story_{story}
      , options_{options}
      , cast_{options, story}
      , recording_{read_recording(options.recording)}
      , greeting_{read_recording(options.greeting)} {}

  void run() {
    meet();
    activate();
    deposit();
    fetch_on_device();
    greet();
    fetch_elsewhere();
    repeat_and_intrude();
    remove();
    look_back();
    cast_.revoke(other_);
  }

  void close() const {
    const auto key = [](const walk_cast::party& who) { return who.key_file.string(); };
    std::vector<std::string> commands;
    if (!options_.once)
      commands = {options_.program + " --as " + key(gateway_) + " sms-console",
                  options_.program + " --as " + key(mvno_) + " deposit " + cast_.number + " " +
                      options_.recording.string() + " --caller " + caller,
                  options_.program + " --as " + key(mvno_) + " get " + cast_.number +
                      " 2 --device"};
    story_.end({{"admin endpoint", operator_endpoint_},
                {"mvno endpoint", mvno_.who.endpoint},
                {"sms endpoint", gateway_.who.endpoint},
                {"node's public key", mvno_.who.server_key},
                {"key of the carrier", key(mvno_)},
                {"key of the web page", key(web_)},
                {"key of the gateway", key(gateway_)},
                {"subscriber", cast_.number + ", PIN " + pin + ", " + to_string(profile_)}},
               commands);
  }

private:
  [[nodiscard]] subscriber_ref subscriber() const {
    return {subscriber_ref::by::profile, to_string(profile_)};
  }
  [[nodiscard]] ask::of_mailbox of(mailbox_op op) const { return {subscriber(), std::move(op)}; }

  void meet() {
    story_.step(
        "The operator admits a carrier, its web page, its SMS gateway, and another carrier");
    const auto pong = cast_.ask<answer::pong>(cast_.operator_, ask::ping{});
    auto admin = operator_of(options_.config);
    operator_endpoint_ = admin ? admin->endpoint : std::string{};
    story_.says("operator", "node", "ping at " + operator_endpoint_ + "  (" + pong.latency + ")");
    mvno_ = cast_.add("mvno", role::mvno, {}, "5050");
    gateway_ = cast_.add("gateway", role::sms_gateway, {mvno_.name}, {});
    web_ = cast_.add("web", role::application, {mvno_.name}, {});
    other_ = cast_.add("other", role::mvno, {}, "6060");
    cast_.mvno.emplace(mvno_.who);
    cast_.web.emplace(web_.who);
    cast_.stranger.emplace(other_.who);
    cast_.attach(gateway_.who);
    const auto begun = cast_.ask<answer::subscribed>(*cast_.mvno, ask::subscribe{"walk", 100, 0});
    story_.says("mvno", "node",
                "subscribes to events, over CURVE at " + mvno_.who.endpoint + "  (" +
                    begun.latency + ")");
  }

  void activate() {
    story_.step("A telephone activates its voicemail by SMS");
    profile_ = cast_.activate(pin);
    const auto found = cast_.ask<answer::profile>(
        *cast_.mvno, ask::of_mailbox{{subscriber_ref::by::number, cast_.number}, op::describe{}});
    story_.says("mvno", "node",
                "who is " + cast_.number + "? " + to_string(found.answer.id) + ", IMEI " +
                    found.answer.imei + "  (" + found.latency + ")");
    verify(found.answer.id == profile_, "the profile of the welcome");
    verify(found.answer.imei == cast_.imei && found.answer.number == cast_.number &&
               found.answer.has_pin && found.answer.tenant == mvno_.name,
           "the profile to hold the IMEI, the number, a PIN and its carrier");
  }

  void deposit() {
    story_.step("Somebody calls, and the carrier deposits the recording");
    deposit_id_ = fresh_request_id();
    called_at_ = system_now();
    const auto done =
        cast_.ask<answer::deposited>(*cast_.mvno, of(deposit_operation()), deposit_id_);
    const auto& what = done.answer;
    story_.says("mvno", "node",
                "deposit for " + to_string(profile_) + ": " + size_of(recording_) + " from " +
                    caller);
    story_.says("node", "mvno",
                "durable: message " + std::to_string(what.uid) + ", " +
                    length_text(what.duration_ms) + " min measured, sequence " +
                    std::to_string(what.sequence) + "  (" + done.latency + ")");
    verify(what.uid == 1 && !what.duplicate && what.sequence > 0 && what.duration_ms > 0,
           "a new first message with a place in the log and a measured length");
    message_ = what.message;
    story_.step("The telephone hears of it");
    verify(cast_.next_text().find(caller) != std::string::npos, "the caller's number in the text");
  }

  [[nodiscard]] op::deposit deposit_operation() const {
    op::deposit what;
    what.caller = caller;
    what.called_at = called_at_;
    what.parts = {recording_};
    return what;
  }

  /// Asks for the message as the device; `pin_typed` answers the challenge.
  op::retrieve challenged(const std::string& id, const char* pin_typed) {
    op::retrieve what{{message_, 0}, channel::device, {}, {}};
    const auto asked = cast_.ask<answer::challenge>(*cast_.mvno, of(what), id);
    verify(!asked.answer.challenge.empty() && asked.answer.expires_at > system_now(),
           "a challenge that has not expired");
    story_.says("device", "node", "give me message 1");
    story_.says("node", "device",
                "challenge: what is your PIN? (until " + time_text(asked.answer.expires_at) +
                    ")  (" + asked.latency + ")");
    what.answer = {asked.answer.challenge, pin_typed};
    return what;
  }

  void fetch_on_device() {
    story_.step("The device asks for the message and is challenged for its PIN");
    auto id = fresh_request_id();
    auto wrong = challenged(id, wrong_pin);
    const auto denied = cast_.ask_refused(*cast_.mvno, of(wrong), errc::denied, id);
    story_.says("device", "node", "PIN " + std::string{wrong_pin} + " (wrong)");
    story_.says("node", "device", denied.text);
    id = fresh_request_id();
    const auto right = challenged(id, pin);
    const auto got = cast_.ask<answer::message>(*cast_.mvno, of(right), id);
    story_.says("device", "node", "PIN " + std::string{pin} + " (right)");
    verify_bytes(got.answer);
    story_.says("node", "device",
                "message 1: " + size_of(got.answer.parts[0]) + ", the same that were deposited  (" +
                    got.latency + ")");
    story_.step("The telephone hears that the message is on the device");
    cast_.next_text();
  }

  void verify_bytes(const answer::message& got) const {
    verify(got.parts.size() == 1 && got.parts[0].bytes == recording_.bytes &&
               got.parts[0].type == recording_.type,
           "the same bytes that were deposited");
    verify(got.header.id == message_ && got.header.caller == caller, "the header of the deposit");
  }

  void greet() {
    story_.step("The carrier stores the subscriber's greeting and fetches it for the next call");
    const auto set = cast_.ask<answer::done>(
        *cast_.mvno, of(op::set_greeting{greeting_kind::normal, greeting_}));
    story_.says("mvno", "node", "set greeting: " + size_of(greeting_) + "  (" + set.latency + ")");
    const auto got = cast_.ask<answer::greeting>(*cast_.mvno, of(op::get_greeting{}));
    verify(got.answer.media.bytes == greeting_.bytes, "the greeting's own bytes");
    story_.says("node", "mvno",
                "greeting: " + size_of(got.answer.media) + ", the same  (" + got.latency + ")");
  }

  void fetch_elsewhere() {
    story_.step("The carrier's web page shows the voicemail");
    const auto list = cast_.ask<answer::listing>(*cast_.web, of(op::list{}));
    verify(list.answer.headers.size() == 1 && list.answer.headers[0].has(played),
           "one message, heard");
    story_.says("web page", "node", "list: 1 message, played  (" + list.latency + ")");
    const auto got = cast_.ask<answer::message>(
        *cast_.web, of(op::retrieve{{message_, 0}, channel::out_of_band, {}, "web page"}));
    verify_bytes(got.answer);
    story_.says("node", "web page",
                "message 1: " + size_of(got.answer.parts[0]) + ", the same  (" + got.latency + ")");
    verify(cast_.next_text().find("web page") != std::string::npos, "the web page in the text");
  }

  void repeat_and_intrude() {
    story_.step("What must not matter: a repeated deposit, another carrier's curiosity");
    const auto again =
        cast_.ask<answer::deposited>(*cast_.mvno, of(deposit_operation()), deposit_id_);
    verify(again.answer.duplicate && again.answer.message == message_ && again.answer.uid == 1,
           "the repeated deposit to be the message that is there");
    story_.says("mvno", "node",
                "the same deposit again: duplicate of message 1  (" + again.latency + ")");
    const auto why = cast_.ask_refused(*cast_.stranger, of(op::describe{}), errc::not_found);
    story_.says("other", "node", "who is " + to_string(profile_) + "?");
    story_.says("node", "other", why.text);
  }

  void remove() {
    story_.step("The voicemail is deleted");
    const auto done = cast_.ask<answer::done>(
        *cast_.mvno, of(op::remove{{message_, 0}, channel::out_of_band, {}, false}));
    verify(done.answer.changed, "the message to have been there");
    story_.says("mvno", "node", "delete message 1  (" + done.latency + ")");
    cast_.next_text();
    const auto list = cast_.ask<answer::listing>(*cast_.mvno, of(op::list{}));
    verify(list.answer.headers.empty(), "an empty mailbox");
    cast_.ask_refused(*cast_.mvno, of(op::retrieve{{message_, 0}, channel::out_of_band, {}, {}}),
                      errc::not_found);
    story_.note("the mailbox is empty, and the message can't be fetched any more");
  }

  /// Reads the carrier's events up to the deletion.
  void look_back() {
    story_.step("The carrier has seen all of it as events");
    std::vector<cause> wanted{cause::registered,          cause::deposited,
                              cause::retrieved_by_device, cause::greeting_set,
                              cause::retrieved_elsewhere, cause::deleted};
    std::string seen;
    for (size_t next = 0; next < wanted.size();) {
      const auto event = cast_.mvno->next_event(options_.patience);
      verify(event.has_value(), "the event " + std::string{to_string(wanted[next])});
      verify(event->profile == to_string(profile_), "events of this subscriber only");
      seen.append(seen.empty() ? "" : ", ").append(to_string(event->what));
      cast_.mvno->post(ask::acknowledge{"walk", event->sequence});
      if (event->what == wanted[next])
        ++next;
    }
    story_.says("node", "mvno", seen);
  }

  walk_story& story_;
  const walk_options& options_;
  walk_cast cast_;
  media_part recording_;
  media_part greeting_;
  walk_cast::party mvno_, gateway_, web_, other_;
  std::string operator_endpoint_;
  profile_id profile_;
  message_id message_;
  std::string deposit_id_;
  wall_ms called_at_ = 0;
};

} // namespace

result<void> walk(const walk_options& options, std::ostream& out) {
  walk_story story{out, options.json};
  try {
    if (options.others.empty()) {
      journey all{options, story};
      all.run();
      all.close();
    } else {
      walk_between_regions(options, story);
    }
  } catch (const walk_failed& failed) {
    auto why = failed.why;
    if (story.where().empty())
      return tl::unexpected{why}; // nothing was asked of the node yet
    why.text = "step " + story.where() + " failed: " + why.text;
    why.reason = "walk_failed";
    return tl::unexpected{why};
  }
  return {};
}

} // namespace restante
