#include "actors/directory.hpp"

#include "actors/access.hpp"
#include "actors/handlers.hpp"
#include "actors/name_learner.hpp"
#include "actors/registration.hpp"
#include "actors/subscriber_listing.hpp"
#include "actors/tenant_keeper.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"
#include "storage/mailbox_rows.hpp"

#include <algorithm>
#include <deque>

namespace restante {

namespace {

failure interrupted() {
  return {errc::outcome_unknown, "directory_interrupted",
          "it may or may not have been done: retry with the same request id"};
}

struct directory_state {
  static inline constexpr const char* name = "directory";
  explicit directory_state(directory_actor::pointer s) : self{s} {}

  using promise = caf::typed_response_promise<answered>;

  /// One registration under way.
  struct registration {
    tenant_request_ptr asked;
    promise reply;
    registration_plan plan;
    std::string pin_hash;

    const ask::register_device& what() const {
      return std::get<ask::register_device>(asked->what.what);
    }
  };
  using registration_ptr = std::shared_ptr<registration>;

  directory_actor::pointer self;
  directory_options options;
  std::set<alias> claiming;
  std::deque<registration_ptr> queued; // wait for an alias another one is claiming
  std::set<registration_ptr> under_way;
  name_learner names{self, options, claiming, [this] { claim_queued(); }};
  tenant_keeper tenants{self, options};

  caf::result<answered> accept(const tenant_request_ptr& asked) {
    const auto& what = asked->what.what;
    if (auto* of = std::get_if<ask::of_mailbox>(&what))
      return find(asked, *of);
    if (std::holds_alternative<ask::register_device>(what))
      return begin_registration(asked);
    if (!administers(*asked->who))
      return answered{
          failure{errc::not_found, "operation_not_yours", "only the operator may ask that"}};
    if (auto* add = std::get_if<ask::tenant_add>(&what))
      return tenants.add(add->tenant);
    if (auto* revoke = std::get_if<ask::tenant_revoke>(&what))
      return tenants.revoke(revoke->name);
    if (std::holds_alternative<ask::tenant_list>(what))
      return answered{answer::tenants{options.tenants->all()}};
    if (std::holds_alternative<ask::subscriber_list>(what))
      return self->delegate(spawn_subscriber_listing(*self, options.reader), asked);
    if (auto* records = std::get_if<ask::records>(&what))
      return list_records(*records);
    if (std::holds_alternative<ask::status>(what))
      return status();
    if (std::holds_alternative<ask::drain>(what))
      return answered{failure{errc::unsupported, "cluster_none",
                              "this node is alone: nobody could take its mailboxes"}};
    return answered{failure{errc::unsupported, "operation_unknown", "not for the directory"}};
  }

  // --- finding ---------------------------------------------------------------------------------

  command_ptr command_for(const tenant_request_ptr& asked, const mailbox_id& id,
                          const mailbox_op& op, std::string region = {}) const {
    return std::make_shared<command>(
        command{asked->who, asked->what.request_id, id, op, asked->held, std::move(region)});
  }

  caf::result<answered> find(const tenant_request_ptr& asked, const ask::of_mailbox& of) {
    if (auto direct = direct_profile(of.subscriber)) {
      if (!*direct)
        return answered{direct->error()};
      return self->delegate(options.node,
                            command_for(asked, (*direct)->mailbox, of.op, (*direct)->region));
    }
    auto named = alias_of(of.subscriber, *asked->who);
    if (!named)
      return answered{named.error()};
    auto reply = self->make_response_promise<answered>();
    self->request(options.reader, limits::load_timeout,
                  get_request{{{family::aliases, alias_key(*named)}}})
        .then([this, asked, reply](const get_reply& got) mutable { found(asked, reply, got); },
              [reply](caf::error&) mutable { answer_with(reply, interrupted()); });
    return reply;
  }

  void found(const tenant_request_ptr& asked, promise& reply, const get_reply& got) {
    if (!got.values)
      return answer_with(reply, got.values.error());
    const auto& row = got.values->front();
    auto target = row ? decode_alias_target(row->view()) : result<alias_target>{};
    if (!target)
      return answer_with(reply, target.error());
    if (!row || !acts_for(*asked->who, target->tenant))
      return answer_with(reply, unknown_mailbox());
    const auto& of = std::get<ask::of_mailbox>(asked->what.what);
    reply.delegate(options.node, command_for(asked, target->mailbox, of.op, target->region));
  }

