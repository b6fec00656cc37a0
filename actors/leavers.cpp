#include "actors/replicator_parts.hpp"

namespace restante {

void leavers::consider(const mailbox_id& box) {
  ++looking_at_;
  core_.self->request(core_.options.reader, limits::load_timeout, load_request{box})
      .then(
          [this, box](const load_reply& got) {
            --looking_at_;
            if (!got.state || !got.state->exists())
              return;
            const auto& profile = got.state->profile;
            bool wanted =
                held_by(box, profile.region, profile.location.value, *core_.places, core_.name());
            if (wanted && (profile.sealed || sealed_.contains(box)))
              unseal(box);
            else if (!wanted && !sealed_.contains(box))
              seal(box, profile.region);
          },
          [this](caf::error&) { --looking_at_; });
}

/// Behind the seal nothing of its own comes any more: what is in the log by then is all there is.
void leavers::seal(const mailbox_id& box, const std::string& region) {
  sealed_[box] = {region, UINT64_MAX};
  begun_(box);
  core_.self
      ->request(core_.options.node, limits::deadline_default, own_command(box, op::seal{true}))
      .then(
          [this, box](const answered& got) {
            auto at = sealed_.find(box);
            if (at == sealed_.end())
              return; // wanted again meanwhile
            if (std::holds_alternative<failure>(got.what))
              sealed_.erase(at);
            else
              at->second.sequence = core_.newest;
          },
          [this, box](caf::error&) { sealed_.erase(box); });
}

/// The subscriber is here again.
void leavers::unseal(const mailbox_id& box) {
  sealed_.erase(box);
  core_.self
      ->request(core_.options.node, limits::deadline_default, own_command(box, op::seal{false}))
      .then([](const answered&) {}, [](caf::error&) {});
}

void leavers::tick() {
  for (auto at = sealed_.begin(); at != sealed_.end();) {
    auto [box, what] = *at;
    const auto state =
        what.sequence == UINT64_MAX ? std::nullopt : home_has_(what.region, box, what.sequence);
    if (!state) {
      ++at;
      continue;
    }
    begun_(box); // nothing is to be known of it any more
    core_.self
        ->request(core_.options.node, limits::deadline_default, own_command(box, op::drop{*state}))
        .then(
            [this, box = box](const answered& got) {
              if (std::holds_alternative<failure>(got.what))
                return consider(box); // it has taken something in since
              core_.options.log.info("copy_dropped", {{"mailbox", to_string(box)}});
            },
            [](caf::error&) {});
    at = sealed_.erase(at);
  }
}

} // namespace restante
