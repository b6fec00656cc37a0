// The checker: what a cluster has promised its clients, from what they asked and what they were
// answered, held against what is on the nodes' disks. It includes nothing of the engine - no merge,
// no placement, no codec - and is told what was seen as plain values (observation.hpp).
//
// A message is known by its label: a number that its depositor wrote into the call time, so that it
// can be told apart whatever id it has. Deposit ids stand for one label, or for two when a client
// has reused one for another content.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace restante::simulation {

struct broken_promise : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct seen_message {
  uint32_t uid = 0;
  bool purged = false;
  int label = -1; // of a tombstone: none
  uint8_t flags = 0;
  bool media = false; // all of it is there, and right
  std::string bytes;  // everything that is stored of it
};

/// A copy of a mailbox on one disk.
struct seen_copy {
  bool exists = false;
  bool sealed = false;
  size_t given_up = 0;  // copies that were here before
  std::string location; // a region, empty: at home
  std::string language;
  std::string settings; // everything that is stored of them, without the seal
  std::map<std::string, seen_message> messages; // by id
};

class promises {
public:
  /// Of a subscriber who is told of every message.
  void mailbox(size_t box, std::string home) { boxes_[box].home = std::move(home); }

  // --- what clients asked, and were answered
  // ------------------------------------------------------

  void depositing(int label, size_t box, const std::string& deposit);
  /// `copies`: disks that have it at that moment.
  void deposited(int label, const std::string& message, size_t copies, bool replicated);
  void purging(size_t box, const std::string& message) { boxes_[box].purging.insert(message); }
  void purged(size_t box, const std::string& message) { boxes_[box].purged.insert(message); }
  /// Somebody asks to change these flags of the message; `to`: what they are to be. Nothing: a
  /// read, which may or may not change them.
  void flagging(size_t box, const std::string& message, uint8_t bits, std::optional<bool> to);
  void flagged(size_t box, const std::string& message, uint8_t bits);
  void choosing_language(size_t box, const std::string& what) {
    boxes_[box].languages.insert(what);
  }
  void locating(size_t box, const std::string& region) { boxes_[box].locations.insert(region); }
  void listed(size_t box, const std::vector<int>& labels) const;
  /// A gateway was handed a text about the message with this label; and has taken it over.
  void handed(int label, const std::string& notification);
  void told(int label) { ++messages_[label].told; }
  /// PINs that were looked at, over all nodes, and all wrong.
  void pins_tried(size_t count, size_t allowed) const;

  // --- what is on disk
  // ----------------------------------------------------------------------------

  /// At any time: what is on one disk. `node` may be down.
  void look(const std::string& node, size_t box, const seen_copy& now);
  /// At any time: what `from` takes for being on the disk of `to`, by message id, true: as purged.
  void shipped(const std::string& from, const std::string& to, const seen_copy& there,
               const std::map<std::string, bool>& what) const;
  /// At any time, after every disk was looked at: what was acknowledged is on one of them at least.
  void look_for_lost(size_t box, const std::vector<const seen_copy*>& everywhere) const;

  /// After healing. `wanted`: the nodes that are to hold it, the others must not.
  void settled(size_t box, const std::map<std::string, seen_copy>& copies,
               const std::set<std::string>& wanted) const;
  /// Everybody who was to be told was; `calm`: exactly once.
  void all_told(bool calm) const;

  [[nodiscard]] size_t acknowledged() const { return acknowledged_; }

private:
  struct message {
    size_t box = 0;
    std::string deposit;
    bool acknowledged = false;
    std::set<std::string> ids; // it was acknowledged under
    std::set<std::string> texts;
    size_t told = 0;
  };
  struct flag_changes {
    size_t asked = 0;
    bool acknowledged = false;
    std::optional<bool> to;
  };
  struct mailbox_facts {
    std::string home;
    std::set<std::string> purging, purged; // message ids
    std::set<std::string> languages, locations{""};
    std::map<std::string, std::vector<int>> labels; // of each deposit id
    std::map<uint32_t, std::string> uids;           // which message each number is of
    std::map<std::pair<std::string, uint8_t>, flag_changes> flags;
  };

  [[nodiscard]] bool may_be_gone(const message& what) const;
  [[nodiscard]] bool alone(const message& what) const;
  void check_same(size_t box, const std::map<std::string, seen_copy>& copies) const;
  void check_copy(size_t box, const seen_copy& copy) const;
  void check_message(int label, const seen_copy& copy) const;
  void check_flags(size_t box, const seen_copy& copy) const;

  std::map<int, message> messages_; // by label
  std::map<size_t, mailbox_facts> boxes_;
  struct purged_here {
    size_t given_up = 0;
    std::set<std::string> ids;
  };
  std::map<std::pair<std::string, size_t>, purged_here> tombstones_; // by disk and box
  size_t acknowledged_ = 0;
};

} // namespace restante::simulation
