#include "actors/forwarder.hpp"

#include "actors/access.hpp"
#include "actors/directory.hpp"
#include "actors/forwarding_refusals.hpp"
#include "actors/handlers.hpp"
#include "actors/inspection.hpp"
#include "actors/passing.hpp"
#include "actors/registration.hpp"
#include "actors/tenants_told.hpp"
#include "schemas/limits.hpp"

namespace restante {

namespace {

struct overdue_tick {};

} // namespace
} // namespace restante
RESTANTE_LOCAL_MESSAGE(restante::overdue_tick)
namespace restante {
namespace {

using forwarder_self = forwarder_actor::extend<caf::reacts_to<overdue_tick>>;
constexpr auto tick_interval = std::chrono::seconds{1};

/// What came from a peer: the media of its answer count for that peer.
struct peer_share : request_share {
  explicit peer_share(std::shared_ptr<meter> of) { replies = std::move(of); }
};

/// A request on its way to whoever serves it: a command, or one for the directory.
struct errand {
  command_ptr what;
  tenant_request_ptr asked;
  std::vector<std::string> to;
  size_t next = 0;
  bool missed = false; // somebody who may have it could not be asked, or was not ready
  std::optional<failure> damaged = {}; // what a copy said that cannot read it
  caf::typed_response_promise<answered> reply;
};
using errand_ptr = std::shared_ptr<errand>;

struct forwarder_state {
  static inline constexpr const char* name = "forwarder";
  explicit forwarder_state(forwarder_self::pointer s) : self{s} {}

  forwarder_self::pointer self;
  std::optional<forwarder_options> options;
  carried_out_by here;
  standing_ptr now;
  std::optional<passing> elsewhere;
  std::map<std::string, std::shared_ptr<meter>> answers; // on their way to each peer, in bytes
  std::map<std::string, size_t> serving;                 // requests that each peer passed on

  // --- from clients ------------------------------------------------------------------------------

  /// A node of this region comes before a home that is another one: the subscriber may be here.
  std::vector<std::string> route(const std::string& home, const mailbox_id& box) const {
    std::vector<std::string> out;
    const auto& region = options->environment->region;
    const auto partition = partition_of(box);
    if (home != region)
      if (auto guests = now->places->holders(region, partition); !guests.empty())
        out.push_back(guests.front()->name);
    for (const auto* each : now->places->holders(home, partition))
      out.push_back(each->name);
    return out;
  }

  std::string home_of(const command& what) const {
    return what.region.empty() ? options->environment->region : what.region;
  }

  bool waits_for_copy(const mailbox_op& what) const {
    auto* deposit = std::get_if<op::deposit>(&what);
    return deposit != nullptr && (deposit->until == op::durability::replicated ||
                                  (deposit->until == op::durability::usual && options->replicated));
  }

  caf::result<answered> accept(const command_ptr& what) {
    if (std::holds_alternative<op::create>(what->op)) // the directory here has decided that
      return self->delegate(options->node, what);
    if (!now)
      return answered{catching_up()};
    const auto home = home_of(*what);
    if (!options->environment->regions->has(home))
      return answered{unknown_mailbox()};
    if (std::holds_alternative<op::inspect>(what->op))
      return inspect(what);
    auto to = route(home, what->mailbox);
    const bool home_gone = now->places->holders(home, partition_of(what->mailbox)).empty();
    if (to.size() == 1 && to.front() == options->name && now->caught_up && !home_gone &&
        !waits_for_copy(what->op))
      return self->delegate(options->node, what);
    errand out{what, nullptr, std::move(to)};
    out.missed = home_gone; // nobody can say that there is no such mailbox
    return send(std::move(out));
  }

