// Names of enumerations, as logs, metrics and the command line print them.
#include "schemas/messages.hpp"
#include "schemas/peer_messages.hpp"

namespace restante {

std::string_view to_string(cause what) {
  static constexpr std::string_view names[] = {"unknown",
                                               "registered",
                                               "deposited",
                                               "retrieved_by_device",
                                               "retrieved_elsewhere",
                                               "deleted",
                                               "undeleted",
                                               "purged",
                                               "flagged",
                                               "greeting_set",
                                               "pin_set",
                                               "pin_tried",
                                               "preferences_set",
                                               "refused",
                                               "pin_accepted",
                                               "located",
                                               "seeded"};
  auto at = static_cast<size_t>(what);
  return at < std::size(names) ? names[at] : "unknown";
}

std::string_view to_string(role what) {
  static constexpr std::string_view names[] = {"mvno", "application", "sms-gateway", "operator"};
  auto at = static_cast<size_t>(what);
  return at < std::size(names) ? names[at] : "unknown";
}

std::vector<media_part> media_of(const outcome& what) {
  if (auto* message = std::get_if<answer::message>(&what))
    return message->parts;
  if (auto* greeting = std::get_if<answer::greeting>(&what))
    return {greeting->media};
  return {};
}

std::string_view peer::name_of(const message& what) {
  static constexpr std::string_view names[] = {"hello",   "alive",   "piece",   "batch",
                                               "forward", "compare", "welcome", "applied",
                                               "stopped", "answer",  "differ",  "refused"};
  static_assert(std::size(names) == std::variant_size_v<message>);
  return names[what.index()];
}

} // namespace restante
