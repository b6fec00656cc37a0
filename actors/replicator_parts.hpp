// The parts of the replicator and what they share. Included by its own files only.
#pragma once

#include "actors/outgoing.hpp"
#include "actors/parcel.hpp"
#include "actors/replicator.hpp"
#include "actors/shipping_lag.hpp"
#include "actors/taken_parcels.hpp"

#include <deque>
#include <list>
#include <map>
#include <set>
#include <unordered_map>

namespace restante {

struct replicator_tick {};

} // namespace restante
RESTANTE_LOCAL_MESSAGE(restante::replicator_tick)
namespace restante {

using replicator_self = replicator_actor::extend<caf::reacts_to<replicator_tick>>;

/// What happened on this node lately, packed once for all peers: as it was written or, when a peer
/// comes to what is not here, read from the log. Kept while it is small.
class recent_parcels {
public:
  [[nodiscard]] parcel_ptr find(uint64_t sequence) const {
    auto at = all_.find(sequence);
    return at == all_.end() ? nullptr : at->second;
  }
  void add(parcel_ptr what) {
    bytes_ += what->bytes;
    auto sequence = what->sequence;
    if (auto [at, fresh] = all_.emplace(sequence, std::move(what)); !fresh)
      bytes_ -= at->second->bytes;
  }
  /// Before a group or page is added, so that none of it goes before it is shipped.
  void trim() {
    while (bytes_ > limits::recent_parcels_bytes_max && !all_.empty()) {
      bytes_ -= all_.begin()->second->bytes;
      all_.erase(all_.begin());
    }
  }

private:
  std::map<uint64_t, parcel_ptr> all_;
  size_t bytes_ = 0;
};

/// What all parts use.
struct replicator_core {
  replicator_self::pointer self;
  replicator_options options;
  std::shared_ptr<const placement> places;
  recent_parcels recent;
  uint64_t newest = 0; // of this node's log
  uint64_t moment = 0; // counts what must be told apart by before and after
  /// Told of each mailbox that a location update concerned, here or elsewhere.
  std::function<void(const mailbox_id&)> moved = [](const mailbox_id&) {};
  /// Who talks with whom may have changed.
  std::function<void()> standing_changed = [] {};
  /// A peer has seen more of this node's log than there is.
  std::function<void(const std::string& peer)> restored = [](const std::string&) {};
  /// A peer has a mailbox that is not its to hold: it gets ours, which says where it belongs.
  std::function<void(const std::string& peer, const mailbox_id&)> misplaced =
      [](const std::string&, const mailbox_id&) {};

  [[nodiscard]] const std::string& name() const { return options.members->self; }
  [[nodiscard]] const member* find(const std::string& peer) const {
    return places->who()->find(peer);
  }
  void tell(const std::string& peer, bool ours, peer::message what) const {
    options.send({peer, ours, std::move(what)});
  }
};

/// Ships to one peer.
class outgoing : public std::enable_shared_from_this<outgoing> {
public:
  outgoing(replicator_core& core, std::string peer) : core_{core}, peer_{std::move(peer)} {}

  void connected(bool up);
  void take(const peer::message& what);
  /// Ships what there is credit for. Called whenever something changed.
  void pump();
  /// Which partitions the peer is to hold may have changed.
  void placed();
  void tick();
  /// A mailbox the peer holds from now on, beside what it is placed to hold.
  void seed(const mailbox_id& box) {
    if (std::find(seeds_.begin(), seeds_.end(), box) == seeds_.end())
      seeds_.push_back(box);
  }

  /// The digest of the mailbox's state here, as it was at a moment behind `since` when the peer had
  /// all of it on its disk, also what came from others. Nothing: not yet, and it is seen to.
  [[nodiscard]] std::optional<digest> confirms(const mailbox_id& box, uint64_t since);
  /// Anew.
  void forget(const mailbox_id& box) { confirming_.erase(box); }
  /// All that the peer is to hold is compared anew, whatever is known of it (or no longer).
  void doubt(bool on);
  /// It has all of the partition, as far as anybody knows, and everything of it could be read.
  [[nodiscard]] bool whole(size_t partition) const {
    return state_.progress.seeded[partition] && !doubted_[partition] &&
           !damaged_.contains(partition);
  }

