// The GATE: the actor at a bridge's inner side. It sends each request to whoever carries it out,
// waits no longer than the client does, and hands the answer back to the bridge as frames.
//
// Invariants: every request that came in is answered once - by its result, a typed error, or
// `outcome_unknown` when its deadline passes; what came by a socket without replies is answered by
// an event when it was refused.
#pragma once

#include "actors/interfaces.hpp"
#include "schemas/wire_codec.hpp"

#include <functional>

namespace restante {

/// A request on its way in. `held` is what it holds of the bridge's budgets; whoever works on it or
/// keeps something of it shares that. With `refused` the bridge has refused it already, on a socket
/// without replies: only its request id counts, and the tenant's subscribers are to hear why.
struct inbound {
  uint64_t session = 0; // 0: came by a socket that cannot be answered
  tenant_ptr who;
  request what;
  request_share_ptr held;
  std::optional<failure> refused = {};
};

/// An answer on its way out; session 0: there is nobody to send it to. `last` is false for events.
/// `refusal` is the reason when the answer is a failure, for the counters.
struct outbound {
  uint64_t session = 0;
  uint64_t correlation = 0;
  frames what;
  bool last = true;
  const char* refusal = nullptr;
  std::shared_ptr<const void> held = {};
};

using inbound_batch = std::shared_ptr<std::vector<inbound>>;

using gate_actor = caf::typed_actor<caf::reacts_to<inbound_batch>, caf::reacts_to<feed_events>,
                                    caf::reacts_to<feed_leave>>;

struct gate_options {
  node_actor node;
  directory_actor directory;
  gatekeeper_actor gatekeeper;
  feed_actor feed;
  environment_ptr environment;
  /// Takes answers over on whatever thread the gate runs.
  std::function<void(outbound)> deliver;
};

gate_actor spawn_gate(caf::actor_system& system, gate_options options);

} // namespace restante

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::inbound_batch)
