#include "actors/pin_hasher.hpp"

#include "actors/budget.hpp"
#include "actors/handlers.hpp"
#include "schemas/limits.hpp"

namespace restante {

namespace {

tl::unexpected<failure> busy() {
  return fail(errc::busy, "hashes_waiting", "too many PINs are being checked: retry shortly");
}

using hash_worker_actor = caf::typed_actor<caf::replies_to<hash_request>::with<hash_reply>,
                                           caf::replies_to<verify_request>::with<verify_reply>>;

hash_worker_actor::behavior_type hash_worker(hash_worker_actor::pointer self,
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

/// Invariant: what waits for the worker has a place, for as long as it waits.
struct pin_hasher_state {
  static inline constexpr const char* name = "pin-hasher";
  explicit pin_hasher_state(pin_hasher_actor::pointer s) : self{s} {}

  pin_hasher_actor::pointer self;
  hash_worker_actor worker;
  budget places{limits::hash_waiting_max, limits::hash_waiting_of_tenant_max};

  result<std::shared_ptr<const lease>> place_of(const std::string& tenant) {
    auto held = lease::within(places.of(tenant), 1);
    if (!held)
      return busy();
    return std::make_shared<const lease>(std::move(*held));
  }

  template <class Reply, class Request>
  caf::result<Reply> pass_on(const Request& what, const std::shared_ptr<const lease>& place) {
    auto reply = self->make_response_promise<Reply>();
    self->request(worker, limits::commit_timeout, what)
        .then([reply, place](Reply& done) mutable { reply.deliver(std::move(done)); },
              [reply, place](caf::error&) mutable { reply.deliver(Reply{busy()}); });
    return reply;
  }

  caf::result<hash_reply> hash(const hash_request& what) {
    auto place = place_of(what.tenant);
    if (!place)
      return hash_reply{tl::unexpected{place.error()}};
    return pass_on<hash_reply>(what, *place);
  }
};

pin_hasher_actor::behavior_type
pin_hasher(pin_hasher_actor::stateful_pointer<pin_hasher_state> self, pin_hasher_options options,
           bool detached) {
  self->state.worker = detached ? self->spawn<caf::detached + caf::linked>(hash_worker, options)
                                : self->spawn<caf::linked>(hash_worker, options);
  install_handlers(self, [] {});
  return {
      [self](const hash_place_request& what) {
        return hash_place{self->state.place_of(what.tenant)};
      },
      [self](const hash_request& what) { return self->state.hash(what); },
      [self](const verify_request& what) {
        return self->state.pass_on<verify_reply>(what, what.place);
      },
  };
}

} // namespace

pin_hasher_actor spawn_pin_hasher(caf::actor_system& system, pin_hasher_options options,
                                  bool detached) {
  return system.spawn(pin_hasher, std::move(options), detached);
}

} // namespace restante
