#include "actors/replicator.hpp"

#include "actors/handlers.hpp"
#include "actors/replicator_parts.hpp"
#include "storage/keys.hpp"

#include <set>

namespace restante {

namespace {

struct replicator_state {
  static inline constexpr const char* name = "replicator";
  explicit replicator_state(replicator_self::pointer s) : core{.self = s} {}

  struct peer_state {
    std::shared_ptr<outgoing> to;
    std::shared_ptr<incoming> from;
    std::optional<caf::actor_clock::time_point> heard;
  };

  replicator_core core;
  membership_ptr configured; // as given, without what was heard
  std::map<std::string, peer_state> peers;
  caf::actor_clock::time_point begun;
  bool caught_up = false;
  standing told; // to the listener
  bool draining = false;
  caf::actor_clock::time_point draining_since;
  leavers going{core,
                [this](std::string_view region, const mailbox_id& box, uint64_t sequence) {
                  return home_has(region, box, sequence);
                },
                [this](const mailbox_id& box) { forget(box); }};
  copy_waiters waiting{
      core, [this](const await_copy& what, uint64_t since) { return copied(what, since); },
      [this](const mailbox_id& box) { forget(box); }};

  [[nodiscard]] caf::actor_clock::time_point now() const { return core.self->clock().now(); }

  void start(replicator_options options) {
    core.newest = options.newest;
    configured = options.members;
    core.options = std::move(options);
    begun = now();
    core.moved = [this](const mailbox_id& box) { going.consider(box); };
    core.standing_changed = [this] { tell_standing(); };
    core.restored = [this](const std::string& peer) { begin_anew(peer); };
    core.misplaced = [this](const std::string& peer, const mailbox_id& box) {
      if (auto at = peers.find(peer); at != peers.end()) // no member any more otherwise
        at->second.to->seed(box);
    };
    join(configured);
  }

  // --- who is there ----------------------------------------------------------------------------

  void join(membership_ptr what) {
    configured = std::move(what);
    core.options.members = configured;
    for (const auto& each : configured->members) {
      auto& peer = peers[each.name];
      if (each.name == configured->self || peer.to)
        continue;
      peer.to = std::make_shared<outgoing>(core, each.name);
      peer.from = std::make_shared<incoming>(core, each.name);
      peer.heard = now(); // until the grace is over it counts as there
    }
    std::erase_if(peers, [&](const auto& each) {
      const bool gone = configured->find(each.first) == nullptr;
      if (gone && each.second.to)
        each.second.to->connected(false); // nothing waits on its behalf any more
      return gone;
    });
    peers.erase(configured->self);
    look();
  }

  /// Places mailboxes by who is alive and stays.
  void look() {
    auto seen = *configured;
    for (auto& each : seen.members) {
      if (each.name == seen.self) {
        each.draining = each.draining || draining;
        continue;
      }
      const auto& peer = peers.at(each.name);
      each.alive = each.alive && peer.heard && now() - *peer.heard < core.options.grace;
      each.draining = each.draining || peer.from->draining();
    }
    if (core.places && *core.places->who() == seen)
      return;
    core.places = std::make_shared<const placement>(std::make_shared<const membership>(seen),
                                                    core.options.replicas);
    for (auto& [name, peer] : peers)
      peer.to->placed();
    tell_standing();
  }

  void tell_standing() {
    standing now{core.places, caught_up, {}, {}};
    for (const auto& [name, peer] : peers) {
      if (peer.from && peer.from->greeted())
        now.greeted.insert(name);
      if (peer.to && peer.to->talking())
        now.welcome.insert(name);
    }
    if (core.options.listener && core.places && now != told)
      core.self->send(core.options.listener, std::make_shared<const standing>(now));
    told = std::move(now);
  }

  /// A node that was away serves when it has what the others had for it. Who does not talk with it
  /// within the grace is not waited for.
  void catch_up() {
    if (caught_up)
      return;
    const bool patient = now() - begun < core.options.grace;
    if (patient && peers.empty())
      return; // they may be found yet
    for (const auto& [name, peer] : peers) {
      const bool there = core.find(name)->alive; // nobody says when it ended in between
      if (there && peer.from->greeted() ? !peer.from->caught_up()
                                        : patient || (there && peer.from->greeting()))
        return;
    }
    caught_up = true;
    core.options.log.info("caught_up", {{"peers", std::to_string(peers.size())}});
    tell_standing();
  }

  // --- what comes ------------------------------------------------------------------------------