  [[nodiscard]] bool talking() const { return welcome_; }
  /// Why it has refused this node's greeting; empty: it has not.
  [[nodiscard]] const std::string& refused() const { return refused_; }
  [[nodiscard]] const peer_progress& progress() const { return state_.progress; }
  [[nodiscard]] bool complete() const { return damaged_.empty() && lacks_only({}); }
  /// Changes of the log that it does not have yet, and for how long the oldest has been there.
  [[nodiscard]] uint64_t behind() const { return core_.newest - state_.progress.acknowledged; }
  [[nodiscard]] milliseconds lag() const { return lag_.at(core_.self->clock().now()); }
  /// Mailboxes that differed when they were compared, and were seeded again.
  [[nodiscard]] uint64_t differences() const { return differences_; }
  /// Of the partition's mailboxes. Having the log is not enough: what was in it before this node
  /// first met the peer's store came by comparing.
  [[nodiscard]] bool has_all_of(size_t partition, uint64_t sequence) const {
    return state_.progress.acknowledged >= sequence && state_.progress.seeded[partition];
  }

private:
  void say_hello();
  void welcomed(const peer::welcome& what);
  void restart();
  bool ship_log();
  void read_log(uint64_t from);
  void pass_gap(uint64_t through);
  void pack_page(const std::vector<key_value>& page);
  bool next_seed();
  void seed_part_of(const std::shared_ptr<const mailbox_state>& box,
                    const std::optional<message_id>& after);
  bool compare_next();
  bool tell_names();
  [[nodiscard]] std::optional<size_t> partition_to_compare();
  void compare_page(const std::vector<key_value>& page);
  bool confirm_next();
  void confirm_answered(const peer::differ& what);
  void confirm_applied(uint64_t number);
  void hold_back(std::function<void()> part, bool last) {
    busy_ = true;
    held_back_ = std::move(part);
    held_back_as_last_ = last;
  }
  struct comparing {
    std::vector<mailbox_id> boxes;
    std::function<void()> then;
    peer::compare out = {};
    size_t next = 0;
    size_t loading = 0;
  };
  void compare(const std::shared_ptr<comparing>& job);
  void loaded(comparing& job, const mailbox_id& box, const load_reply& got);
  void send_compare(comparing& job);
  void unreadable(const mailbox_id& box, const char* why);
  [[nodiscard]] bool lacks_only(const std::set<size_t>& partitions) const;
  [[nodiscard]] bool overdue(std::optional<caf::actor_clock::time_point>& since, bool waits) const;
  uint64_t send_batch(std::vector<peer::entry> entries, uint64_t through);
  void keep_progress();

  replicator_core& core_;
  std::string peer_;
  outgoing_state state_;
  bool up_ = false;         // the connection
  bool known_ = false;      // its progress was read from the store
  bool welcome_ = false;    // in this conversation
  std::string refused_;     // the reason it gave
  bool busy_ = false;       // waits for the disk
  uint64_t session_ = 0;    // counts conversations: what waits for the disk may come too late
  uint64_t seeded_for_ = 0; // the location update whose mailbox was seeded last
  std::deque<mailbox_id> seeds_;
  std::vector<mailbox_id> later_; // seeds that did not fit: from the start with the next tick
  std::optional<caf::actor_clock::time_point> resume_;
  // comparing
  std::optional<size_t> partition_;       // under way
  std::string scanned_;                   // its key to go on from
  bool last_page_ = false;                // nothing of it is left to be compared
  std::optional<std::string> names_from_; // the next name to tell a new store; nothing: all are
  std::set<size_t> damaged_; // partitions with a mailbox that can't be read: tried again later
  bool damage_seen_ = false; // in this round
  std::bitset<partition_count> doubted_;
  bool voided_ = false;    // this round proves nothing: not all was read, or not held meanwhile
  bool unseeded_ = true;   // there may be one the peer lacks: looked for at every pump
  bool verifying_ = false; // it is known to be complete, and looked at all the same
  size_t next_verified_ = 0;
  caf::actor_clock::time_point verify_at_;
  uint64_t compared_ = 0; // number of the comparison that waits for an answer, 0: none
  uint64_t last_compare_ = 0;
  std::vector<mailbox_id> asked_;                                            // about, with it
  std::optional<caf::actor_clock::time_point> compare_waits_, batches_wait_; // for an answer, since
  uint64_t differences_ = 0;
  /// Mailboxes that are to leave this node.
  enum class confirmation { wanted, loading, compared, seeding, sent, done, refused };
  struct confirming {
    confirmation step = confirmation::wanted;
    digest state = {};  // of what was compared or sent
    uint64_t batch = 0; // that ends what was sent
    uint64_t began = 0; // the moment before it was read
  };
  std::map<mailbox_id, confirming> confirming_;
  std::deque<mailbox_id> to_confirm_;                // those that are wanted
  std::vector<mailbox_id> refused_ones_;             // asked for anew with the next tick
  std::multimap<uint64_t, mailbox_id> confirmed_by_; // batches that end what was sent
  /// The next part of a seed, which waits for credit; the last one, for all others to be applied.
  std::function<void()> held_back_;
  bool held_back_as_last_ = false;
  std::map<mailbox_id, size_t> misfits_; // seeds that had media missing, and how often
  shipping_lag lag_;
};

/// Takes from one peer.
class incoming : public std::enable_shared_from_this<incoming> {
public:
  incoming(replicator_core& core, std::string peer) : core_{core}, peer_{std::move(peer)} {}

