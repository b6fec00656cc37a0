#include "actors/sms_desk.hpp"

#include "actors/access.hpp"
#include "actors/handlers.hpp"
#include "actors/numbers.hpp"
#include "actors/sms_command.hpp"
#include "actors/templates.hpp"
#include "schemas/limits.hpp"
#include "storage/keys.hpp"
#include "storage/mailbox_rows.hpp"

#include <charconv>
#include <deque>
#include <unordered_map>
#include <unordered_set>

namespace restante {

namespace {

constexpr wall_ms day_ms = 86'400'000;

failure interrupted() {
  return {errc::outcome_unknown, "sms_desk_interrupted",
          "it may or may not have been done: send the text again with the same id"};
}

/// One text on its way.
struct errand {
  tenant_ptr owner;    // whose short code it came to
  std::string number;  // of the sender, E.164
  std::string id;      // gateway and its id: names whatever comes of the text
  std::string seen_as; // the same, apart for texts and location updates: a gateway numbers each
  caf::typed_response_promise<answered> reply;
};
using errand_ptr = std::shared_ptr<const errand>;

struct sms_desk_state {
  static inline constexpr const char* name = "sms-desk";
  explicit sms_desk_state(sms_desk_actor::pointer s) : self{s} {}

  sms_desk_actor::pointer self;
  sms_desk_options options;
  std::unordered_set<std::string> seen;
  std::deque<std::string> seen_order;
  std::unordered_set<std::string> under_way;
  std::unordered_map<std::string, std::string> helping; // number to the text that is answered

  caf::result<answered> accept(const texted& what) {
    auto owner = options.environment->tenants->find_by_short_code(*what.gateway, what.what.to);
    if (!owner)
      return answered{failure{errc::not_found, "short_code_unknown",
                              "no tenant you serve has that short code: check `to`"}};
    auto number = normalise_number(what.what.from, owner->region);
    if (!number)
      return answered{number.error()};
    auto id = what.gateway->name + "/" + what.what.id;
    if (auto known = begin(id))
      return answered{std::move(*known)};
    auto reply = self->make_response_promise<answered>();
    auto job = std::make_shared<const errand>(errand{owner, std::move(*number), id, id, reply});
    std::visit([&](const auto& command) { carry_out(job, command); }, parse_sms(what.what.text));
    return reply;
  }

  caf::result<answered> accept(const located& what) {
    auto id = what.gateway->name + "/" + what.what.id;
    auto seen_as = "location " + id;
    if (auto known = begin(seen_as))
      return answered{std::move(*known)};
    auto reply = self->make_response_promise<answered>();
    locate({nullptr, what.what.number, id, seen_as, reply}, what.gateway->serves, what.what.region);
    return reply;
  }

  /// What a repeat hears; nothing: it is to be carried out, and under way from now on.
  std::optional<outcome> begin(const std::string& id) {
    if (seen.contains(id))
      return answer::done{false};
    if (!under_way.insert(id).second)
      return failure{errc::busy, "text_under_way", "it is being carried out: send it again later"};
    return std::nullopt;
  }

  /// Repeats of a text that was carried out are dropped; one that failed may be sent again.
  void remember(const std::string& id) {
    if (!seen.insert(id).second)
      return;
    seen_order.push_back(id);
    if (seen_order.size() > limits::sms_remembered_max) {
      seen.erase(seen_order.front());
      seen_order.pop_front();
    }
  }

  void end(const errand_ptr& job, outcome what) {
    if (!std::holds_alternative<failure>(what))
      remember(job->seen_as);
    under_way.erase(job->seen_as);
    if (auto at = helping.find(job->number); at != helping.end() && at->second == job->id)
      helping.erase(at);
    answer_with(job->reply, std::move(what));
  }

  /// Asks the directory as the short code's tenant and goes on with its answer.
  template <class Next>
  void ask_directory(const errand_ptr& job, operation what, Next next) {
    auto asked = std::make_shared<const tenant_request>(tenant_request{
        job->owner, request{1, milliseconds{limits::deadline_default}, job->id, std::move(what)}});
    self->request(options.directory, limits::deadline_default, asked)
        .then([this, job, next](answered& done) { next(this, job, std::move(done.what)); },
              [this, job](caf::error&) { end(job, interrupted()); });
  }

