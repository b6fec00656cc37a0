// What is on a node's disk, as the checker's plain values. Reads rows and nothing else: no actor is
// asked.
#pragma once

#include "schemas/ids.hpp"
#include "storage/kv_store.hpp"
#include "tests/simulation/promises.hpp"

namespace restante::simulation {

/// When label 0 was recorded.
inline constexpr int64_t first_call_ms = 1'799'000'000'000;

/// What is deposited under a label: AMR that nobody else's is like. `long`: above a batch's size,
/// so that it travels in pieces.
[[nodiscard]] std::string recording(int label);

/// One label in a hundred has a long one.
[[nodiscard]] inline bool is_long(int label) { return label % 100 == 99; }

/// Who left it; texts name the caller, so the label can be read there.
[[nodiscard]] std::string caller_of(int label);
/// The label in a text about a new message, if it is one.
[[nodiscard]] std::optional<int> label_in(const std::string& text);

/// Damage on the disk throws std::runtime_error. `with_media`: also reads those, which takes
/// longer.
[[nodiscard]] seen_copy look_at(const kv_store& disk, const mailbox_id& box, bool with_media);

/// What a node takes for being on a peer's disk, as its own disk says: messages of its log's
/// changes, and whether they were purged by then. Nothing unless the peer counts as complete.
[[nodiscard]] std::map<std::string, bool> shipped_to(const kv_store& disk, const std::string& peer,
                                                     uint64_t peer_incarnation,
                                                     const mailbox_id& box);

} // namespace restante::simulation
