// A LISTING of subscribers, the operator's: looks through profiles in the order of their ids, for
// those of one tenant or of all. There may be millions of others between two of a tenant's.
//
// Invariants: it asks the reader for a bounded page or for one mailbox at a time, so that whoever
// else asks waits for no more than that; it answers before its client's deadline with what it has
// found by then, and ends.
// Started by the directory, one for each request; its client goes on behind the last one listed.
#pragma once

#include "actors/interfaces.hpp"

namespace restante {

using subscriber_listing_actor =
    caf::typed_actor<caf::replies_to<tenant_request_ptr>::with<answered>>;

/// Spawns one by the directory, for an ask::subscriber_list. Nothing found in time is `busy`.
subscriber_listing_actor spawn_subscriber_listing(caf::local_actor& by, store_reader_actor reader);

} // namespace restante
