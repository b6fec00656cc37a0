// The FEED: pushes the change log to those who subscribed. What a subscriber sees is the log on
// disk, filtered by whose subscribers it may see, in order; a position is kept on disk under the
// subscriber's name and moves when the subscriber acknowledges.
//
// Invariants: at most `credit` events of a subscription are unacknowledged; `sent` never runs ahead
// of what is on disk; an event that is not acknowledged in time is sent again, with its number.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/tenant_registry.hpp"

namespace restante {

struct feed_options {
  store_writer_actor writer;
  store_reader_actor reader;
  std::shared_ptr<const tenant_registry> tenants;
  uint64_t newest = 0;                   // the log's end at start
  std::chrono::seconds repeat_after{30}; // without an acknowledgement
};

feed_actor spawn_feed(caf::actor_system& system, feed_options options);

} // namespace restante