  subscriber_ref sender(const errand_ptr& job) const {
    return {subscriber_ref::by::number, job->number};
  }

  static bool passing(const failure& why) {
    return why.code == errc::busy || why.code == errc::outcome_unknown ||
           why.code == errc::shutting_down || why.code == errc::storage_full;
  }

  // --- location updates --------------------------------------------------------------------------

  /// Whose subscriber it is only the directory knows: asked as one after the other of those the
  /// gateway serves.
  void locate(const errand& of, std::vector<std::string> owners, const std::string& region) {
    failure none = unknown_mailbox();
    while (!owners.empty()) {
      auto owner = options.environment->tenants->find(owners.back());
      owners.pop_back();
      if (!owner || owner->revoked)
        continue;
      auto number = normalise_number(of.number, owner->region);
      if (!number) {
        none = number.error();
        continue;
      }
      auto job =
          std::make_shared<const errand>(errand{owner, *number, of.id, of.seen_as, of.reply});
      return ask_directory(job, ask::of_mailbox{sender(job), op::locate{region}},
                           [owners, region](auto* desk, const errand_ptr& job, outcome done) {
                             auto* why = std::get_if<failure>(&done);
                             if (why == nullptr || why->code != errc::not_found)
                               return desk->end(job, std::move(done));
                             desk->locate(*job, owners, region);
                           });
    }
    end(std::make_shared<const errand>(of), none);
  }

  // --- the commands ----------------------------------------------------------------------------

  void carry_out(const errand_ptr& job, const sms_activate& what) {
    ask::register_device asked;
    asked.imei = what.imei;
    asked.number = job->number;
    asked.pin = what.pin;
    if (check_language(what.language)) // a phone's own language is no reason to stay without mail
      asked.language = what.language;
    // The mailbox welcomes a new device, the directory greets a known one.
    ask_directory(job, std::move(asked), [](auto* desk, const errand_ptr& job, outcome done) {
      auto* why = std::get_if<failure>(&done);
      if (why != nullptr && !passing(*why))
        return desk->tell(job, notice::refused, {});
      auto* there = std::get_if<answer::registered>(&done);
      if (there != nullptr && there->already_had_access)
        return desk->end_silence(job);
      if (there != nullptr && there->profile.region != desk->options.environment->region)
        return desk->follow(job, there->profile);
      desk->end(job, std::move(done));
    });
  }

  /// The text came through a gateway of this region, so the subscriber is here and their home is
  /// not: the new mailbox comes at once.
  void follow(const errand_ptr& job, const profile_id& profile) {
    op::locate here{options.environment->region};
    ask_directory(
        job, ask::of_mailbox{{subscriber_ref::by::profile, to_string(profile)}, std::move(here)},
        [](auto* desk, const errand_ptr& job, outcome done) { desk->end(job, std::move(done)); });
  }

  /// Who asks to be activated once more after STOP wants to hear again.
  void end_silence(const errand_ptr& job) {
    ask_directory(job, ask::of_mailbox{sender(job), op::describe{}},
                  [](auto* desk, const errand_ptr& job, outcome done) {
                    auto* profile = std::get_if<answer::profile>(&done);
                    if (profile == nullptr || profile->notifications)
                      return desk->end(job, std::move(done));
                    op::set_preferences on;
                    on.notifications = toggle::on;
                    desk->ask_directory(job, ask::of_mailbox{desk->sender(job), on},
                                        [](auto* desk, const errand_ptr& job, outcome done) {
                                          desk->end(job, std::move(done));
                                        });
                  });
  }

  void carry_out(const errand_ptr& job, const sms_status&) {
    ask_directory(job, ask::of_mailbox{sender(job), op::describe{}},
                  [](auto* desk, const errand_ptr& job, outcome done) {
                    if (auto* profile = std::get_if<answer::profile>(&done))
                      return desk->tell(job, notice::status,
                                        {.profile = to_string(profile->id),
                                         .unheard = profile->unheard,
                                         .total = profile->messages},
                                        profile->language);
                    if (passing(std::get<failure>(done)))
                      return desk->end(job, std::move(done));
                    desk->help_once_a_day(job);
                  });
  }

