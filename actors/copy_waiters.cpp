#include "actors/handlers.hpp"
#include "actors/replicator_parts.hpp"
#include "storage/keys.hpp"

namespace restante {

namespace {

failure not_copied() {
  return {errc::outcome_unknown, "copy_missing",
          "stored here, but no second node has said in time that it has it: it is shipped when "
          "one can; retry with the same request id"};
}

} // namespace

caf::result<answered> copy_waiters::wait_for(const await_copy& what) {
  if (what.sequence != 0 && copied_(what))
    return answered{answer::done{true}};
  auto reply = core_.self->make_response_promise<answered>();
  if (what.sequence != 0)
    all_.push_back({what, core_.self->clock().now() + what.patience, reply});
  else
    wait_for_newest(what, reply);
  return reply;
}

/// Nobody knows which change it was: everything that is on disk by now.
void copy_waiters::wait_for_newest(const await_copy& what,
                                   caf::typed_response_promise<answered> reply) {
  auto unknown = [reply](const auto&) mutable { answer_with(reply, not_copied()); };
  core_.self
      ->request(core_.options.reader, limits::load_timeout,
                page_request{family::changes, {}, {}, 0})
      .then(
          [this, what, reply, unknown](const page_reply& got) mutable {
            auto last = got.page && !got.page->empty() ? parse_change_key(got.page->back().key)
                                                       : std::nullopt;
            if (!last)
              return unknown(got);
            all_.push_back({what, core_.self->clock().now() + what.patience, reply});
            all_.back().what.sequence = *last;
            settle();
          },
          [unknown](caf::error& e) mutable { unknown(e); });
}

void copy_waiters::settle() {
  for (auto at = all_.begin(); at != all_.end();) {
    const bool there = copied_(at->what);
    if (!there && at->until > core_.self->clock().now()) {
      ++at;
      continue;
    }
    if (there)
      answer_with(at->reply, answer::done{true});
    else
      answer_with(at->reply, not_copied());
    at = all_.erase(at);
  }
}

void copy_waiters::abandon() {
  for (auto& each : std::exchange(all_, {}))
    answer_with(each.reply, not_copied());
}

} // namespace restante