  void take(const peer::message& what);
  void tick();

  /// Of the conversation, because something could not be sent: it hears so, and begins anew.
  void end();

  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] bool greeted() const { return greeted_; }
  /// It has said hello, and is about to be greeted.
  [[nodiscard]] bool greeting() const { return greeting_; }
  /// This node has all that the peer had for it when they began to talk.
  [[nodiscard]] bool caught_up() const { return caught_up_; }
  /// What it sent that no honest peer would, or that is not for this node.
  [[nodiscard]] uint64_t refusals() const { return refusals_; }
  /// Why it was refused last, while it was not greeted since.
  [[nodiscard]] const std::string& refused() const { return refused_; }

private:
  void greet(const peer::hello& what);
  void welcome(const peer::hello& what);
  void saw(uint64_t newest);
  void take_batch(const peer::batch& what);
  void compare(const peer::compare& what);
  void refuse(failure why);
  void done(uint64_t number, const std::optional<failure>& why);

  struct open {
    uint64_t number = 0;
    size_t waits = 0;
    std::optional<failure> why;
    caf::actor_clock::time_point until; // a mailbox that is silent then has failed
  };

  replicator_core& core_;
  std::string peer_;
  bool greeting_ = false;
  bool greeted_ = false;
  bool told_ = false; // that it must say hello
  bool draining_ = false;
  uint64_t session_ = 0;
  uint64_t last_ = 0;    // batch taken
  uint64_t stopped_ = 0; // the batch that must come again; 0: none
  peer_seen seen_;       // of its log, also before this node was started
  bool seen_changed_ = false;
  caf::actor_clock::time_point keep_seen_at_;
  uint64_t due_ = 0; // its newest change when it said hello
  bool caught_up_ = false;
  uint64_t refusals_ = 0;
  std::string refused_;
  piece_collector pieces_;
  std::deque<open> open_;
};

/// Copies that are no longer wanted here.
class leavers {
public:
  /// The digest of what is here of the mailbox, when all at home have all of that and all of this
  /// log up to there.
  using reached = std::function<std::optional<digest>(std::string_view region,
                                                      const mailbox_id& box, uint64_t sequence)>;

  leavers(replicator_core& core, reached home_has, std::function<void(const mailbox_id&)> begun)
      : core_{core}
      , home_has_{std::move(home_has)}
      , begun_{std::move(begun)} {}

  /// Looks whether the mailbox is still to be here.
  void consider(const mailbox_id& box);
  /// Drops what is home by now.
  void tick();
  /// Also those that may be found to be such.
  [[nodiscard]] size_t size() const { return sealed_.size() + looking_at_; }

private:
  struct leaver {
    std::string region;
    uint64_t sequence = 0; // everything ever changed in it here is at most this in the log
  };
  void seal(const mailbox_id& box, const std::string& region);
  void unseal(const mailbox_id& box);

  replicator_core& core_;
  reached home_has_;
  std::function<void(const mailbox_id&)> begun_; // what peers confirmed was of another copy
  std::map<mailbox_id, leaver> sealed_;
  size_t looking_at_ = 0;
};

/// Requests that are answered when a second node has what they changed, or when their patience has
/// ended (`outcome_unknown`); each exactly once.
class copy_waiters {
public:
  /// `copied` looks whether there is such a copy, as of a moment behind `since`; `ended` is told of
  /// mailboxes nobody waits for any more.
  copy_waiters(replicator_core& core, std::function<bool(const await_copy&, uint64_t since)> copied,
               std::function<void(const mailbox_id&)> ended)
      : core_{core}
      , copied_{std::move(copied)}
      , ended_{std::move(ended)} {}

  [[nodiscard]] caf::result<answered> wait_for(const await_copy& what);
  /// Answers those there is an answer for. Called whenever a peer may have acknowledged something.
  void settle();
  /// Nobody will acknowledge anything any more.
  void abandon();

private:
  struct waiter {
    await_copy what;
    uint64_t since = 0;
    caf::actor_clock::time_point until;
    caf::typed_response_promise<answered> reply;
  };

  replicator_core& core_;
  std::function<bool(const await_copy&, uint64_t)> copied_;
  std::function<void(const mailbox_id&)> ended_;
  std::list<waiter> all_;
};

/// A command of this node's own.
[[nodiscard]] inline command_ptr own_command(const mailbox_id& box, mailbox_op what) {
  return std::make_shared<const command>(command{nullptr, {}, box, std::move(what)});
}

} // namespace restante
