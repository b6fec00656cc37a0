// One MAILBOX actor: the single writer of one subscriber's mailbox. It carries out one command at a
// time, in the order decide -> persist -> apply -> answer; commands behind it wait, bounded.
//
// Invariants: at most one command is in flight; every accepted command is in `waiting` or in flight
// until it is answered, exactly once; the model holds only what the store has confirmed. A commit
// carries no timer, which would cost a tenth of a deposit: the next command, or the node's word to
// retire, finds out that it has been silent for limits::commit_timeout and ends the mailbox.
// Owned by the node, which loads it from disk, retires it when idle and rebuilds it when it fails.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log.hpp"
#include "schemas/limits.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace restante {

/// Whom a mailbox turns to. Shared by all mailboxes of a node.
struct mailbox_services {
  store_writer_actor writer;
  /// At least one. What concerns one mailbox is always read through the same.
  std::vector<store_reader_actor> readers;
  pin_hasher_actor hasher;
  environment_ptr environment;
  logger log = {};
  /// Where media count that are read for nobody's client: for peers, and by the node itself.
  std::shared_ptr<meter> own_reading = std::make_shared<meter>(limits::own_reading_bytes_max);

  [[nodiscard]] const store_reader_actor& reader_of(const mailbox_id& id) const {
    return readers[std::hash<mailbox_id>{}(id) % readers.size()];
  }
};

struct mailbox_actor_state {
  static inline constexpr const char* name = "mailbox";
  explicit mailbox_actor_state(mailbox_actor::pointer s) : self{s} {}

  struct entry {
    command_ptr what;
    caf::typed_response_promise<answered> reply;
  };
  struct job : entry {
    facts known;
    decision decided;
    /// The PIN attempt to judge once its count is on disk.
    bool trying_pin = false;
    std::shared_ptr<const lease> place = {}; // for its hash
    /// The media it hands out, and what they take of a budget, shared with them.
    std::vector<row_name> rows = {};
    std::shared_ptr<const lease> share = {};

    job(command_ptr w, caf::typed_response_promise<answered> r)
        : entry{std::move(w), std::move(r)} {}
  };

  caf::result<answered> accept(command_ptr what);
  void work();

  // The stages of a job, in order.
  void start();
  [[nodiscard]] bool take_share();
  void try_pin(const challenge_answer& answer);
  void verify_pin();
  void fetch();
  void hash();
  void decide();
  void persist(decision what);
  void persisted(uint64_t sequence);

  void finish(outcome what);
  void refuse(failure why);
  void tell_operator(const failure& why);
  [[nodiscard]] bool stuck() const;
  void fail_and_quit();
  void abandon();

  mailbox_actor::pointer self;
  std::shared_ptr<const mailbox_services> services;
  std::optional<mailbox_model> model;
  std::deque<entry> waiting;
  std::optional<job> in_flight;
  std::optional<caf::actor_clock::time_point> committing_since;
  bool retiring = false;
  bool told_of_damage = false;
};

mailbox_actor::behavior_type mailbox(mailbox_actor::stateful_pointer<mailbox_actor_state> self,
                                     mailbox_state start,
                                     std::shared_ptr<const mailbox_services> services);

/// What the client asked for before is not read yet, by the disk or by the client; nothing was
/// done.
[[nodiscard]] failure media_waiting();

/// Beyond limits::mailbox_waiting_max commands; nothing was done.
[[nodiscard]] failure mailbox_waiting();

/// The answer of a device request is looked at before anything else.
[[nodiscard]] const challenge_answer* device_answer(const mailbox_op& what);

} // namespace restante
