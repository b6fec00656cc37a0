#include "cluster/etcd_registration.hpp"

#include "cluster/etcd_members.hpp"
#include "schemas/ids.hpp"

#include <algorithm>
#include <utility>

namespace restante {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds interval_max{5000}; // even a long lease shows soon that etcd is gone

const etcd_entry* find(const etcd_sight& seen, const std::string& key) {
  if (seen.entry && seen.entry->key == key)
    return &*seen.entry;
  const auto at = std::find_if(seen.entries.begin(), seen.entries.end(),
                               [&](const etcd_entry& each) { return each.key == key; });
  return at == seen.entries.end() ? nullptr : &*at;
}

} // namespace

etcd_registration::etcd_registration(etcd_gateway& gateway, std::string prefix,
                                     std::chrono::seconds grace, logger log)
    : gateway_{gateway}
    , prefix_{std::move(prefix)}
    , grace_{grace}
    , log_{std::move(log)} {}

milliseconds etcd_registration::interval() const {
  return std::min(milliseconds{lease_.time} / 3, interval_max);
}

std::optional<etcd_registration::clock::time_point> etcd_registration::due() const {
  return lease_.id != 0 ? std::optional{due_} : std::nullopt;
}

result<void> etcd_registration::keep_alive(bool now) {
  if (lease_.id == 0 || (!now && clock::now() < due_))
    return {};
  const auto alive = etcd_keep_alive(gateway_, lease_.id);
  if (!alive && alive.error().code == errc::busy)
    return tl::unexpected{alive.error()};
  due_ = clock::now() + interval();
  if (!alive || !*alive)
    lease_.id = 0;
  return {};
}

std::array<etcd_entry, 2> etcd_registration::wanted(const etcd_sight& seen,
                                                    const member& self) const {
  std::array all{member_entry(prefix_, self), lane_entry(prefix_, self)};
  for (auto& each : all)
    if (const auto* there = find(seen, each.key))
      each.modified = there->modified;
  return all;
}

etcd_registration::state etcd_registration::check(const etcd_sight& seen, const member& self) {
  auto how = state::current;
  for (const auto& each : wanted(seen, self)) {
    const auto* there = find(seen, each.key);
    if (!there || lease_.id == 0 || there->lease != lease_.id)
      how = state::gone;
    else if (there->value != each.value && how == state::current)
      how = state::outdated;
  }
  if (how == state::gone && standing_.exchange(false))
    log_.warning("registration_lost", {{"name", self.name}});
  return how;
}

/// Which entry another node holds, and who; empty when none.
std::string etcd_registration::taken(const etcd_sight& seen, const member& self) const {
  for (const auto& each : wanted(seen, self)) {
    const auto* there = find(seen, each.key);
    const auto holder = there ? key_in(there->value) : std::nullopt;
    if (holder && *holder != self.public_key)
      return each.key + " is held by the node with key " + to_hex(*holder) +
             "; no two nodes have one name or one lane";
  }
  return {};
}

void etcd_registration::refused(std::string why) {
  if (why != refusal_)
    log_.error("not_registered", {{"why", why}});
  refusal_ = std::move(why);
}

void etcd_registration::renew(const etcd_sight& seen, const member& self, state was) {
  if (was == state::current || (was == state::gone && clock::now() < not_before_))
    return;
  not_before_ = clock::now() + interval();
  if (auto why = taken(seen, self); !why.empty())
    return refused(std::move(why));
  if (lease_.id == 0) {
    const auto granted = etcd_grant(gateway_, grace_);
    if (!granted)
      return refused(granted.error().text);
    lease_ = *granted;
    due_ = clock::now() + interval();
  }
  const auto put = etcd_put(gateway_, wanted(seen, self), lease_.id);
  if (!put && put.error().code == errc::not_found)
    lease_.id = 0; // it has just expired
  else if (!put)
    refused(put.error().text);
  else if (*put) {
    refusal_.clear();
    if (!standing_.exchange(true))
      log_.info("registered", {{"name", self.name},
                               {"lane", std::to_string(self.lane)},
                               {"lease_seconds", std::to_string(lease_.time.count())}});
  }
}

} // namespace restante
