// What a node answers when a request cannot be carried out here or elsewhere, and which answers of
// another node mean that the next one may be asked. Included by the forwarder only.
#pragma once

#include "actors/access.hpp"
#include "actors/peer_interfaces.hpp"
#include "schemas/messages.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace restante {

[[nodiscard]] inline failure unreachable() {
  return {errc::busy, "mailbox_unreachable",
          "no node that holds this mailbox can be reached or is ready: nothing was done, retry"};
}

/// Why a node that is to do something itself can't be asked.
[[nodiscard]] inline std::optional<failure> not_reached(const standing* now,
                                                        const std::string& node) {
  const auto* who = now == nullptr ? nullptr : now->places->who()->find(node);
  if (who == nullptr)
    return failure{errc::not_found, "node_unknown",
                   "no node of the cluster has that name: restante cluster status"};
  if (!who->alive)
    return failure{errc::conflict, "node_gone",
                   "that node is gone, and has nothing to hand over: its mailboxes are served by "
                   "their other copies"};
  if (!now->welcome.contains(node))
    return failure{errc::busy, "node_not_connected",
                   "this node has no connection to it: ask a node that has, or look at "
                   "restante cluster status"};
  return std::nullopt;
}

[[nodiscard]] inline failure too_many_passed_on() {
  return {errc::busy, "passed_on_too_many", "too many requests of that node are under way here"};
}

[[nodiscard]] inline failure catching_up() {
  return {errc::busy, "node_catching_up",
          "this node was away and is taking in what happened meanwhile: retry shortly"};
}

[[nodiscard]] inline failure forwarding_interrupted() {
  return {errc::outcome_unknown, "forwarder_interrupted",
          "it may or may not have been done: retry with the same request id"};
}

/// Whether a node's disk does not give back what is asked for. Nothing was written.
[[nodiscard]] inline bool unreadable(const failure& why) {
  const std::string_view reason = why.reason;
  return reason == "media_damaged" || reason == "store_damaged" || reason == "read_failed" ||
         reason == "stored_value_damaged";
}

/// Whether a node refused because it lacks what it takes: another one may serve the request.
[[nodiscard]] inline bool not_here(const outcome& what) {
  auto* why = std::get_if<failure>(&what);
  if (why == nullptr)
    return false;
  const std::string_view reason = why->reason;
  return reason == unknown_mailbox().reason || reason == "mailbox_leaving" ||
         reason == "node_catching_up" || reason == "passed_on_too_many" ||
         reason == "media_coming" || unreadable(*why);
}

} // namespace restante