  caf::result<answered> accept(const tenant_request_ptr& asked) {
    const auto& what = asked->what.what;
    if (std::holds_alternative<ask::tenant_add>(what) ||
        std::holds_alternative<ask::tenant_revoke>(what))
      return change_tenants(asked);
    if (auto* drained = std::get_if<ask::drain>(&what))
      return drain(asked, *drained);
    auto* device = std::get_if<ask::register_device>(&what);
    auto plan = device == nullptr ? result<registration_plan>{}
                                  : plan_registration(*options->environment, *asked->who, *device);
    if (device == nullptr || !plan) // the directory says why it is refused
      return self->delegate(here.directory, asked);
    if (!now)
      return answered{catching_up()};
    std::string home = options->environment->region;
    for (const auto& alias : plan->aliases)
      if (alias.kind == alias_kind::number)
        if (auto region = options->numbering.region_of(alias.value))
          home = *region;
    errand out{nullptr, asked, {}};
    for (const auto* each : now->places->holders(home, partition_of(plan->mailbox)))
      out.to.push_back(each->name);
    return send(std::move(out));
  }

  caf::result<answered> send(errand what) {
    auto out = std::make_shared<errand>(std::move(what));
    out->missed |= out->to.empty(); // all who might are gone
    out->reply = self->make_response_promise<answered>();
    go_on(out);
    return out->reply;
  }

  /// To the next that may serve it.
  void go_on(const errand_ptr& job) {
    while (job->next < job->to.size()) {
      const auto& to = job->to[job->next++];
      auto came = [this, job](outcome what) { came_back(job, std::move(what)); };
      if (to != options->name ? pass(to, *job, came) : carry_out(*job, came))
        return;
      job->missed = true;
    }
    answer_with(job->reply, job->missed    ? unreachable()
                            : job->damaged ? *job->damaged
                                           : unknown_mailbox());
  }

  void came_back(const errand_ptr& job, outcome what) {
    if (!not_here(what))
      return answer_with(job->reply, std::move(what));
    auto& why = std::get<failure>(what);
    job->missed |= why.code != errc::not_found && !unreadable(why);
    if (unreadable(why))
      job->damaged = std::move(why);
    go_on(job);
  }

  bool pass(const std::string& to, const errand& job, passing::then came) {
    if (job.asked && !now->welcome.contains(to))
      return false;
    return job.asked ? elsewhere->pass(to, job.asked->who->name, job.asked->what, job.asked->held,
                                       self->clock().now(), std::move(came))
                     : pass(to, *job.what, std::move(came));
  }

  bool pass(const std::string& to, const command& what, passing::then came) {
    if (!now->welcome.contains(to))
      return false;
    request out;
    out.deadline = limits::deadline_max;
    out.request_id = what.request_id;
    out.what = ask::of_mailbox{
        {subscriber_ref::by::profile, to_string(profile_id{home_of(what), what.mailbox})}, what.op};
    return elsewhere->pass(to, what.who->name, std::move(out), what.held, self->clock().now(),
                           std::move(came));
  }

  /// Every node is asked what it has, whoever serves.
  caf::result<answered> inspect(const command_ptr& what) {
    struct round {
      std::vector<answer::copy_of_mailbox> all;
      size_t waits = 0;
      std::shared_ptr<const placement> places;
      caf::typed_response_promise<answered> reply;
    };
    auto job = std::make_shared<round>();
    const auto& members = now->places->who()->members;
    job->places = now->places;
    job->waits = members.size();
    job->reply = self->make_response_promise<answered>();
    for (const auto& each : members) {
      auto heard = [this, job, what, each](const outcome& said) {
        job->all.push_back(line_of(each, said));
        if (--job->waits != 0)
          return;
        auto out = with_roles(std::move(job->all), {what->mailbox, home_of(*what)}, *job->places);
        const bool any = std::any_of(out.all.begin(), out.all.end(),
                                     [](const auto& copy) { return copy.there; });
        answer_with(job->reply, any ? outcome{std::move(out)} : outcome{unknown_mailbox()});
      };
      if (each.name == options->name)
        ask_node(what, heard);
      else if (!pass(each.name, *what, heard))
        heard(failure{errc::busy, "peer_unreachable", "not connected"});
    }
    return job->reply;
  }

