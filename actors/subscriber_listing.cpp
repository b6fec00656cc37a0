#include "actors/subscriber_listing.hpp"

#include "actors/handlers.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

#include <deque>

namespace restante {

namespace {

/// Profiles of one page: about a millisecond of the reader's time.
constexpr size_t page_rows = 256;

failure unfinished() {
  return {errc::busy, "listing_unfinished",
          "none was found in time among the subscribers of others: allow more time"};
}

struct listing_state {
  static inline constexpr const char* name = "subscriber-listing";
  explicit listing_state(subscriber_listing_actor::pointer s) : self{s} {}

  subscriber_listing_actor::pointer self;
  store_reader_actor reader;
  caf::typed_response_promise<answered> reply;
  std::string tenant;
  std::string from; // the key to go on at
  size_t limit = 0;
  caf::actor_clock::time_point until;
  std::deque<mailbox_id> found; // not loaded yet
  answer::subscribers out;

  caf::result<answered> begin(const tenant_request_ptr& asked) {
    const auto& what = std::get<ask::subscriber_list>(asked->what.what);
    reply = self->make_response_promise<answered>();
    tenant = what.tenant;
    from = what.after ? key_after(profile_key(*what.after)) : std::string{};
    limit = what.limit == 0 ? 100 : std::min<size_t>(what.limit, limits::list_page_max);
    until = self->clock().now() + asked->what.deadline * 7 / 8; // the client must hear in time
    go_on();
    return reply;
  }

  void go_on() {
    if (out.page.size() == limit)
      return end(std::move(out));
    if (self->clock().now() >= until)
      return out.page.empty() ? end(unfinished()) : end(std::move(out));
    if (!found.empty())
      return load_next();
    self->request(reader, limits::load_timeout, page_request{family::profiles, {}, from, page_rows})
        .then([this](const page_reply& got) { look_through(got); },
              [this](caf::error&) { end(unfinished()); });
  }

  void look_through(const page_reply& got) {
    if (!got.page)
      return end(got.page.error());
    if (got.page->empty())
      return end(std::move(out));
    for (const auto& entry : *got.page) {
      auto id = parse_profile_key(entry.key);
      auto profile = decode_profile(entry.value);
      if (!profile)
        return end(profile.error());
      const bool there = !profile->tenant.empty(); // not the rest of a copy that was dropped
      if (id && there && (tenant.empty() || profile->tenant == tenant))
        found.push_back(*id);
    }
    from = key_after(got.page->back().key);
    go_on();
  }

  void load_next() {
    self->request(reader, limits::load_timeout, load_request{found.front()})
        .then(
            [this](const load_reply& got) {
              if (!got.state)
                return end(got.state.error());
              found.pop_front();
              if (got.state->exists())
                out.page.push_back(describe(*got.state));
              go_on();
            },
            [this](caf::error&) { end(unfinished()); });
  }

  void end(outcome what) {
    reply.deliver(answered{std::move(what)});
    self->quit();
  }
};

subscriber_listing_actor::behavior_type
listing(subscriber_listing_actor::stateful_pointer<listing_state> self, store_reader_actor reader) {
  self->state.reader = std::move(reader);
  install_handlers(self, [] {});
  return {[self](const tenant_request_ptr& asked) { return self->state.begin(asked); }};
}

} // namespace

subscriber_listing_actor spawn_subscriber_listing(caf::local_actor& by, store_reader_actor reader) {
  return by.spawn(listing, std::move(reader));
}

} // namespace restante
