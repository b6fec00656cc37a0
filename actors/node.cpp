#include "actors/node.hpp"

#include "actors/access.hpp"
#include "actors/handlers.hpp"
#include "actors/replica.hpp"

#include <list>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace restante {

namespace {

struct sweep {};

} // namespace
} // namespace restante
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::sweep)
namespace restante {
namespace {

using node_self = node_actor::extend<caf::reacts_to<sweep>>;
constexpr auto sweep_interval = std::chrono::seconds{1};

failure loading_failed() {
  return {errc::busy, "mailbox_loading", "the mailbox could not be loaded in time: retry shortly"};
}

struct node_state {
  static inline constexpr const char* name = "node";
  explicit node_state(node_self::pointer s) : self{s} {}

  struct waiter {
    command_ptr what;
    caf::typed_response_promise<answered> reply;
  };
  enum class phase { loading, active, leaving };
  struct entry {
    phase is = phase::loading;
    mailbox_actor box;
    std::vector<waiter> waiting;
    std::list<mailbox_id>::iterator used; // place in `by_use` while active
    caf::actor_clock::time_point last;
    size_t messages = 0; // at most: those loaded, and a deposit may be refused or a repeat
  };

  node_self::pointer self;
  node_options options;
  std::unordered_map<mailbox_id, entry> boxes;
  std::unordered_map<caf::actor_addr, mailbox_id> by_address;
  std::list<mailbox_id> by_use;            // active mailboxes, the longest idle first
  std::unordered_set<mailbox_id> doubtful; // failed: a commit of theirs may still be under way
  struct open_read {
    mailbox_id id;
    caf::actor_clock::time_point since;
  };
  std::map<uint64_t, open_read> reads; // what the reader has not answered, the oldest first
  uint64_t last_read = 0;
  size_t active_messages = 0; // of all active mailboxes
  uint64_t loads = 0, failures = 0, passivations = 0;

  caf::result<answered> route(command_ptr what) {
    auto [at, fresh] = boxes.try_emplace(what->mailbox);
    auto& there = at->second;
    if (there.is == phase::active) {
      touch(there);
      count(there, *what);
      return self->delegate(there.box, std::move(what));
    }
    if (there.waiting.size() >= limits::load_waiting_max)
      return answered{loading_failed()};
    auto id = what->mailbox;
    auto reply = self->make_response_promise<answered>();
    there.waiting.push_back({std::move(what), reply});
    if (fresh)
      load(id);
    return reply;
  }

  void hold(entry& there, size_t messages) {
    there.messages += messages;
    active_messages += messages;
  }

  void count(entry& there, const command& what) {
    if (std::holds_alternative<op::deposit>(what.op))
      hold(there, 1);
  }

  void no_longer_active(entry& there) {
    by_use.erase(there.used);
    active_messages -= std::exchange(there.messages, 0);
  }

  void touch(entry& there) {
    there.last = self->clock().now();
    by_use.splice(by_use.end(), by_use, there.used);
  }

  // The commit of a mailbox that failed may still wait for the disk. Read before it, the next one
  // would give out its message's number again; so an empty commit goes through the writer first.
  void load(const mailbox_id& id) {
    ++loads;
    if (!doubtful.contains(id))
      return read(id);
    auto barrier = std::make_shared<commit_request>();
    barrier->urgency = commit_class::essential;
    self->request(options.services->writer, limits::commit_timeout, std::move(barrier))
        .then(
            [this, id](const commit_reply&) {
              doubtful.erase(id);
              read(id);
            },
            [this, id](caf::error&) { give_up(id, loading_failed()); });
  }

  // Timed by the sweep, so noticed up to a second late: a timer of CAF's for each load costs more
  // than a tenth of loading.
  void read(const mailbox_id& id) {
    auto number = ++last_read;
    reads.emplace_hint(reads.end(), number, open_read{id, self->clock().now()});
    self->request(options.services->reader_of(id), caf::infinite, load_request{id})
        .then(
            [this, number, id](load_reply& done) {
              if (reads.erase(number) == 0)
                return; // it was given up, and who waits now has asked again
              loaded(id, std::move(done.state));
            },
            [this, number, id](caf::error&) {
              if (reads.erase(number) != 0)
                give_up(id, loading_failed());
            });
  }