  // --- here --------------------------------------------------------------------------------------

  bool carry_out(const errand& job, passing::then came) {
    if (!now->caught_up)
      return false;
    if (job.asked)
      ask_directory(job.asked, std::move(came));
    else
      ask_node(job.what, std::move(came));
    return true;
  }

  void ask_directory(const tenant_request_ptr& asked, const passing::then& came) {
    self->request(here.directory, limits::deadline_max, asked)
        .then([came](answered& done) { came(std::move(done.what)); },
              [came](caf::error&) { came(forwarding_interrupted()); });
  }

  void ask_node(const command_ptr& what, const passing::then& came) {
    self->request(options->node, caf::infinite, what)
        .then([this, what, came](answered& done) { served(*what, std::move(done.what), came); },
              [came](caf::error&) { came(forwarding_interrupted()); });
  }

  void served(const command& what, outcome done, const passing::then& came) {
    auto* stored = std::get_if<answer::deposited>(&done);
    if (stored == nullptr || !waits_for_copy(what.op))
      return came(std::move(done));
    await_copy copy{what.mailbox, home_of(what), stored->roams, stored->sequence,
                    limits::deadline_default};
    auto kept = std::make_shared<outcome>(std::move(done));
    self->request(here.replicator, caf::infinite, std::move(copy))
        .then(
            [kept, came](answered& there) {
              came(std::holds_alternative<failure>(there.what) ? std::move(there.what)
                                                               : std::move(*kept));
            },
            [came](caf::error&) { came(forwarding_interrupted()); });
  }

  caf::result<answered> drain(const tenant_request_ptr& asked, const ask::drain& what) {
    if (!administers(*asked->who))
      return self->delegate(here.directory, asked); // which says so
    if (what.node == options->name)
      return self->delegate(here.replicator, set_draining{what.on});
    if (auto why = not_reached(now.get(), what.node))
      return answered{std::move(*why)};
    return send({nullptr, asked, {what.node}});
  }

  /// The node's figures and the cluster's.
  caf::result<answered> status() {
    auto reply = self->make_response_promise<answered>();
    auto ask = [this, reply](const auto& whom, auto then) {
      self->request(whom, limits::load_timeout, node_status_request{})
          .then([then](answered& got) mutable { then(std::get<answer::status>(got.what)); },
                [reply](caf::error&) mutable { answer_with(reply, forwarding_interrupted()); });
    };
    ask(options->node, [this, ask, reply](answer::status& node) {
      ask(here.replicator, [reply, all = node.figures](answer::status& cluster) mutable {
        all.insert(all.end(), cluster.figures.begin(), cluster.figures.end());
        answer_with(reply, answer::status{std::move(all)});
      });
    });
    return reply;
  }

  // --- tenants: every node knows all -------------------------------------------------------------

  caf::result<answered> change_tenants(const tenant_request_ptr& asked) {
    auto reply = self->make_response_promise<answered>();
    ask_directory(asked, [this, asked, reply](outcome done) {
      if (now && !std::holds_alternative<failure>(done))
        tell_tenant_to(now->welcome, *elsewhere, asked->what.what, *options->tenants,
                       self->clock().now(), options->log);
      answer_with(reply, std::move(done));
    });
    return reply;
  }

  // --- from peers --------------------------------------------------------------------------------

  /// Who has just taken this node's hello is told the tenants.
  void stand(standing_ptr what) {
    const auto before = std::exchange(now, std::move(what));
    for (const auto& peer : now->welcome)
      if (!before || !before->welcome.contains(peer))
        tell_tenants(*elsewhere, peer, *options->tenants, self->clock().now(), options->log);
  }

  void take(const peer_event_batch& batch) {
    for (const auto& event : *batch) {
      if (auto* link = std::get_if<peer_connection>(&event)) {
        if (!link->ours)
          continue;
        elsewhere->connected(link->peer, link->up);
        continue;
      }
      const auto& in = std::get<peer_inbound>(event);
      if (auto* passed = std::get_if<peer::forward>(&in.what))
        carry_out(in.peer, *passed);
      else if (auto* done = std::get_if<peer::answer>(&in.what))
        elsewhere->take(in.peer, *done);
    }
  }

