// This node's own two entries in etcd and the lease they stand under. Owned by etcd_membership and
// used on its thread, except standing().
//
// Invariants: an entry of another node, which has another key, is never overwritten; one that
// nobody can read is nobody's. Both entries are put, or none.
#pragma once

#include "actors/log.hpp"
#include "actors/membership.hpp"
#include "cluster/etcd_calls.hpp"

#include <array>
#include <atomic>

namespace restante {

class etcd_registration {
public:
  using clock = etcd_gateway::clock;

  /// The lease lives for `grace`, or longer if etcd wants that.
  etcd_registration(etcd_gateway& gateway, std::string prefix, std::chrono::seconds grace,
                    logger log);

  /// Keeps the lease alive if that is due, or `now`. Failure: etcd was not reached, and the lease
  /// may live on; what it refuses is as good as expired.
  [[nodiscard]] result<void> keep_alive(bool now);

  enum class state { gone, outdated, current };

  /// How `self` stands in what was read; what was lost is logged.
  [[nodiscard]] state check(const etcd_sight& seen, const member& self);

  /// Registers `self` anew where `seen` differs from it; what is in the way is logged when it
  /// begins. At most once in an interval, except when the registration is only outdated.
  void renew(const etcd_sight& seen, const member& self, state was);

  /// Others see this node, as far as is known here. From any thread.
  [[nodiscard]] bool standing() const { return standing_; }

  /// When the next keep_alive() is due; nothing without a lease.
  [[nodiscard]] std::optional<clock::time_point> due() const;
  /// Between two of them.
  [[nodiscard]] std::chrono::milliseconds interval() const;
  /// Of the lease; before there is one, what will be asked for.
  [[nodiscard]] std::chrono::seconds time() const { return lease_.time; }

private:
  /// What should stand there, with the revisions of what stands there.
  [[nodiscard]] std::array<etcd_entry, 2> wanted(const etcd_sight& seen, const member& self) const;
  [[nodiscard]] std::string taken(const etcd_sight& seen, const member& self) const;
  void refused(std::string why);

  etcd_gateway& gateway_;
  std::string prefix_;
  std::chrono::seconds grace_;
  logger log_;
  etcd_lease lease_{0, grace_};  // id 0: none
  clock::time_point due_;        // for the lease
  clock::time_point not_before_; // for renew()
  std::atomic<bool> standing_ = false;
  std::string refusal_; // as logged
};

} // namespace restante