  void end_overdue_reads() {
    auto begun = self->clock().now() - limits::load_timeout;
    while (!reads.empty() && reads.begin()->second.since <= begun)
      give_up(reads.extract(reads.begin()).mapped().id, loading_failed());
  }

  void loaded(const mailbox_id& id, result<mailbox_state> state) {
    if (!state)
      return give_up(id, state.error());
    auto& there = boxes[id];
    // A mailbox that does not exist gets an actor only to be created: guessing ids costs nothing.
    bool creates = false;
    for (const auto& waiter : there.waiting)
      creates |=
          std::holds_alternative<op::create>(waiter.what->op) || of_replication(waiter.what->op);
    if (!state->exists() && !creates)
      return give_up(id, unknown_mailbox());
    there.is = phase::active;
    hold(there, state->messages.size());
    there.box = self->spawn<caf::monitored>(mailbox, std::move(*state), options.services);
    by_address.emplace(there.box.address(), id);
    there.used = by_use.insert(by_use.end(), id);
    there.last = self->clock().now();
    for (auto& waiter : std::exchange(there.waiting, {})) {
      count(there, *waiter.what);
      waiter.reply.delegate(there.box, std::move(waiter.what));
    }
  }

  void give_up(const mailbox_id& id, const failure& why) {
    auto at = boxes.find(id);
    for (auto& waiter : at->second.waiting)
      waiter.reply.deliver(answered{why});
    boxes.erase(at);
  }

  void retire_one(entry& there) {
    ++passivations;
    there.is = phase::leaving;
    no_longer_active(there);
    self->send(there.box, retire{});
  }

  void look_after() {
    end_overdue_reads();
    passivate();
    self->delayed_send(self, sweep_interval, sweep{});
  }

  void passivate() {
    auto now = self->clock().now();
    while (!by_use.empty()) {
      auto& oldest = boxes[by_use.front()];
      if (by_use.size() <= limits::active_mailboxes_max &&
          active_messages <= options.active_messages_max && now - oldest.last < options.idle)
        break;
      retire_one(oldest);
    }
  }

  /// A mailbox has ended: by retiring, or because it failed. Who came meanwhile gets a new one,
  /// built from what is on disk.
  void ended(const caf::down_msg& msg) {
    auto address = by_address.find(msg.source);
    if (address == by_address.end())
      return;
    auto id = address->second;
    by_address.erase(address);
    if (msg.reason != caf::exit_reason::normal)
      doubtful.insert(id);
    auto at = boxes.find(id);
    auto& there = at->second;
    if (there.is == phase::active) {
      no_longer_active(there);
      ++failures;
      options.log.error("mailbox_failed", {{"mailbox", to_string(id)}});
    }
    if (there.waiting.empty()) {
      boxes.erase(at);
      return;
    }
    there.is = phase::loading;
    there.box = nullptr;
    load(id);
  }

  void abandon() {
    for (auto& [id, there] : boxes)
      for (auto& waiter : std::exchange(there.waiting, {}))
        waiter.reply.deliver(answered{
            failure{errc::shutting_down, "node_stopping", "the node is stopping: reconnect"}});
    for (auto& [id, there] : boxes)
      if (there.box)
        self->send_exit(there.box, caf::exit_reason::user_shutdown);
  }

  answered status() const {
    return answered{answer::status{{{"mailboxes_active", std::to_string(by_use.size())},
                                    {"mailboxes_loaded_total", std::to_string(loads)},
                                    {"mailboxes_passivated_total", std::to_string(passivations)},
                                    {"mailboxes_failed_total", std::to_string(failures)}}}};
  }
};

node_self::behavior_type node(node_self::stateful_pointer<node_state> self, node_options options) {
  self->state.options = std::move(options);
  install_handlers(self, [self] { self->state.abandon(); });
  self->set_down_handler([self](caf::down_msg& msg) { self->state.ended(msg); });
  self->delayed_send(self, sweep_interval, sweep{});
  return {
      [self](command_ptr& what) { return self->state.route(std::move(what)); },
      [self](node_status_request) { return self->state.status(); },
      [self](sweep) { self->state.look_after(); },
  };
}

} // namespace

node_actor spawn_node(caf::actor_system& system, node_options options) {
  return system.spawn(node, std::move(options));
}

} // namespace restante
