#include "tests/simulation/clients.hpp"

namespace restante::simulation {

namespace {

constexpr const char* wrong_pin = "739164";

std::string words(const outcome* what) {
  if (what == nullptr)
    return "no answer";
  if (auto* why = std::get_if<failure>(what))
    return why->reason;
  if (auto* stored = std::get_if<answer::deposited>(what))
    return (stored->duplicate ? "there already as " : "stored as ") +
           to_string(stored->message).substr(0, 8);
  return "done";
}

message_ref named(const std::string& id) { return {message_id::from(*from_hex(id)), 0}; }

} // namespace

clients::clients(cluster& all, promises& checker, uint64_t seed, bool calm)
    : all_{all}
    , checker_{checker}
    , draw_{seed}
    , texts_read_(all.size(), 0)
    , pause_{100 + draw_.below(900)}
    , calm_{calm}
    , eager_{draw_.one_in(3)} {}

void clients::register_all(size_t count) {
  for (size_t box = 0; box < count; ++box) {
    auto& at = all_[draw_.below(all_.size())];
    ask::register_device what;
    what.number = "+1505555" + std::to_string(1000 + box);
    what.pin = stage::pin;
    auto done = at.ask(directory_actor{at.forwarder()}, at.request_of(what, fresh_id()));
    while (done.answers() == 0 && all_.now() < 60'000)
      all_.run_until(all_.now() + 500);
    auto* named = done.answers() == 1 ? std::get_if<answer::registered>(&done.what()) : nullptr;
    if (named == nullptr)
      throw broken_promise{"a subscriber could not be registered in fair weather"};
    const auto& profile = named->profile;
    boxes_.push_back(profile.mailbox);
    homes_.push_back(profile.region);
    checker_.mailbox(box, profile.region);
  }
  known_.resize(count);
  used_.resize(count);
  moved_.resize(count);
}

void clients::begin(moment until) {
  until_ = until;
  next();
}

void clients::next() {
  if (all_.now() >= until_)
    return;
  act();
  all_.after(1 + static_cast<moment>(draw_.below(2 * pause_)), [this] { next(); });
}

void clients::act() {
  if (eager_ && draw_.one_in(4))
    return guess_pin();
  switch (draw_.below(20)) {
  case 0:
  case 1:
    return remove();
  case 2:
  case 3:
    return set_flags();
  case 4:
    return retrieve();
  case 5:
  case 6:
    return list();
  case 7:
    return guess_pin();
  case 8:
    return set_language();
  case 9:
    return travel();
  default:
    return deposit();
  }
}

// --- asking
// ---------------------------------------------------------------------------------------

/// At any node that runs; in bad weather some answers are lost on their way.
void clients::ask(size_t box, mailbox_op what, const std::string& id, heard then) {
  const auto node = draw_.below(all_.size());
  if (!all_[node].running())
    return all_.after(1, [then] { then(nullptr); });
  if (!calm_ && draw_.one_in(15))
    then = [then](const outcome*) { then(nullptr); };
  auto& at = all_[node];
  auto asked = *at.command_of(boxes_[box], std::move(what), id);
  asked.region = homes_[box];
  auto sent = at.ask(at.forwarder(), std::make_shared<const command>(std::move(asked)));
  auto given_up = std::make_shared<bool>(false);
  open_.push_back({node, sent, std::move(then), given_up});
  auto mine = std::prev(open_.end());
  // The client's patience; the answer may still come, to nobody.
  all_.after(3000 + static_cast<moment>(draw_.below(9000)), [given_up, mine] {
    if (!std::exchange(*given_up, true))
      std::exchange(mine->then, [](const outcome*) {})(nullptr);
  });
}

void clients::listen() {
  for (auto at = open_.begin(); at != open_.end();) {
    const auto& heard = *at->what.heard;
    auto there = heard.find(at->what.number);
    if (there == heard.end() || there->second.empty()) {
      ++at;
      continue;
    }
    auto got = std::move(*at);
    at = open_.erase(at);
    *got.given_up = true;
    const auto& first = there->second.front();
    if (there->second.size() != 1 || !first.match_elements<answered>())
      throw broken_promise{all_[got.node].name() + " answered a request " +
                           std::to_string(there->second.size()) + " times, first " +
                           caf::to_string(first)};
    got.then(&first.get_as<answered>(0).what);
  }
  for (size_t node = 0; node < all_.size(); ++node)
    take_texts(node);
}

void clients::hang_up(size_t node) {
  texts_read_[node] = 0;
  for (auto at = open_.begin(); at != open_.end();) {
    if (at->node != node) {
      ++at;
      continue;
    }
    auto lost = std::move(*at);
    at = open_.erase(at);
    if (!std::exchange(*lost.given_up, true))
      all_.after(1, [then = std::move(lost.then)] { then(nullptr); });
  }
}

// --- what is asked
// --------------------------------------------------------------------------------

void clients::deposit() {
  deposit_job what;
  what.box = draw_.below(boxes_.size());
  what.label = ++labels_;
  what.id = "d" + std::to_string(what.label);
  auto& used = used_[what.box];
  if (!used.empty() && draw_.one_in(40))
    what.id = draw_.pick(used); // a client's mistake: another content under the same id
  used.push_back(what.id);
  what.until = draw_.one_in(4) ? op::durability::replicated : op::durability::usual;
  what.tries_left = 1 + draw_.below(5);
  checker_.depositing(what.label, what.box, what.id);
  send(what);
}

void clients::send(const deposit_job& what) {
  op::deposit message{message_format::voicemail,
                      caller_of(what.label),
                      first_call_ms + what.label,
                      0,
                      false,
                      {{media_type::amr, chunk{recording(what.label)}}},
                      what.until};
  ask(what.box, std::move(message), what.id, [this, what](const outcome* got) {
    all_.say("deposit #" + std::to_string(what.label) + " (" + what.id + ", mailbox " +
             std::to_string(what.box) + "): " + words(got));
    auto* stored = got == nullptr ? nullptr : std::get_if<answer::deposited>(got);
    if (stored != nullptr) {
      auto id = to_string(stored->message);
      size_t copies = 0;
      for (size_t node = 0; node < all_.size(); ++node) {
        auto there = look_at(*all_[node].store, boxes_[what.box], false);
        for (const auto& [_, message] : there.messages)
          copies += message.label == what.label;
      }
      const bool two = what.until == op::durability::replicated && copies_stay && !moved_[what.box];
      checker_.deposited(what.label, id, copies, two);
      known_[what.box].push_back(id);
    } else if (what.tries_left > 0) {
      auto again = what;
      --again.tries_left;
      all_.after(static_cast<moment>(draw_.below(3000)), [this, again] { send(again); });
    }
  });
}

std::optional<std::string> clients::any_message(size_t box) {
  if (known_[box].empty())
    return std::nullopt;
  return draw_.pick(known_[box]);
}

void clients::remove() {
  const auto box = draw_.below(boxes_.size());
  auto which = any_message(box);
  if (!which)
    return;
  const bool ends = !draw_.one_in(3);
  if (ends)
    checker_.purging(box, *which);
  else
    checker_.flagging(box, *which, trashed, std::nullopt);
  ask(box, op::remove{named(*which), channel::out_of_band, {}, ends}, fresh_id(),
      [this, box, which, ends](const outcome* got) {
        all_.say((ends ? "purge " : "delete ") + which->substr(0, 8) + " (mailbox " +
                 std::to_string(box) + "): " + words(got));
        if (ends && got != nullptr && std::holds_alternative<answer::done>(*got))
          checker_.purged(box, *which);
      });
}

void clients::set_flags() {
  const auto box = draw_.below(boxes_.size());
  auto which = any_message(box);
  if (!which)
    return;
  const uint8_t bits = draw_.one_in(2) ? saved : played;
  const bool on = !draw_.one_in(3);
  checker_.flagging(box, *which, bits, on);
  ask(box, op::set_flags{named(*which), on ? bits : uint8_t{0}, on ? uint8_t{0} : bits}, fresh_id(),
      [this, box, which, bits](const outcome* got) {
        all_.say("flag " + which->substr(0, 8) + " (mailbox " + std::to_string(box) +
                 "): " + words(got));
        if (got != nullptr && std::holds_alternative<answer::done>(*got))
          checker_.flagged(box, *which, bits);
      });
}

void clients::retrieve() {
  const auto box = draw_.below(boxes_.size());
  auto which = any_message(box);
  if (!which)
    return;
  checker_.flagging(box, *which, played, std::nullopt);
  ask(box, op::retrieve{named(*which)}, fresh_id(), [this, which](const outcome* got) {
    auto* read = got == nullptr ? nullptr : std::get_if<answer::message>(got);
    if (read == nullptr)
      return;
    const auto label = static_cast<int>(read->header.called_at - first_call_ms);
    if (read->parts.size() != 1 || read->parts.front().bytes.view() != recording(label))
      throw broken_promise{"message #" + std::to_string(label) +
                           " was handed out with other media than were deposited"};
  });
}

void clients::list() {
  const auto box = draw_.below(boxes_.size());
  ask(box, op::list{0, 500, true}, fresh_id(), [this, box](const outcome* got) {
    auto* read = got == nullptr ? nullptr : std::get_if<answer::listing>(got);
    if (read == nullptr)
      return;
    std::vector<int> labels;
    for (const auto& each : read->headers)
      labels.push_back(static_cast<int>(each.called_at - first_call_ms));
    checker_.listed(box, labels);
  });
}

/// Only ever wrong, and only at the first mailbox: every PIN that was looked at counts.
void clients::guess_pin() {
  auto which = any_message(0);
  if (!which)
    return;
  ask(0, op::retrieve{named(*which), channel::device, {"", wrong_pin}, ""}, fresh_id(),
      [this](const outcome* got) { all_.say("guessed a PIN: " + words(got)); });
}

void clients::set_language() {
  const auto box = draw_.below(boxes_.size());
  std::string language = draw_.one_in(2) ? "en" : "en-GB";
  checker_.choosing_language(box, language);
  ask(box, op::set_preferences{language, {}, toggle::unchanged}, fresh_id(),
      [this, box](const outcome* got) {
        all_.say("language of mailbox " + std::to_string(box) + ": " + words(got));
      });
}

void clients::travel() {
  const auto box = draw_.below(boxes_.size());
  const auto& region = draw_.pick(all_.around().regions);
  moved_[box] = moved_[box] || all_.around().regions.size() > 1;
  checker_.locating(box, region == homes_[box] ? "" : region);
  ask(box, op::locate{region}, fresh_id(), [this, box, region](const outcome* got) {
    all_.say("mailbox " + std::to_string(box) + " goes to " + region + ": " + words(got));
  });
}

// --- gateways
// -------------------------------------------------------------------------------------

/// Mostly they take a text over after a while; some never answer, some want it later.
void clients::take_texts(size_t node) {
  auto& texts = *all_[node].texts;
  for (auto& next = texts_read_[node]; next < texts.size(); ++next) {
    const auto& text = texts[next].what;
    const auto label = label_in(text.text);
    all_.say(all_[node].name() + " tells " + (label ? "of #" + std::to_string(*label) : "more"));
    if (label)
      checker_.handed(*label, to_string(text.id));
    const auto verdict = calm_ ? 2 : draw_.below(20);
    if (verdict == 0)
      continue;
    auto status =
        verdict == 1 ? sms::submit_status::temporary_failure : sms::submit_status::accepted;
    all_.after(static_cast<moment>(draw_.below(500)),
               [this, node, label, id = text.id, status, life = all_[node].life()] {
                 if (label && status == sms::submit_status::accepted)
                   checker_.told(*label);
                 if (all_[node].running() && all_[node].life() == life)
                   all_[node].answer_text(id, status);
               });
  }
}

} // namespace restante::simulation
