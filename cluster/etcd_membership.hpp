// Who is in the cluster, from etcd: this node registers there under a lease, which it keeps alive,
// and watches who else does. Owned by the engine of a node whose membership is "etcd".
//
// What holds:
// - Everything that waits for etcd waits on a thread of its own, each time for a bounded time.
// - This node is always a member, alive, whatever etcd says of its name.
// - A member whose registration ends stays a member, not alive, as long as this node runs: what was
//   not shipped to it is still known to be owed. It is replaced by whoever registers with its name
//   (under another key, say), its key, its lane or its address.
// - While etcd does not answer, the last membership stays. Before it has ever answered that is this
//   node alone.
// - When etcd was away, or this node's own registration is gone, etcd may have lost all of them:
// then
//   the others count as gone only if they are still missing after one time of the lease.
// - Two nodes never hold one name or one lane at once: who comes second is refused, says so in the
//   log and tries again. One key is one node: a node that starts again takes over what it had.
// - stop() does not end the registration: the lease does, so a restart within it goes unnoticed.
#pragma once

#include "actors/log.hpp"
#include "actors/membership.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace restante {

struct etcd_membership_options {
  member self;                        // as it is to be registered
  std::vector<std::string> endpoints; // "http://host:port", one at least
  std::string prefix;                 // of all keys; ends with '/'
  /// The time of the lease, renewed thrice in it. Etcd grants 2 seconds at least, by default.
  std::chrono::seconds grace{5};
  logger log;
  /// Told every membership that differs from the one before, on a thread of its own, one at a time.
  /// Must not call stop().
  std::function<void(std::shared_ptr<const membership>)> changed;
};

class etcd_membership {
public:
  explicit etcd_membership(etcd_membership_options options);
  /// Stops.
  ~etcd_membership();
  etcd_membership(const etcd_membership&) = delete;
  etcd_membership& operator=(const etcd_membership&) = delete;

  /// Before start(), if at all: asks etcd once who is there, without registering. It takes 2
  /// seconds for each endpoint at most. `changed` then hears only of what differs from this.
  [[nodiscard]] std::shared_ptr<const membership> first();

  /// Registers and begins to tell `changed`. Once.
  void start();

  /// Joins; at once, also when etcd hangs. Nothing is told any more. Safe to call twice.
  void stop();

  /// Registers that this node gives its mailboxes away, or no longer does. From any thread.
  void set_draining(bool draining);

  /// Etcd answered when last asked. From any thread, like what follows.
  [[nodiscard]] bool connected() const;
  /// Others see this node, as far as is known here.
  [[nodiscard]] bool registered() const;
  /// Since etcd last answered; since the beginning when it never has.
  [[nodiscard]] std::chrono::milliseconds age() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace restante
