#include "tests/simulation/simulated_node.hpp"

#include <utility>

namespace restante::simulation {

namespace {

/// Beyond them nobody waits for anybody: two actors send each other messages for ever.
constexpr size_t steps_max = 5'000'000;

} // namespace

stage::place simulated_node::place_of(const surroundings& around, size_t index) {
  const auto& as = around.members[index];
  place out;
  out.region = as.region;
  out.incarnation = index + 1;
  out.lane = as.lane;
  out.lanes = static_cast<uint32_t>(around.members.size());
  out.regions = around.regions;
  out.pin_copies = static_cast<uint32_t>(around.replicas) + 1;
  out.entrance = [&around, index](stage& at) {
    at.tenants->put({.name = "operator", .is = role::operator_});
    forwarder_options how{around.members[index].name, at.node, at.environment, at.tenants};
    how.send = [&around, index](peer_outbound what) { around.send(index, std::move(what)); };
    return node_actor{at.keep(spawn_forwarder(at.sys, std::move(how)))};
  };
  return out;
}

simulated_node::simulated_node(const surroundings& around, size_t index, random_source draw)
    : stage{place_of(around, index)}
    , around_{around}
    , index_{index}
    , draw_{std::move(draw)} {
  store->on_commit = nullptr;
  store->on_sync = [this](std::span<const kv_store::group> groups) { return sync(groups); };
  trace->clear();
  begin();
}

void simulated_node::begin() {
  replicator_options how{held, reader, node, directory, environment};
  how.cluster.bytes.fill(1);
  how.members = std::make_shared<const membership>(all_members());
  how.replicas = around_.replicas;
  how.newest = newest;
  how.verify_every = std::chrono::seconds{15};
  how.send = [this](peer_outbound what) { around_.send(index_, std::move(what)); };
  how.listener = standing_listener{forwarder()};
  replicator_ = keep(spawn_replicator(sys, std::move(how)));
  tell(forwarder(), carried_out_by{directory, replicator_});
  tell(writer, caf::actor_cast<log_listener_actor>(replicator_));
  connect_gateway();
}

void simulated_node::connect_gateway() {
  auto sink = spawn(recording_gateway, texts);
  tell(notifier, gateway_credit{life_, gateway, 8}, sink);
}

// --- time
// -----------------------------------------------------------------------------------------

void simulated_node::advance_to(moment now) {
  const auto gone = std::chrono::milliseconds{now - now_};
  now_ = now;
  *wall += gone.count();
  sched.advance_time(gone);
  if (!running_)
    run(); // whom its time still wakes has nobody left to talk to
}

void simulated_node::work() {
  if (!running_)
    return;
  if (!heard_events_->empty()) {
    auto what = std::exchange(heard_events_, std::make_shared<std::vector<peer_event>>());
    tell(replicator_, what);
    tell(forwarder(), what);
  }
  size_t steps = 0;
  while (!dead_ && step(draw_)) {
    if (crash_in_ && (*crash_in_)-- == 0)
      dead_ = true;
    if (++steps > steps_max)
      throw std::runtime_error(name() + " never comes to rest");
  }
  if (dead_ || crash_in_) // nothing left to do: it ends at rest
    end_process();
}

/// While the disk is busy the others go on; the power may go.
result<void> simulated_node::sync(std::span<const kv_store::group> groups) {
  const failure gone{errc::storage_failure, "power_lost", "the process ended while it synced"};
  if (dead_)
    return tl::unexpected<failure>{gone};
  if (!std::exchange(syncing_, true)) {
    for (auto left = draw_.below(6); left > 0 && !dead_ && step(draw_); --left) {
    }
    syncing_ = false;
  }
  for (const auto& group : groups)
    for (const auto& each : group)
      if (const auto id = each.in == family::meta ? parse_copy_left_key(each.key) : std::nullopt)
        ++given_up_[profile_key(*id)];
  if (!crash_in_sync_)
    return {};
  crash_in_sync_ = false;
  dead_ = true;
  if (draw_.one_in(2)) // the rows were there by then
    if (auto kept = store->rows.commit(groups); !kept)
      throw std::runtime_error(kept.error().text);
  return tl::unexpected<failure>{gone};
}

// --- lives
// ----------------------------------------------------------------------------------------

void simulated_node::end_process() {
  dead_ = true;
  running_ = false;
  exit_cast();
  heard_events_->clear();
  texts->clear();
  crash_in_.reset();
  crash_in_sync_ = false;
  ++life_;
}

void simulated_node::start_again() {
  dead_ = false;
  running_ = true;
  start();
  begin();
}

void simulated_node::restart_gracefully() {
  exit_cast();
  heard_events_->clear();
  texts->clear();
  ++life_;
  start();
  begin();
}

} // namespace restante::simulation
