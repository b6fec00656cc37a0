#include "actors/pin_hasher.hpp"

#include "actors/handlers.hpp"
#include "schemas/limits.hpp"

namespace restante {

namespace {

tl::unexpected<failure> busy() {
  return fail(errc::busy, "hashes_waiting", "too many PINs are being checked: retry shortly");
}

pin_hasher_actor::behavior_type hash_worker(pin_hasher_actor::pointer self,
                                            const pin_hasher_options& options) {
  install_handlers(self, [] {});
  auto nobody = dummy_hash(options.pepper, options.cost);
  // Argon2id throws only when its memory can't be had: that is no verdict on the PIN.
  return {
      [options](const hash_request& what) -> hash_reply {
        try {
          return {hash_pin(what.pin, options.pepper, options.cost)};
        } catch (const std::bad_alloc&) {
          return {busy()};
        }
      },
      [options, nobody](const verify_request& what) -> verify_reply {
        try {
          const auto& stored = what.stored.empty() ? nobody : what.stored;
          bool right = verify_pin(stored, what.pin, options.pepper);
          return {right && !what.stored.empty()};
        } catch (const std::bad_alloc&) {
          return {busy()};
        }
      },
  };
}

/// Invariant: `waiting` counts the promises given out and not yet answered.
struct pin_hasher_state {
  static inline constexpr const char* name = "pin-hasher";
  explicit pin_hasher_state(pin_hasher_actor::pointer s) : self{s} {}

  pin_hasher_actor::pointer self;
  pin_hasher_actor worker;
  size_t waiting = 0;

  template <class Reply, class Request>
  caf::result<Reply> pass_on(const Request& what) {
    if (waiting >= limits::hash_waiting_max)
      return Reply{busy()};
    auto reply = self->make_response_promise<Reply>();
    ++waiting;
    self->request(worker, limits::commit_timeout, what)
        .then(
            [this, reply](Reply& done) mutable {
              --waiting;
              reply.deliver(std::move(done));
            },
            [this, reply](caf::error&) mutable {
              --waiting;
              reply.deliver(Reply{busy()});
            });
    return reply;
  }
};

pin_hasher_actor::behavior_type
pin_hasher(pin_hasher_actor::stateful_pointer<pin_hasher_state> self, pin_hasher_options options,
           bool detached) {
  self->state.worker = detached ? self->spawn<caf::detached + caf::linked>(hash_worker, options)
                                : self->spawn<caf::linked>(hash_worker, options);
  install_handlers(self, [] {});
  return {
      [self](const hash_request& what) { return self->state.pass_on<hash_reply>(what); },
      [self](const verify_request& what) { return self->state.pass_on<verify_reply>(what); },
  };
}

} // namespace

pin_hasher_actor spawn_pin_hasher(caf::actor_system& system, pin_hasher_options options,
                                  bool detached) {
  return system.spawn(pin_hasher, std::move(options), detached);
}

} // namespace restante
