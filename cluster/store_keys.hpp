// Which keys a store was made with. With another identity key a repeated deposit id would be a
// second message, with another pepper no PIN would be right; both without a word. So the store
// keeps a fingerprint of both keys, from which neither can be told.
#pragma once

#include "cluster/node_keys.hpp"
#include "storage/kv_store.hpp"

namespace restante {

/// Compares the keys with those the store was first served with; a store that has no fingerprint
/// yet gets that of these. Failures: keys_of_another_node (conflict), whose text names the files,
/// and those of the store.
[[nodiscard]] result<void> check_keys_of(kv_store& store, const node_keys& keys);

} // namespace restante