  // --- registration ----------------------------------------------------------------------------

  caf::result<answered> begin_registration(const tenant_request_ptr& asked) {
    const auto& what = std::get<ask::register_device>(asked->what.what);
    auto plan = plan_registration(*options.environment, *asked->who, what);
    if (!plan)
      return answered{plan.error()};
    if (contested(*plan) && !may_queue(asked->who->name))
      return answered{failure{errc::busy, "registrations_waiting",
                              "too many registrations are waiting: retry shortly"}};
    auto reply = self->make_response_promise<answered>();
    claim(std::make_shared<registration>(registration{asked, reply, std::move(*plan), {}}));
    return reply;
  }

  bool contested(const registration_plan& plan) const {
    return std::any_of(plan.aliases.begin(), plan.aliases.end(),
                       [&](const alias& name) { return claiming.contains(name); });
  }

  bool may_queue(const std::string& tenant) const {
    const auto own = std::count_if(queued.begin(), queued.end(), [&](const registration_ptr& each) {
      return each->asked->who->name == tenant;
    });
    return queued.size() < limits::load_waiting_max &&
           static_cast<size_t>(own) < limits::load_waiting_max / 4;
  }

  void claim(const registration_ptr& job) {
    if (contested(job->plan)) {
      queued.push_back(job);
      return;
    }
    claiming.insert(job->plan.aliases.begin(), job->plan.aliases.end());
    under_way.insert(job);
    get_request rows;
    for (const auto& name : job->plan.aliases)
      rows.rows.push_back({family::aliases, alias_key(name)});
    self->request(options.reader, limits::load_timeout, std::move(rows))
        .then([this, job](const get_reply& got) { claimed(job, got); },
              [this, job](caf::error&) { end(job, interrupted()); });
  }

  void claimed(const registration_ptr& job, const get_reply& got) {
    if (!got.values)
      return end(job, got.values.error());
    std::optional<alias_target> known;
    for (const auto& row : *got.values) {
      if (!row)
        continue;
      auto target = decode_alias_target(row->view());
      if (!target)
        return end(job, target.error());
      if (target->tenant != job->plan.owner || (known && known->mailbox != target->mailbox))
        return end(job,
                   failure{errc::conflict, "alias_taken",
                           "this number or device can't be registered here: ask the operator"});
      known = std::move(*target);
    }
    if (known)
      return already_known(job, *known);
    if (job->what().pin.empty())
      return create(job);
    self->request(options.hasher, limits::commit_timeout,
                  hash_request{job->what().pin, job->asked->who->name})
        .then([this, job](const hash_reply& done) { hashed(job, done); },
              [this, job](caf::error&) { end(job, interrupted()); });
  }

  void hashed(const registration_ptr& job, const hash_reply& done) {
    if (!done.hash)
      return end(job, done.hash.error());
    job->pin_hash = *done.hash;
    create(job);
  }

  void create(const registration_ptr& job) {
    const auto& what = job->what();
    op::create op{job->plan.owner,   options.environment->region,
                  job->plan.aliases, job->pin_hash,
                  what.language,     what.time_zone,
                  what.greeting};
    self->request(options.node, limits::commit_timeout,
                  command_for(job->asked, job->plan.mailbox, std::move(op)))
        .then([this, job](answered& done) { end(job, std::move(done.what)); },
              [this, job](caf::error&) { end(job, interrupted()); });
  }

  /// A known device: nothing changes, and the device is told so.
  void already_known(const registration_ptr& job, const alias_target& known) {
    self->request(options.node, limits::load_timeout,
                  load_for_notice(job, known.mailbox, known.region))
        .then([this, job](answered& got) { tell_known(job, got); },
              [this, job](caf::error&) { end(job, interrupted()); });
  }

  command_ptr load_for_notice(const registration_ptr& job, const mailbox_id& id,
                              std::string region = {}) const {
    return command_for(job->asked, id, op::describe{}, std::move(region));
  }

