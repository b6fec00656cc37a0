#include "actors/handlers.hpp"
#include "actors/replicator_parts.hpp"

namespace restante {

namespace {

failure not_copied() {
  return {errc::outcome_unknown, "copy_missing",
          "stored here, but no second node has said in time that it has it: it is shipped when "
          "one can; retry with the same request id"};
}

} // namespace

caf::result<answered> copy_waiters::wait_for(const await_copy& what) {
  const auto since = ++core_.moment; // what is known may be of before it came here
  if (copied_(what, since))
    return answered{answer::done{true}};
  all_.push_back({what, since, core_.self->clock().now() + what.patience,
                  core_.self->make_response_promise<answered>()});
  return all_.back().reply;
}

void copy_waiters::settle() {
  std::set<mailbox_id> ended;
  for (auto at = all_.begin(); at != all_.end();) {
    const bool there = copied_(at->what, at->since);
    if (!there && at->until > core_.self->clock().now()) {
      ++at;
      continue;
    }
    if (there)
      answer_with(at->reply, answer::done{true});
    else
      answer_with(at->reply, not_copied());
    if (at->what.sequence == 0)
      ended.insert(at->what.mailbox);
    at = all_.erase(at);
  }
  for (const auto& each : all_)
    ended.erase(each.what.mailbox);
  for (const auto& box : ended)
    ended_(box);
}

void copy_waiters::abandon() {
  for (auto& each : std::exchange(all_, {}))
    answer_with(each.reply, not_copied());
}

} // namespace restante
