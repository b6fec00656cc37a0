// One node of a simulated cluster: the whole cast on a disk of its own, whose actors take their
// turns in drawn order, and whose process can end at any of their steps and in the middle of a
// sync.
//
// Invariants: after a crash nothing the process did is seen any more - no message leaves, nobody
// hears an answer, nothing reaches the disk; what was being synced is on the disk whole or not at
// all. While a sync lasts the others of the cast go on.
#pragma once

#include "actors/forwarder.hpp"
#include "actors/replicator.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/support/stage.hpp"

namespace restante::simulation {

/// What all nodes of a cluster have in common.
struct surroundings {
  size_t replicas = 1;
  std::vector<member> members;
  std::vector<std::string> regions;
  std::function<void(size_t from, peer_outbound)> send;
};

class simulated_node : public stage {
public:
  simulated_node(const surroundings& around, size_t index, random_source draw);
  ~simulated_node() { on_sync_ends(); }

  [[nodiscard]] const std::string& name() const { return around_.members[index_].name; }
  [[nodiscard]] bool running() const { return running_; }
  /// The process has ended: what its actors still send as they go is not sent.
  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] forwarder_actor forwarder() const {
    return caf::actor_cast<forwarder_actor>(entrance);
  }
  /// Counts the lives of the process: what was asked of one is not answered by the next.
  [[nodiscard]] size_t life() const { return life_; }

  void hear(peer_event what) { heard_events_->push_back(std::move(what)); }
  /// Its time, and what falls due.
  void advance_to(moment now);
  /// Everybody takes turns until nobody has anything to do, or the process ends.
  void work();

  /// The process ends after so many more steps of its actors; 0: now.
  void crash_after(size_t steps) { crash_in_ = steps; }
  /// ... while the disk syncs, next time it does.
  void crash_in_sync() { crash_in_sync_ = true; }
  void spare() {
    crash_in_.reset();
    crash_in_sync_ = false;
  }
  /// Up again on what is on the disk.
  void start_again();
  /// Ends as it should and starts again.
  void restart_gracefully();

  void set_members(const membership& seen) {
    tell(replicator_, std::make_shared<const membership>(seen));
  }
  [[nodiscard]] membership all_members() const { return {name(), around_.members}; }

  /// Commits wait before the disk until `let_go`.
  void hold_disk() { tell(held, hold{}); }
  void let_disk_go() { tell(held, let_go{}); }

  /// Its clock, against the true time.
  void set_clock(moment ahead) {
    *wall += ahead - clock_ahead_;
    clock_ahead_ = ahead;
  }

  /// Copies of the mailbox that it gave up.
  [[nodiscard]] size_t given_up(const mailbox_id& box) const {
    auto at = given_up_.find(profile_key(box));
    return at == given_up_.end() ? 0 : at->second;
  }

  /// PINs that were hashed here so far.
  [[nodiscard]] size_t hashes() const { return trace->size(); }

  /// A gateway's session with the notifier of this life; what it is handed goes to `texts`.
  void connect_gateway();
  std::shared_ptr<std::vector<gateway_submit>> texts =
      std::make_shared<std::vector<gateway_submit>>();
  void answer_text(const notification_id& id, sms::submit_status status) {
    tell(notifier, submit_result{life_, gateway, {id, status, {}}});
  }

private:
  static place place_of(const surroundings& around, size_t index);
  void begin();
  void end_process();
  void on_sync_ends() { store->on_sync = nullptr; }
  result<void> sync(std::span<const kv_store::group> groups);

  const surroundings& around_;
  size_t index_;
  random_source draw_;
  replicator_actor replicator_;
  peer_event_batch heard_events_ = std::make_shared<std::vector<peer_event>>();
  std::map<std::string, size_t> given_up_; // by the key of its settings
  bool running_ = true;
  bool dead_ = false;
  size_t life_ = 1;
  moment now_ = 0;
  moment clock_ahead_ = 0;
  std::optional<size_t> crash_in_;
  bool crash_in_sync_ = false;
  bool syncing_ = false;
};

} // namespace restante::simulation
