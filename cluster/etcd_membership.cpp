#include "cluster/etcd_membership.hpp"

#include "cluster/etcd_members.hpp"
#include "cluster/etcd_registration.hpp"
#include "schemas/ids.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

namespace restante {

namespace {

using std::chrono::milliseconds;
using clock = etcd_gateway::clock;
using state = etcd_registration::state;

constexpr milliseconds retry_pause{500};

/// One endpoint may hang, or two, and the next is still asked within the lease.
milliseconds call_timeout(std::chrono::seconds lease) {
  return std::clamp(milliseconds{lease} / 6, milliseconds{500}, milliseconds{2000});
}

} // namespace

struct etcd_membership::parts {
  etcd_membership_options options;
  etcd_gateway gateway{options.endpoints, call_timeout(options.grace)};
  etcd_registration own{gateway, options.prefix, options.grace, options.log};
  std::thread thread;
  std::atomic<bool> stopping = false;
  std::atomic<bool> draining = options.self.draining;
  std::atomic<bool> connected = false;
  std::atomic<clock::time_point> answered = clock::now();

  // What follows belongs to whoever calls first(), then to the thread.
  std::shared_ptr<const membership> known;    // null at first
  bool told = true;                           // `known`, to whoever wants to know
  std::map<std::string, std::string> refused; // as logged
  bool loss_logged = false;
  clock::time_point rewatch;         // not before
  clock::time_point absent_are_gone; // not before

  explicit parts(etcd_membership_options with) : options{std::move(with)} {}

  void know(membership now) {
    known = std::make_shared<const membership>(std::move(now));
    told = false;
  }

  void tell() {
    if (!std::exchange(told, true) && !stopping)
      options.changed(known);
  }

  /// They may have lost their registrations too and need a moment to come back.
  void spare_absent() { absent_are_gone = clock::now() + own.time(); }

  void lost(const failure& why) {
    connected = false;
    if (!known)
      know({options.self.name, {options.self}});
    if (!stopping && !std::exchange(loss_logged, true))
      options.log.warning(
          "etcd_unreachable",
          {{"why", why.text}, {"members_kept", std::to_string(known->members.size())}});
  }

  /// Reads who is there; nothing when etcd does not answer.
  std::optional<etcd_sight> look() {
    options.self.draining = draining;
    auto seen = etcd_read(gateway, members_prefix(options.prefix),
                          lane_entry(options.prefix, options.self).key);
    if (!seen) {
      lost(seen.error());
      return std::nullopt;
    }
    answered = clock::now();
    loss_logged = false;
    if (!connected.exchange(true)) {
      options.log.info("etcd_reached");
      spare_absent();
    }
    return std::move(*seen);
  }

  void log_refused(std::map<std::string, std::string> now) {
    for (const auto& [key, why] : now)
      if (const auto before = refused.find(key); before == refused.end() || before->second != why)
        options.log.warning("member_refused", {{"key", key}, {"why", why}});
    refused = std::move(now);
  }

  void log_changes(const membership& before, const membership& now) const {
    const auto word = [](bool is) { return is ? "true" : "false"; };
    for (const auto& each : now.members)
      if (const auto* was = before.find(each.name); !was || *was != each)
        options.log.info("member", {{"name", each.name},
                                    {"region", each.region},
                                    {"address", each.address},
                                    {"public_key", to_hex(each.public_key)},
                                    {"lane", std::to_string(each.lane)},
                                    {"alive", word(each.alive)},
                                    {"draining", word(each.draining)}});
    for (const auto& each : before.members)
      if (!now.find(each.name))
        options.log.warning("member_replaced", {{"name", each.name}});
  }

  void take(const etcd_sight& seen) {
    auto read = read_members(seen.entries, options.prefix, options.self);
    if (seen.more)
      read.refused.emplace(members_prefix(options.prefix),
                           "of more than " + std::to_string(etcd_entries_max) +
                               " keys only the first are looked at");
    log_refused(std::move(read.refused));
    const auto before = known ? *known : membership{};
    auto now =
        joined(before, options.self, std::move(read.members), clock::now() >= absent_are_gone);
    if (now == before)
      return;
    log_changes(before, now);
    know(std::move(now));
  }

  /// Everything there is to say and to ask at one time. False when etcd did not answer.
  bool round() {
    if (auto kept = own.keep_alive(!gateway.watching()); !kept) {
      lost(kept.error());
      return false;
    }
    const bool stood = own.standing();
    const auto seen = look();
    if (!seen)
      return false;
    const auto how = own.check(*seen, options.self);
    if (stood && how == state::gone)
      spare_absent();
    take(*seen);
    tell();
    own.renew(*seen, options.self, how);
    if (!gateway.watching() && clock::now() >= rewatch) {
      rewatch = clock::now() + retry_pause;
      etcd_watch(gateway, members_prefix(options.prefix), seen->revision);
    }
    return true;
  }

  void run() {
    while (!stopping) {
      const bool reached = round();
      tell(); // if it is alone at first
      const auto now = clock::now();
      auto next = now + (reached ? own.interval() : retry_pause);
      if (const auto due = own.due(); due && reached)
        next = std::min(next, *due);
      gateway.wait(next);
    }
  }
};

etcd_membership::etcd_membership(etcd_membership_options options)
    : parts_{std::make_unique<parts>(std::move(options))} {}

etcd_membership::~etcd_membership() { stop(); }

std::shared_ptr<const membership> etcd_membership::first() {
  if (const auto seen = parts_->look())
    parts_->take(*seen);
  parts_->told = true;
  return parts_->known;
}

void etcd_membership::start() {
  parts_->thread = std::thread{[my = parts_.get()] { my->run(); }};
  pthread_setname_np(parts_->thread.native_handle(), "etcd");
}

void etcd_membership::stop() {
  parts_->stopping = true;
  parts_->gateway.stop();
  if (parts_->thread.joinable())
    parts_->thread.join();
}

void etcd_membership::set_draining(bool draining) {
  parts_->draining = draining;
  parts_->gateway.wake();
}

bool etcd_membership::connected() const { return parts_->connected; }

bool etcd_membership::registered() const { return parts_->own.standing(); }

milliseconds etcd_membership::age() const {
  return std::chrono::duration_cast<milliseconds>(clock::now() - parts_->answered.load());
}

} // namespace restante
