// A mailbox as rows: which families hold its parts, and how it is put together again.
#pragma once

#include "schemas/mailbox_state.hpp"
#include "storage/kv_store.hpp"

namespace restante {

/// Reads a mailbox; one that does not exist comes back empty (mailbox_state::exists is false).
/// Fails when the disk does or when a stored value is damaged.
[[nodiscard]] result<mailbox_state> load_mailbox(const kv_store& store, const mailbox_id& id);

/// Appends the rows that change when `delta` is applied. `after` is the profile with the delta
/// merged in: settings are one row, written whole.
void append_state_rows(std::vector<row>& rows, const mailbox_state& delta,
                       const profile_state& after);

/// Appends the settings' row alone: what belongs to one copy is nothing that merges.
void append_profile_row(std::vector<row>& rows, const mailbox_id& id, const profile_state& value);

/// Appends what removes messages; media are for the caller, who knows which there are.
void append_removal_rows(std::vector<row>& rows, const mailbox_state& of);

/// Appends the row of a notification.
void append_outbox_row(std::vector<row>& rows, const notification& told);

} // namespace restante
