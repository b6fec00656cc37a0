// The domain: what one mailbox decides. Pure - no actors, no disk, no clock of its own; time, keys
// and settings come in with the environment. `decide` changes nothing; `apply` is the join of what
// was decided, called only after the store has it. Recovery needs neither: the state is loaded.
#pragma once

#include "actors/budget.hpp"
#include "actors/pin_policy.hpp"
#include "actors/region_list.hpp"
#include "actors/templates.hpp"
#include "actors/tenant_registry.hpp"
#include "schemas/crypto.hpp"
#include "schemas/messages.hpp"

#include <memory>

namespace restante {

/// What all mailboxes of a node share. Built by main, never changed afterwards.
struct mailbox_environment {
  secret_key identity; // keys ids made from what outsiders choose
  std::string region;  // where mailboxes made here are born
  pin_policy pins;
  std::string language = "en"; // of subscribers and tenants that chose none
  std::shared_ptr<hybrid_clock> clock;
  std::shared_ptr<const tenant_registry> tenants;
  /// Each node of a cluster numbers messages in its own lane: two that are cut off from each other
  /// never give out the same number. A node that is alone has the only one.
  uint32_t uid_lane = 0;
  uint32_t uid_lanes = 1;
  /// Where subscribers may roam besides their home region.
  std::shared_ptr<region_list> regions = std::make_shared<region_list>();
  /// Copies of a mailbox that may be served while they are cut off from each other: each bears its
  /// part of the wrong PINs, so that together they bear no more than one.
  uint32_t pin_copies = 1;
};
using environment_ptr = std::shared_ptr<const mailbox_environment>;

/// One thing asked of one mailbox.
struct command {
  tenant_ptr who;
  std::string request_id;
  mailbox_id mailbox;
  mailbox_op op;
  request_share_ptr held = {}; // what it holds of a bridge's budgets
  std::string region = {};     // of the mailbox's birth, as its name says; empty: this node's
};
using command_ptr = std::shared_ptr<const command>;

/// Media to write or erase with a decision.
struct media_write {
  std::optional<message_id> message; // nothing: a greeting
  greeting_kind greeting = greeting_kind::normal;
  uint8_t part = 0;
  chunk bytes;
  bool erase = false;
};

/// What is to be made durable, and what is said once it is.
struct decision {
  mailbox_state delta; // empty: nothing changes, answer at once
  cause what = cause::unknown;
  std::optional<message_id> message;
  uint32_t uid = 0;
  std::vector<media_write> media;
  std::vector<alias> claims; // alias rows to write
  std::vector<notification> notifications;
  std::string left;          // the region a location update moved the subscriber from
  std::optional<bool> seals; // this copy alone
  std::string detail;        // of the charging record
  bool shrinks = false;      // goes through even when the disk is nearly full
  bool reads = false; // only notes that something was read: without room the reply goes alone
  outcome reply;

  [[nodiscard]] bool changes() const { return what != cause::unknown; }
  /// This copy's own affair: neither logged nor charged.
  [[nodiscard]] bool silent() const { return what >= cause::absorbed; }
};

/// Facts that had to be fetched before deciding.
struct facts {
  std::string pin_hash;                        // of op::set_pin
  std::vector<chunk> media;                    // of the message or greeting asked for, in order
  bool pin_verified = false;                   // the PIN of a device request was right
  std::vector<std::optional<chunk>> displaced; // of op::absorb (actors/replica.hpp)
};

/// What subscribers are told and bounds ask about; kept up, so that a deposit into a full mailbox
/// costs no more than into an empty one.
struct message_counts {
  size_t kept = 0;    // neither deleted nor ended
  size_t unheard = 0; // of these, not played
  size_t deleted = 0; // and may still be brought back

  void add(const message_record& message);
  void remove(const message_record& message);
  friend bool operator==(const message_counts&, const message_counts&) = default;
};
[[nodiscard]] message_counts count(const mailbox_state& box);

class mailbox_model {
public:
  mailbox_model(mailbox_state start, environment_ptr environment);

  [[nodiscard]] const mailbox_state& state() const { return state_; }

  /// Always `count(state())`.
  [[nodiscard]] const message_counts& counts() const { return counts_; }

  /// Whether the command may be carried out here at all, and by this tenant.
  [[nodiscard]] result<void> admit(const command& what) const;

  /// The message named, if it can be read: neither purged nor (unless asked for) deleted.
  [[nodiscard]] result<const message_record*> find(const message_ref& ref, bool even_deleted) const;

  /// Decides an admitted command.
  [[nodiscard]] result<decision> decide(const command& what, const facts& known) const;

  /// Whether a PIN may be tried now, and the attempt to be made durable before it is.
  [[nodiscard]] bool pin_open() const;
  [[nodiscard]] decision pin_attempt(const command& what) const;

  /// Follows the disk.
  void apply(const mailbox_state& delta);
  void apply(const decision& what);

  /// The id a deposit gets: the same for every repetition, on every node.
  [[nodiscard]] message_id id_of_deposit(const command& what) const;

private:
  friend struct decider;
  mailbox_state state_;
  message_counts counts_;
  /// The number of the next message: the next one of this node's lane.
  [[nodiscard]] uint32_t next_uid() const;

  uint32_t uid_max_ = 0;
  environment_ptr env_;
};

/// The id of the mailbox that is first known by `first`: the same on every node.
[[nodiscard]] mailbox_id id_of_mailbox(const secret_key& identity, std::string_view tenant,
                                       const alias& first);

/// The profile as its tenant sees it.
[[nodiscard]] answer::profile describe(const mailbox_state& state);

/// A text for `number` about `facts`; used by mailboxes and by the SMS desk.
[[nodiscard]] notification make_notification(const mailbox_environment& env,
                                             const mailbox_state& box, notice kind,
                                             notice_facts facts,
                                             std::initializer_list<std::string_view> unique);

} // namespace restante