  void take(const peer_event_batch& batch) {
    for (const auto& event : *batch) {
      if (auto* link = std::get_if<peer_connection>(&event)) {
        if (auto at = peers.find(link->peer); at != peers.end() && link->ours)
          at->second.to->connected(link->up);
        else if (at != peers.end() && !link->up)
          at->second.from->end();
        tell_standing();
        continue;
      }
      const auto& in = std::get<peer_inbound>(event);
      auto at = peers.find(in.peer);
      if (at == peers.end())
        continue;
      auto& peer = at->second;
      if (in.ours)
        peer.to->take(in.what);
      else
        peer.from->take(in.what);
      // Who is refused does not count as there.
      if (!peer.from->greeted() && !peer.from->greeting() && !peer.to->talking())
        continue;
      peer.heard = now();
      if (!core.find(in.peer)->alive)
        look();
    }
    catch_up();
    waiting.settle();
  }

  void grew(const log_grew& what) {
    core.newest = std::max(core.newest, what.sequence);
    if (what.written && std::any_of(peers.begin(), peers.end(),
                                    [](auto& each) { return each.second.to->talking(); }))
      pack_group(*what.written);
    for (auto& [name, peer] : peers)
      peer.to->pump();
  }

  /// While it is at hand: nobody has to read it from the log then.
  void pack_group(const commit_group& written) {
    core.recent.trim();
    for (const auto& each : written.commits)
      if (auto parcel = pack(*each)) {
        if (parcel->what.what == cause::located)
          core.moved(parcel->what.mailbox);
        core.recent.add(std::move(parcel));
      }
  }

  /// What happened after the backup is not here, and its numbers and stamps must not be given out a
  /// second time for something else; as another store this node is compared with its peers anew.
  void begin_anew(const std::string& peer) {
    core.options.log.error("store_restored", {{"seen_by", peer}});
    auto commit = std::make_shared<commit_request>();
    commit->rows.push_back(row::put(family::meta, meta_key("incarnation"), random_bytes(8)));
    commit->urgency = commit_class::essential;
    core.self->request(core.options.writer, limits::commit_timeout, std::move(commit))
        .then(
            [this](const commit_reply& done) {
              core.options.fatal(
                  done.sequence
                      ? failure{errc::storage_failure, "store_restored",
                                "the store is an older copy of what it was: it is another "
                                "incarnation now, start the node again"}
                      : done.sequence.error());
            },
            [this](caf::error&) {
              core.options.fatal({errc::storage_failure, "store_restored",
                                  "the store is an older copy of what it was, and can't be "
                                  "written to"});
            });
  }

  // --- copies ----------------------------------------------------------------------------------

  /// Whether all at home have all of this log up to `sequence`: one that had not could bring a copy
  /// back here without it. And what came from nodes that are not there any more, and not by this
  /// log.
  std::optional<digest> home_has(std::string_view region, const mailbox_id& box,
                                 uint64_t sequence) {
    const auto partition = partition_of(box);
    const auto holders = core.places->holders(region, partition);
    for (const auto* each : holders)
      if (auto at = peers.find(each->name);
          at == peers.end() || !at->second.to->has_all_of(partition, sequence))
        return std::nullopt;
    std::set<std::optional<digest>> said; // by all: who does not confirm it sees to it
    for (const auto* each : holders)
      said.insert(peers.at(each->name).to->confirms(box, 0));
    if (said.size() > 1 && !said.contains(std::nullopt)) // it changed in between
      forget(box);
    return said.size() == 1 ? *said.begin() : std::nullopt;
  }

  void forget(const mailbox_id& box) {
    for (auto& [name, peer] : peers)
      peer.to->forget(box);
  }

  /// A repeated deposit need not be in this node's log: it may have come from another, and not be
  /// anywhere else.
  bool copied(const await_copy& what, uint64_t since) const {
    return std::any_of(peers.begin(), peers.end(), [&](const auto& peer) {
      auto& to = *peer.second.to;
      return held_by(what.mailbox, what.region, what.location, *core.places, peer.first) &&
             (what.sequence != 0 ? to.has_all_of(partition_of(what.mailbox), what.sequence)
                                 : to.confirms(what.mailbox, since).has_value());
    });
  }

  void tick() {
    look();
    catch_up();
    for (auto& [name, peer] : peers) {
      peer.to->tick();
      peer.from->tick();
    }
    going.tick();
    waiting.settle();
    core.self->delayed_send(core.self, limits::peer_tick, replicator_tick{});
  }