  void carry_out(const std::string& peer, const peer::forward& in) {
    auto came = [this, peer, correlation = in.correlation](outcome what) {
      --serving[peer];
      options->send(
          {peer, false, peer::answer{correlation, encode_reply({correlation, std::move(what)})}});
    };
    if (++serving[peer] > limits::passed_on_max) // a peer that keeps to the rules never has
      return came(too_many_passed_on());
    auto asked = decode_request(in.what.envelope, in.what.media);
    if (!asked)
      return came(asked.error().why);
    if (!now || !now->greeted.contains(peer)) // of another cluster, or before its hello
      return came(catching_up());
    auto who = options->tenants->find(in.tenant);
    if (!who || who->revoked)
      return came(now->caught_up ? unknown_mailbox() : catching_up());
    auto& meter_of = answers[peer];
    if (!meter_of)
      meter_of = std::make_shared<meter>(limits::passed_on_bytes_max);
    auto held = std::make_shared<const peer_share>(meter_of);
    auto& what = asked->what;
    if (std::holds_alternative<ask::tenant_add>(what) ||
        std::holds_alternative<ask::tenant_revoke>(what))
      return ask_directory(
          std::make_shared<const tenant_request>(tenant_request{who, std::move(*asked), held}),
          came);
    if (auto* drained = std::get_if<ask::drain>(&what)) {
      if (!administers(*who))
        return came(unknown_mailbox());
      self->request(here.replicator, limits::deadline_max, set_draining{drained->on})
          .then([came](answered& done) { came(std::move(done.what)); },
                [came](caf::error&) { came(forwarding_interrupted()); });
      return;
    }
    if (!now || !now->caught_up)
      return came(catching_up());
    if (std::holds_alternative<ask::register_device>(what))
      return ask_directory(
          std::make_shared<const tenant_request>(tenant_request{who, std::move(*asked), held}),
          came);
    auto* of = std::get_if<ask::of_mailbox>(&what);
    auto named = of == nullptr ? std::nullopt : direct_profile(of->subscriber);
    if (!named)
      return came(failure{errc::unsupported, "operation_not_passed_on",
                          "nodes pass on what concerns one mailbox, named by its profile id"});
    if (!*named)
      return came(named->error());
    ask_node(std::make_shared<const command>(command{who, std::move(asked->request_id),
                                                     (*named)->mailbox, std::move(of->op), held,
                                                     std::move((*named)->region)}),
             came);
  }
};

forwarder_self::behavior_type forwarder(forwarder_self::stateful_pointer<forwarder_state> self,
                                        forwarder_options options) {
  auto& state = self->state;
  state.elsewhere.emplace(options.send);
  state.options.emplace(std::move(options));
  install_handlers(self, [self] { self->state.elsewhere->end_all(); });
  self->delayed_send(self, tick_interval, overdue_tick{});
  return {
      [self](const command_ptr& what) { return self->state.accept(what); },
      [self](node_status_request) { return self->state.status(); },
      [self](const tenant_request_ptr& asked) { return self->state.accept(asked); },
      [self](const learn_names& what) { return self->delegate(self->state.here.directory, what); },
      [self](const peer_event_batch& what) { self->state.take(what); },
      [self](standing_ptr& what) { self->state.stand(std::move(what)); },
      [self](carried_out_by& who) { self->state.here = std::move(who); },
      [self](overdue_tick) {
        self->state.elsewhere->end_overdue(self->clock().now());
        self->delayed_send(self, tick_interval, overdue_tick{});
      },
  };
}

} // namespace

forwarder_actor spawn_forwarder(caf::actor_system& system, forwarder_options options) {
  return system.spawn(forwarder, std::move(options));
}

} // namespace restante
