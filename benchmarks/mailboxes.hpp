// What a benchmark's node is filled with: one tenant and its mailboxes, made through the node's
// sockets as in life.
#pragma once

#include "bridges/client.hpp"

#include <string>
#include <vector>

namespace restante::bench {

inline constexpr const char* tenant_name = "bench";

/// As many telephone numbers as one area code has.
inline constexpr size_t mailboxes_max = 10'000'000;

/// Makes the tenant; `admin` is the address of an operator's endpoint, `key` the tenant's public
/// one, if any. Throws std::runtime_error.
void add_tenant(const std::string& admin, const std::string& key);

/// Of the mailbox that is made as the `mailbox`-th, from 0.
[[nodiscard]] std::string number_of(size_t mailbox);

/// Registers `count` (to mailboxes_max) devices, each with a number, so that every deposit writes
/// its notification as in life; their profile ids. Throws std::runtime_error.
[[nodiscard]] std::vector<std::string> make_mailboxes(client& to, size_t count);

} // namespace restante::bench