  /// Figures "cluster.<fact>" of this node and "peer.<name>.<fact>" of every member.
  answered status() const {
    answer::status out;
    out.figures = {{"cluster.node", core.name()},
                   {"cluster.ready", caught_up ? "yes" : "no"},
                   {"cluster.leaving", std::to_string(going.size())}};
    for (const auto& each : core.places->who()->members) {
      auto add = [&](const char* fact, std::string value) {
        out.figures.emplace_back("peer." + each.name + "." + fact, std::move(value));
      };
      const auto share = core.places->partitions_of(each.name);
      add("region", each.region);
      add("state", !each.alive ? "gone" : each.draining ? "draining" : "alive");
      add("home", std::to_string(share.home));
      add("held", std::to_string(share.held));
      auto at = peers.find(each.name);
      if (at == peers.end())
        continue; // this node itself
      const auto& to = *at->second.to;
      add("connected", to.talking() ? "yes" : "no");
      add("refuses", to.refused());
      add("refused_here", at->second.from->refused());
      add("behind", std::to_string(to.behind()));
      add("behind_ms", std::to_string(to.lag().count()));
      add("complete", to.complete() ? "yes" : "no");
      add("differences", std::to_string(to.differences()));
      add("refused", std::to_string(at->second.from->refusals()));
    }
    return answered{std::move(out)};
  }

  // --- giving everything away --------------------------------------------------------------------

  /// What others are known to have proves nothing: what came from a node that is lost may be here
  /// alone, and each mailbox must be looked at to go.
  void begin_drain() {
    core.options.log.info(draining ? "draining" : "draining_ended", {});
    draining_since = now();
    for (auto& [name, peer] : peers) {
      peer.to->tick(); // it hears so at once
      peer.to->doubt(draining);
    }
  }

  /// Nothing is left that only this node has, and nothing is its to hold.
  answered drain(const set_draining& what) {
    const auto here = *core.find(core.name()); // a copy: places change below
    const auto& members = core.places->who()->members;
    if (what.on && !draining &&
        std::none_of(members.begin(), members.end(), [&](const member& each) {
          return each.region == here.region && each.name != here.name && each.alive &&
                 !each.draining;
        }))
      return answered{failure{errc::conflict, "region_alone",
                              "no other node of its region could take over: start one there, or "
                              "stop this one without, and its mailboxes are served again when it "
                              "is back"}};
    const bool turns = std::exchange(draining, what.on) != what.on;
    look();
    if (turns)
      begin_drain();
    size_t partitions = 0;
    uint64_t behind = 0;
    for (size_t partition = 0; partition < partition_count; ++partition)
      for (const auto* each : core.places->holders(here.region, partition))
        partitions += each->name == core.name() || !peers.at(each->name).to->whole(partition);
    std::string waits_for;
    for (const auto& [name, peer] : peers)
      if (core.find(name)->alive) {
        behind = std::max(behind, peer.to->behind());
        if (!peer.to->talking())
          waits_for += (waits_for.empty() ? "" : ", ") + name;
      }
    const bool heard = now() - draining_since >= 2 * limits::peer_tick; // peers pass nothing on
    const bool safe = draining && heard && partitions == 0 && behind == 0 && going.size() == 0;
    return answered{answer::status{{{"drain.node", core.name()},
                                    {"drain.on", draining ? "yes" : "no"},
                                    {"drain.partitions_left", std::to_string(partitions)},
                                    {"drain.changes_left", std::to_string(behind)},
                                    {"drain.copies_leaving", std::to_string(going.size())},
                                    {"drain.not_connected", waits_for},
                                    {"drain.safe", safe ? "yes" : "no"}}}};
  }
};

replicator_self::behavior_type replicator(replicator_self::stateful_pointer<replicator_state> self,
                                          replicator_options options) {
  self->state.start(std::move(options));
  install_handlers(self, [self] { self->state.waiting.abandon(); });
  self->delayed_send(self, limits::peer_tick, replicator_tick{});
  return {
      [self](const peer_event_batch& what) { self->state.take(what); },
      [self](const log_grew& what) { self->state.grew(what); },
      [self](membership_ptr& what) { self->state.join(std::move(what)); },
      [self](const await_copy& what) { return self->state.waiting.wait_for(what); },
      [self](node_status_request) { return self->state.status(); },
      [self](const set_draining& what) { return self->state.drain(what); },
      [self](replicator_tick) { self->state.tick(); },
  };
}

} // namespace

replicator_actor spawn_replicator(caf::actor_system& system, replicator_options options) {
  return system.spawn(replicator, std::move(options));
}

} // namespace restante
