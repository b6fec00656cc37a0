// What a node answers when a request cannot be carried out here or elsewhere, and which answers of
// another node mean that the next one may be asked. Included by the forwarder only.
#pragma once

#include "actors/access.hpp"
#include "schemas/messages.hpp"

#include <string_view>

namespace restante {

[[nodiscard]] inline failure unreachable() {
  return {errc::busy, "mailbox_unreachable",
          "no node that holds this mailbox can be reached or is ready: nothing was done, retry"};
}

[[nodiscard]] inline failure catching_up() {
  return {errc::busy, "node_catching_up",
          "this node was away and is taking in what happened meanwhile: retry shortly"};
}

[[nodiscard]] inline failure forwarding_interrupted() {
  return {errc::outcome_unknown, "forwarder_interrupted",
          "it may or may not have been done: retry with the same request id"};
}

/// Whether a node refused because it lacks what it takes: another one may serve the request.
[[nodiscard]] inline bool not_here(const outcome& what) {
  auto* why = std::get_if<failure>(&what);
  if (why == nullptr)
    return false;
  const std::string_view reason = why->reason;
  return reason == unknown_mailbox().reason || reason == "mailbox_leaving" ||
         reason == "node_catching_up" || reason == "media_coming";
}

} // namespace restante
