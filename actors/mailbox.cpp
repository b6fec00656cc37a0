#include "actors/mailbox.hpp"

#include "actors/access.hpp"
#include "actors/handlers.hpp"
#include "actors/mailbox_commit.hpp"
#include "actors/replica.hpp"
#include "schemas/limits.hpp"
#include "storage/keys.hpp"

namespace restante {

namespace {

failure unknown_outcome() {
  return {errc::outcome_unknown, "mailbox_interrupted",
          "the mailbox was interrupted: it may or may not have been done; retry with the same "
          "request id"};
}

failure mailbox_restarting() {
  return {errc::busy, "mailbox_restarting", "the mailbox is being reloaded: retry shortly"};
}

/// The media a command hands out: rows to read, and how many bytes they are.
struct media_asked {
  std::vector<row_name> rows;
  size_t bytes = 0;

  void add(const mailbox_id& box, const message_record& of) {
    for (size_t i = 0; i < of.parts.size(); ++i) {
      rows.push_back({family::media, media_key(box, of.id, static_cast<uint8_t>(i))});
      bytes += of.parts[i].size;
    }
  }
};

media_asked media_of(const mailbox_model& model, const command& what) {
  media_asked out;
  if (auto* from = std::get_if<op::retrieve>(&what.op)) {
    if (auto found = model.find(from->message, false))
      out.add(what.mailbox, **found);
  } else if (auto* from = std::get_if<op::get_greeting>(&what.op)) {
    auto kind = static_cast<uint8_t>(from->kind);
    out.rows.push_back({family::media, greeting_key(what.mailbox, kind)});
    out.bytes = model.state().profile.greetings[kind].value.size;
  } else if (auto* from = std::get_if<op::absorb>(&what.op)) {
    for (const auto* moved : displaced_by(model.state(), *from))
      out.add(what.mailbox, *moved);
  }
  return out;
}

/// The same bytes; what they take of a budget is given back with the last of them.
chunk sharing(const chunk& bytes, const std::shared_ptr<const lease>& share) {
  auto both = std::make_shared<const std::pair<chunk, std::shared_ptr<const lease>>>(bytes, share);
  return {both, bytes.view()};
}

} // namespace

failure media_waiting() {
  return {
      errc::busy, "media_waiting",
      "much of what you asked for is still on its way to you: read the answers, then ask again"};
}

failure mailbox_waiting() {
  return {errc::busy, "mailbox_waiting", "too much is waiting for this mailbox: retry shortly"};
}

const challenge_answer* device_answer(const mailbox_op& what) {
  if (auto* from = std::get_if<op::retrieve>(&what); from && from->via == channel::device)
    return &from->answer;
  if (auto* from = std::get_if<op::remove>(&what); from && from->via == channel::device)
    return &from->answer;
  return nullptr;
}

caf::result<answered> mailbox_actor_state::accept(command_ptr what) {
  if (stuck()) {
    fail_and_quit();
    return answered{mailbox_restarting()};
  }
  // What comes from a peer is bounded by its batches; refused, it would hold up all its mailboxes.
  if (waiting.size() >= limits::mailbox_waiting_max && !of_replication(what->op))
    return answered{mailbox_waiting()};
  auto reply = self->make_response_promise<answered>();
  if (!in_flight && waiting.empty()) {
    in_flight.emplace(std::move(what), reply);
    start();
  } else {
    waiting.push_back({std::move(what), reply});
  }
  work();
  return reply;
}

void mailbox_actor_state::work() {
  while (!in_flight && !waiting.empty()) {
    in_flight.emplace(std::move(waiting.front().what), std::move(waiting.front().reply));
    waiting.pop_front();
    start();
  }
  if (retiring && !in_flight)
    self->quit();
}

void mailbox_actor_state::start() {
  const auto& what = *in_flight->what;
  if (auto ok = model->admit(what); !ok)
    return finish(ok.error());
  if (!take_share())
    return finish(media_waiting());
  if (auto* answer = device_answer(what.op))
    return try_pin(*answer);
  fetch();
}

// Before anything is read or stored, a PIN attempt too: what is refused here has left no trace.
// Every retrieval is refused alike, so that `busy` tells a device nothing of what there is.
bool mailbox_actor_state::take_share() {
  const auto& what = *in_flight->what;
  auto asked = media_of(*model, what);
  if (asked.rows.empty() && !std::holds_alternative<op::retrieve>(what.op))
    return true;
  auto share = lease::within(
      what.held && what.held->replies ? what.held->replies : services->own_reading, asked.bytes);
  if (!share)
    return false;
  in_flight->rows = std::move(asked.rows);
  in_flight->share = std::make_shared<const lease>(std::move(*share));
  return true;
}

// The attempt is on disk before the hash is even begun: a crash cannot give it back. And there is a
// place for the hash before it is on disk, or `busy` would be an attempt nobody looked at.
void mailbox_actor_state::try_pin(const challenge_answer& answer) {
  if (answer.pin.empty() || !model->pin_open())
    return finish(pin_denied());
  self->request(services->hasher, limits::commit_timeout,
                hash_place_request{in_flight->what->who->name})
      .then(
          [this](const hash_place& got) {
            if (!got.held) {
              finish(got.held.error());
            } else {
              in_flight->place = *got.held;
              in_flight->trying_pin = true;
              persist(model->pin_attempt(*in_flight->what));
            }
            work();
          },
          [this](caf::error&) { fail_and_quit(); });
}

void mailbox_actor_state::verify_pin() {
  in_flight->trying_pin = false;
  verify_request what{model->state().profile.pin.value, device_answer(in_flight->what->op)->pin,
                      std::move(in_flight->place)};
  self->request(services->hasher, limits::commit_timeout, std::move(what))
      .then(
          [this](const verify_reply& done) {
            if (!done.right)
              finish(done.right.error());
            else if (!*done.right)
              finish(pin_denied());
            else {
              in_flight->known.pin_verified = true;
              fetch();
            }
            work();
          },
          [this](caf::error&) { fail_and_quit(); });
}

void mailbox_actor_state::fetch() {
  if (in_flight->rows.empty())
    return hash();
  self->request(services->reader_of(in_flight->what->mailbox), limits::load_timeout,
                get_request{std::move(in_flight->rows)})
      .then(
          [this](const get_reply& done) {
            if (done.values) {
              for (const auto& value : *done.values) {
                auto& there = in_flight->known.displaced.emplace_back();
                if (value)
                  in_flight->known.media.push_back(
                      there.emplace(sharing(*value, in_flight->share)));
              }
              decide();
            } else if (of_replication(in_flight->what->op)) {
              refuse(done.values.error());
            } else {
              decide(); // for who asks they are not there: another copy may have them
            }
            work();
          },
          [this](caf::error&) { fail_and_quit(); });
}

void mailbox_actor_state::hash() {
  auto* from = std::get_if<op::set_pin>(&in_flight->what->op);
  if (from == nullptr)
    return decide();
  // Whether it may be hashed at all is part of deciding; a refused PIN costs no hash.
  if (auto allowed = model->decide(*in_flight->what, {}); !allowed)
    return finish(allowed.error());
  self->request(services->hasher, limits::commit_timeout,
                hash_request{from->pin, in_flight->what->who->name})
      .then(
          [this](const hash_reply& done) {
            if (done.hash) {
              in_flight->known.pin_hash = *done.hash;
              decide();
            } else {
              finish(done.hash.error());
            }
            work();
          },
          [this](caf::error&) { fail_and_quit(); });
}

void mailbox_actor_state::decide() {
  auto decided = model->decide(*in_flight->what, in_flight->known);
  if (!decided) {
    if (decided.error().code == errc::storage_failure)
      tell_operator(decided.error());
    return refuse(std::move(decided.error()));
  }
  if (auto* why = std::get_if<failure>(&decided->reply); why && why->code == errc::storage_failure)
    tell_operator(*why);
  if (!decided->changes())
    return finish(std::move(decided->reply));
  persist(std::move(*decided));
}

void mailbox_actor_state::persist(decision what) {
  auto commit = commit_of(model->state(), *in_flight->what, *services->environment, what);
  in_flight->decided = std::move(what);
  committing_since = self->clock().now();
  self->request(services->writer, caf::infinite, std::move(commit))
      .then(
          [this](const commit_reply& done) {
            committing_since.reset();
            if (done.sequence)
              persisted(*done.sequence);
            else if (done.sequence.error().code == errc::outcome_unknown)
              fail_and_quit();
            else if (done.sequence.error().code == errc::storage_full && in_flight->decided.reads)
              finish(std::move(in_flight->decided.reply));
            else
              finish(done.sequence.error());
            work();
          },
          [this](caf::error&) { fail_and_quit(); });
}

// Memory follows the disk; the caller hears last. (The writer announces the change meanwhile.)
void mailbox_actor_state::persisted(uint64_t sequence) {
  model->apply(in_flight->decided);
  if (in_flight->trying_pin)
    return verify_pin();
  auto reply = std::move(in_flight->decided.reply);
  if (auto* done = std::get_if<answer::deposited>(&reply))
    done->sequence = sequence;
  finish(std::move(reply));
}

void mailbox_actor_state::finish(outcome what) {
  auto reply = std::move(in_flight->reply);
  in_flight.reset();
  reply.deliver(answered{std::move(what)});
}

/// Once, until the mailbox is loaded again: who asks for the same again fills no log.
void mailbox_actor_state::tell_operator(const failure& why) {
  if (std::exchange(told_of_damage, true))
    return;
  const auto& what = *in_flight->what;
  std::string owner = "greeting";
  if (auto* from = std::get_if<op::retrieve>(&what.op))
    if (auto found = model->find(from->message, false))
      owner = to_string((*found)->id);
  services->log.error(why.reason, {{"mailbox", to_string(what.mailbox)},
                                   {"media_of", owner},
                                   {"advice", "stop the node and run restante store check"}});
}

/// From outside, a device cannot tell a wrong PIN from a wrong message.
void mailbox_actor_state::refuse(failure why) {
  bool tell = device_answer(in_flight->what->op) == nullptr || why.code == errc::storage_failure;
  finish(tell ? std::move(why) : pin_denied());
}

bool mailbox_actor_state::stuck() const {
  return committing_since && self->clock().now() - *committing_since >= limits::commit_timeout;
}

void mailbox_actor_state::fail_and_quit() {
  abandon();
  retiring = false;                    // `work` must not end it a second time, for another reason
  self->quit(caf::sec::runtime_error); // the node rebuilds the mailbox from what is on disk
}

/// What was begun may be on disk; what waits certainly is not.
void mailbox_actor_state::abandon() {
  if (auto open = std::exchange(in_flight, std::nullopt))
    open->reply.deliver(answered{unknown_outcome()});
  for (auto& entry : std::exchange(waiting, {}))
    entry.reply.deliver(answered{mailbox_restarting()});
}

mailbox_actor::behavior_type mailbox(mailbox_actor::stateful_pointer<mailbox_actor_state> self,
                                     mailbox_state start,
                                     std::shared_ptr<const mailbox_services> services) {
  self->state.model.emplace(std::move(start), services->environment);
  self->state.services = std::move(services);
  install_handlers(self, [self] { self->state.abandon(); });
  return {
      [self](command_ptr& what) { return self->state.accept(std::move(what)); },
      [self](retire) {
        self->state.retiring = true;
        if (self->state.stuck())
          self->state.fail_and_quit();
        else
          self->state.work();
      },
  };
}

} // namespace restante