  void carry_out(const errand_ptr& job, const sms_delete& what) {
    if (!what.number || what.pin.empty())
      return help_once_a_day(job);
    // The network's word for the number takes the place of the challenge; the PIN is still asked.
    op::remove remove{{std::nullopt, *what.number}, channel::device, {"sms", what.pin}, false};
    ask_directory(job, ask::of_mailbox{sender(job), std::move(remove)},
                  [](auto* desk, const errand_ptr& job, outcome done) {
                    auto* why = std::get_if<failure>(&done);
                    if (why == nullptr || passing(*why))
                      return desk->end(job, std::move(done)); // the mailbox tells of the removal
                    desk->tell(job, notice::refused, {});
                  });
  }

  void carry_out(const errand_ptr& job, const sms_stop&) {
    op::set_preferences off;
    off.notifications = toggle::off;
    ask_directory(job, ask::of_mailbox{sender(job), off},
                  [](auto* desk, const errand_ptr& job, outcome done) {
                    auto* why = std::get_if<failure>(&done);
                    if (why != nullptr && !passing(*why))
                      done = answer::done{false}; // nobody to silence
                    desk->end(job, std::move(done));
                  });
  }

  void carry_out(const errand_ptr& job, const sms_help&) { tell(job, notice::help, {}); }
  void carry_out(const errand_ptr& job, const sms_unknown&) { help_once_a_day(job); }

  // --- answers by text -------------------------------------------------------------------------

  notification text_for(const errand_ptr& job, notice kind, notice_facts facts,
                        const std::string& language = {}) const {
    mailbox_state nobody;
    nobody.profile.language.value = language;
    nobody.profile.tenant = job->owner->name;
    nobody.profile.aliases.insert({alias_kind::number, job->number});
    return make_notification(*options.environment, nobody, kind, std::move(facts), {job->id});
  }

  void tell(const errand_ptr& job, notice kind, notice_facts facts,
            const std::string& language = {}) {
    auto commit = std::make_shared<commit_request>();
    append_outbox_row(commit->rows, text_for(job, kind, std::move(facts), language));
    write(job, std::move(commit));
  }

  void write(const errand_ptr& job, std::shared_ptr<commit_request> commit) {
    self->request(options.writer, limits::commit_timeout, std::move(commit))
        .then(
            [this, job](const commit_reply& done) {
              end(job,
                  done.sequence ? outcome{answer::done{true}} : outcome{done.sequence.error()});
            },
            [this, job](caf::error&) { end(job, interrupted()); });
  }

  void help_once_a_day(const errand_ptr& job) {
    if (!helping.emplace(job->number, job->id).second)
      return end(job, answer::done{false});
    auto key = meta_key("help/" + job->number);
    self->request(options.reader, limits::load_timeout, get_request{{{family::meta, key}}})
        .then([this, job, key](const get_reply& got) { help(job, key, got); },
              [this, job](caf::error&) { end(job, interrupted()); });
  }

  void help(const errand_ptr& job, const std::string& key, const get_reply& got) {
    if (!got.values)
      return end(job, got.values.error());
    auto now = options.environment->clock->now();
    wall_ms last = 0;
    if (const auto& row = got.values->front())
      std::from_chars(row->view().data(), row->view().data() + row->size(), last);
    if (now - last < day_ms)
      return end(job, answer::done{false});
    auto commit = std::make_shared<commit_request>();
    commit->rows.push_back(row::put(family::meta, key, std::to_string(now)));
    append_outbox_row(commit->rows, text_for(job, notice::help, {}));
    write(job, std::move(commit));
  }
};

sms_desk_actor::behavior_type sms_desk(sms_desk_actor::stateful_pointer<sms_desk_state> self,
                                       sms_desk_options options) {
  self->state.options = std::move(options);
  install_handlers(self, [] {});
  return {
      [self](const texted& what) { return self->state.accept(what); },
      [self](const located& what) { return self->state.accept(what); },
  };
}

} // namespace

sms_desk_actor spawn_sms_desk(caf::actor_system& system, sms_desk_options options) {
  return system.spawn(sms_desk, std::move(options));
}

} // namespace restante
