#include "actors/trash.hpp"

#include "schemas/limits.hpp"

#include <algorithm>

namespace restante {

void bury(decision& out, const message_record& there) {
  for (size_t i = 0; i < there.parts.size(); ++i)
    out.media.push_back({there.id, {}, static_cast<uint8_t>(i), {}, true});
  message_record tombstone;
  tombstone.id = there.id;
  tombstone.uid = there.uid;
  tombstone.content = there.content;
  tombstone.purged = true;
  out.delta.messages.emplace(there.id, std::move(tombstone));
}

void empty_trash(decision& out, const mailbox_state& box, wall_ms now) {
  std::vector<const message_record*> trash;
  for (const auto& [id, message] : box.messages)
    if (!message.purged && message.has(trashed) && !out.delta.messages.contains(id))
      trash.push_back(&message);
  std::sort(trash.begin(), trash.end(),
            [](auto* a, auto* b) { return a->flags[3].at < b->flags[3].at; });
  auto late = now - milliseconds{limits::undelete_window}.count();
  auto over = trash.size() - std::min(trash.size(), limits::trashed_max);
  for (size_t i = 0; i < std::min(trash.size(), limits::buried_at_once); ++i)
    if (i < over || trash[i]->flags[3].at.milliseconds() < late)
      bury(out, *trash[i]);
}

} // namespace restante
