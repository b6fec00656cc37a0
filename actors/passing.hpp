// Requests that were passed on to other nodes, until their answers come. Owner: the forwarder.
//
// Invariants: what was passed on is answered once - by the peer's answer, or `outcome_unknown` when
// the connection ends or the peer stays silent; what a request holds of this node's budgets stays
// held until then; requests on their way to one peer are bounded by number and bytes, so that one
// that does not read costs no more, and its connection is not taken down by them.
#pragma once

#include "actors/peer_interfaces.hpp"
#include "schemas/big_endian.hpp"
#include "schemas/crypto.hpp"

#include <functional>
#include <map>

namespace restante {

class passing {
public:
  using clock = caf::actor_clock;
  using then = std::function<void(outcome)>;

  explicit passing(std::function<void(peer_outbound)> send) : send_{std::move(send)} {}

  /// False, and nothing was sent, while there is no connection or as much is on its way there as
  /// may be.
  [[nodiscard]] bool pass(const std::string& peer, const std::string& tenant, request what,
                          request_share_ptr held, clock::time_point now, then answer);

  void connected(const std::string& peer, bool up);
  void take(const std::string& peer, const peer::answer& what);

  /// Once a second or so.
  void end_overdue(clock::time_point now);
  /// Nobody waits any longer.
  void end_all();

private:
  struct open {
    std::string peer;
    size_t bytes = 0;
    clock::time_point until;
    request_share_ptr held;
    then answer;
  };
  struct link {
    bool up = false;
    size_t requests = 0;
    size_t bytes = 0;
  };
  template <class Which>
  void end(Which which);
  void close(std::map<uint64_t, open>::iterator at, outcome what);

  std::function<void(peer_outbound)> send_;
  std::map<std::string, link> links_;
  std::map<uint64_t, open> open_; // by correlation
  /// Not the numbers of this node's life before: answers for that may still come.
  uint64_t last_ = from_big_endian(random_bytes(8));
};

} // namespace restante
