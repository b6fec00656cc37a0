// To one peer: the state of shipping, without the disk and the link. Pure, so that its arithmetic
// can be tested: which batches are open, how far the log is shipped and acknowledged, what there is
// credit for.
//
// Invariants: `acknowledged` <= `shipped` <= the log's newest; it moves past a change only with the
// batch that brought it, or had nothing of it for this peer, and when all batches before are
// applied.
#pragma once

#include "actors/peer_progress.hpp"
#include "schemas/limits.hpp"

#include <algorithm>
#include <deque>

namespace restante {

class outgoing_state {
public:
  peer_progress progress; // kept in the store
  bool changed = false;   // since it was kept

  /// A new conversation with a peer whose store has this incarnation. What was open is shipped
  /// again.
  void begin(uint64_t incarnation, uint64_t newest) {
    open_.clear();
    open_bytes_ = 0;
    if (progress.incarnation != incarnation) {
      // Nothing is known of this store: it is compared with what is here now, and gets what
      // follows.
      progress = {incarnation, newest, {}};
      changed = true;
    }
    // A log that was put back (an old backup) is shorter than what the peer has seen of it.
    progress.acknowledged = std::min(progress.acknowledged, newest);
    shipped_ = progress.acknowledged;
  }

  [[nodiscard]] uint64_t shipped() const { return shipped_; }

  [[nodiscard]] bool credit() const {
    return open_.size() < limits::batches_in_flight_max &&
           open_bytes_ < limits::shipped_bytes_in_flight_max;
  }
  [[nodiscard]] bool idle() const { return open_.empty(); }
  [[nodiscard]] size_t open_bytes() const { return open_bytes_; }

  /// The number of a batch that goes out now. `through`: the log's position behind it.
  uint64_t sent(uint64_t through, size_t bytes) {
    shipped_ = std::max(shipped_, through);
    open_.push_back({++number_, shipped_, bytes, {}});
    open_bytes_ += bytes;
    return number_;
  }

  /// Changes up to `through` had nothing for this peer.
  void skipped(uint64_t through) {
    shipped_ = std::max(shipped_, through);
    if (open_.empty())
      acknowledge(shipped_);
    else
      open_.back().through = shipped_;
  }

  /// A partition is complete when all that is open now is applied.
  void seeded(size_t partition) {
    if (open_.empty()) {
      progress.seeded.set(partition);
      changed = true;
    } else {
      open_.back().seeds.push_back(partition);
    }
  }

  /// The peer is not to hold it now: if it is again, it is compared anew.
  void unseed(size_t partition) {
    changed = changed || progress.seeded[partition];
    progress.seeded.reset(partition);
    for (auto& each : open_)
      std::erase(each.seeds, partition);
  }

  /// Whether it will be, with a batch that is open.
  [[nodiscard]] bool seeding(size_t partition) const {
    return std::any_of(open_.begin(), open_.end(), [&](const batch& each) {
      return std::find(each.seeds.begin(), each.seeds.end(), partition) != each.seeds.end();
    });
  }

  /// False when no such batch is open: a peer that says so is out of step.
  bool applied(uint64_t number) {
    if (open_.empty() || number < open_.front().number || number > open_.back().number)
      return false;
    while (!open_.empty() && open_.front().number <= number) {
      acknowledge(open_.front().through);
      for (auto partition : open_.front().seeds)
        progress.seeded.set(partition);
      open_bytes_ -= open_.front().bytes;
      open_.pop_front();
    }
    return true;
  }

private:
  struct batch {
    uint64_t number = 0;
    uint64_t through = 0;
    size_t bytes = 0;
    std::vector<size_t> seeds; // partitions that are complete with it
  };

  void acknowledge(uint64_t through) {
    changed = changed || through != progress.acknowledged;
    progress.acknowledged = std::max(progress.acknowledged, through);
  }

  std::deque<batch> open_;
  size_t open_bytes_ = 0;
  uint64_t number_ = 0; // of the last batch, over all conversations
  uint64_t shipped_ = 0;
};

} // namespace restante