  void tell_known(const registration_ptr& job, const answered& got) {
    auto* profile = std::get_if<answer::profile>(&got.what);
    if (profile == nullptr)
      return end(job, got.what);
    answer::registered reply{profile->id, true};
    if (profile->number.empty())
      return end(job, reply);
    mailbox_state box;
    box.id = profile->id.mailbox;
    box.profile.tenant = profile->tenant;
    box.profile.region = profile->id.region;
    box.profile.language.value = profile->language;
    box.profile.aliases.insert({alias_kind::number, profile->number});
    auto commit = std::make_shared<commit_request>();
    append_outbox_row(commit->rows,
                      make_notification(*options.environment, box, notice::already_active,
                                        {.profile = to_string(profile->id),
                                         .unheard = profile->unheard,
                                         .total = profile->messages},
                                        {job->asked->what.request_id}));
    self->request(options.writer, limits::commit_timeout, std::move(commit))
        .then(
            [this, job, reply](const commit_reply& done) {
              end(job, done.sequence ? outcome{reply} : outcome{done.sequence.error()});
            },
            [this, job](caf::error&) { end(job, interrupted()); });
  }

  void end(const registration_ptr& job, outcome what) {
    auto* why = std::get_if<failure>(&what);
    bool unfinished = why != nullptr && why->code == errc::outcome_unknown;
    job->reply.deliver(answered{std::move(what)});
    under_way.erase(job);
    if (unfinished)
      release_later(job);
    else
      release(job);
  }

  // The mailbox may be about to be made: its names stay claimed until mailbox and writer are past
  // what was asked of them, or another registration could give them away a second time.
  void release_later(const registration_ptr& job) {
    auto written = [this, job] {
      auto barrier = std::make_shared<commit_request>();
      barrier->urgency = commit_class::essential;
      self->request(options.writer, limits::deadline_max, std::move(barrier))
          .then([this, job](const commit_reply&) { release(job); },
                [this, job](caf::error&) { release(job); });
    };
    self->request(options.node, limits::deadline_max, load_for_notice(job, job->plan.mailbox))
        .then([written](answered&) { written(); }, [written](caf::error&) { written(); });
  }

  void release(const registration_ptr& job) {
    for (const auto& name : job->plan.aliases)
      claiming.erase(name);
    claim_queued();
  }

  void claim_queued() {
    for (auto& next : std::exchange(queued, {}))
      claim(next);
  }

  // --- listings --------------------------------------------------------------------------------

  caf::result<answered> list_records(const ask::records& what) {
    auto reply = self->make_response_promise<answered>();
    auto limit = what.limit == 0 ? 100 : std::min<size_t>(what.limit, limits::list_page_max);
    page_request page{
        family::records, {}, key_after(record_key(what.after_day, what.after_sequence)), limit};
    if (what.newest)
      page.limit = 0;
    self->request(options.reader, limits::load_timeout, std::move(page))
        .then(
            [reply](const page_reply& got) mutable {
              if (!got.page)
                return answer_with(reply, got.page.error());
              answer::records out;
              for (const auto& entry : *got.page) {
                auto place = parse_record_key(entry.key);
                auto value = decode_record(entry.value);
                if (place && value)
                  out.page.push_back({place->day, place->sequence, std::move(*value)});
              }
              answer_with(reply, std::move(out));
            },
            [reply](caf::error&) mutable { answer_with(reply, interrupted()); });
    return reply;
  }

  caf::result<answered> status() {
    auto reply = self->make_response_promise<answered>();
    self->request(options.node, limits::load_timeout, node_status_request{})
        .then(
            [this, reply](answered& got) mutable {
              if (auto* figures = std::get_if<answer::status>(&got.what);
                  figures && options.figures)
                for (auto& figure : options.figures())
                  figures->figures.push_back(std::move(figure));
              reply.deliver(std::move(got));
            },
            [reply](caf::error&) mutable { answer_with(reply, interrupted()); });
    return reply;
  }

  void abandon() {
    for (auto& job : std::exchange(under_way, {}))
      answer_with(job->reply, interrupted());
    for (auto& job : std::exchange(queued, {}))
      job->reply.deliver(answered{
          failure{errc::shutting_down, "node_stopping", "the node is stopping: reconnect"}});
  }
};

directory_actor::behavior_type directory(directory_actor::stateful_pointer<directory_state> self,
                                         directory_options options) {
  self->state.options = std::move(options);
  install_handlers(self, [self] { self->state.abandon(); });
  return {
      [self](const tenant_request_ptr& asked) { return self->state.accept(asked); },
      [self](const learn_names& what) { return self->state.names.learn(what); },
  };
}

} // namespace

directory_actor spawn_directory(caf::actor_system& system, directory_options options) {
  return system.spawn(directory, std::move(options));
}

} // namespace restante
