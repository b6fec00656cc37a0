// The disk's bad days. `held_store` stands before the real writer and passes commits on only when
// told, or refuses them; `watched_store` is the memory store with its commits counted and its room
// running out on demand.
#pragma once

#include "actors/handlers.hpp"
#include "actors/interfaces.hpp"
#include "storage/memory_store.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace restante {

/// To a held store: from now on keep what comes.
struct hold {};
/// The next `count` go to the disk, in order; none are kept back afterwards unless `keep`.
struct let_go {
  size_t count = SIZE_MAX;
  bool keep = false;
};
/// All that is kept is answered with a failure and forgotten.
struct refuse_held {
  failure why;
};

} // namespace restante
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::hold)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::let_go)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::refuse_held)
namespace restante {

using held_store_actor = store_writer_actor::extend<caf::reacts_to<hold>, caf::reacts_to<let_go>,
                                                    caf::reacts_to<refuse_held>>;

struct held_store_state {
  static inline constexpr const char* name = "held-store";
  explicit held_store_state(held_store_actor::pointer) {}

  std::deque<std::pair<std::shared_ptr<commit_request>, caf::typed_response_promise<commit_reply>>>
      kept;
  bool holding = false;
};

/// `behind` is the real writer; it hears of listeners at once.
inline held_store_actor::behavior_type
held_store(held_store_actor::stateful_pointer<held_store_state> self, store_writer_actor behind) {
  install_handlers(self, [] {});
  return {
      [self, behind](std::shared_ptr<commit_request>& what) -> caf::result<commit_reply> {
        if (!self->state.holding)
          return self->delegate(behind, what);
        auto reply = self->make_response_promise<commit_reply>();
        self->state.kept.emplace_back(what, reply);
        return reply;
      },
      [self, behind](log_listener_actor& listener) { self->send(behind, listener); },
      [self](hold) { self->state.holding = true; },
      [self, behind](let_go what) {
        auto& kept = self->state.kept;
        for (; what.count > 0 && !kept.empty(); --what.count, kept.pop_front())
          kept.front().second.delegate(behind, kept.front().first);
        self->state.holding = what.keep;
      },
      [self](const refuse_held& what) {
        for (auto& [asked, reply] : std::exchange(self->state.kept, {}))
          reply.deliver(commit_reply{tl::unexpected<failure>{what.why}});
      },
  };
}

/// Invariant: `commits` counts what was asked of the disk, refused commits included.
class watched_store final : public kv_store {
public:
  [[nodiscard]] result<std::optional<chunk>> get(family in, std::string_view key) const override {
    if (unreadable)
      return tl::unexpected<failure>{damage()};
    return rows.get(in, key);
  }
  [[nodiscard]] result<std::vector<key_value>>
  scan(family in, std::string_view prefix, std::string_view from, size_t limit) const override {
    if (unreadable)
      return tl::unexpected<failure>{damage()};
    return rows.scan(in, prefix, from, limit);
  }
  [[nodiscard]] result<std::optional<key_value>> last(family in) const override {
    return rows.last(in);
  }
  [[nodiscard]] uint64_t free_bytes() const override { return rows.free_bytes(); }

  static failure damage() { return {errc::storage_failure, "store_damaged", "for the test"}; }

  memory_store rows;
  size_t commits = 0;
  bool full = false;       // normal commits are refused
  bool completely = false; // essential ones too
  bool unreadable = false;
  /// While the disk syncs: the rows are not there yet. A failure is the commit's.
  std::function<result<void>(std::span<const group>)> on_sync;
  std::function<void(std::span<const group>)> on_commit;

private:
  result<void> write(std::span<const group> groups, commit_class urgency) override {
    ++commits;
    if (on_sync)
      if (auto synced = on_sync(groups); !synced)
        return synced;
    if (completely || (full && urgency == commit_class::normal))
      return fail(errc::storage_full, "disk_reserve", "for the test");
    auto done = rows.commit(groups, urgency);
    if (done && on_commit)
      on_commit(groups);
    return done;
  }
};

} // namespace restante
