#include "actors/gatekeeper.hpp"

#include "actors/access.hpp"
#include "actors/challenge.hpp"
#include "actors/handlers.hpp"
#include "actors/mailbox.hpp"
#include "actors/registration.hpp"
#include "schemas/limits.hpp"
#include "storage/keys.hpp"

#include <charconv>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

namespace restante {

namespace {

/// Attempts at subscribers that do not exist share this many counters: enough that they rarely
/// meet, few enough that guessing cannot fill the disk.
constexpr uint32_t phantom_buckets = 65'536;

failure interrupted() {
  return {errc::outcome_unknown, "gatekeeper_interrupted",
          "it may or may not have been done: retry with the same request id"};
}

std::string encode_attempts(const pin_attempts& from) {
  return std::to_string(from.failures) + " " + std::to_string(from.closed_until_ms);
}

pin_attempts decode_attempts(std::string_view text) {
  pin_attempts out;
  auto end = text.data() + text.size();
  auto [next, error] = std::from_chars(text.data(), end, out.failures);
  if (error == std::errc{} && next != end)
    std::from_chars(next + 1, end, out.closed_until_ms);
  return out;
}

struct gatekeeper_state {
  static inline constexpr const char* name = "gatekeeper";
  explicit gatekeeper_state(gatekeeper_actor::pointer s) : self{s} {}

  using promise = caf::typed_response_promise<answered>;

  /// An attempt at a subscriber that does not exist.
  struct attempt {
    tenant_request_ptr asked;
    promise reply;
  };

  gatekeeper_actor::pointer self;
  std::optional<gatekeeper_options> options;
  /// By counter: the attempt under way, and those behind it. One after the other, as in a mailbox,
  /// or attempts side by side would count as one.
  std::unordered_map<std::string, std::deque<attempt>> phantoms;
  std::set<std::string> used; // challenges that were answered
  std::multimap<wall_ms, std::pair<std::string, std::string>> used_by_expiry; // and by whom
  std::map<std::string, size_t> used_of;                                      // each tenant

  caf::result<answered> accept(const tenant_request_ptr& asked) {
    auto* of = std::get_if<ask::of_mailbox>(&asked->what.what);
    auto* answer = of == nullptr ? nullptr : device_answer(of->op);
    if (answer == nullptr)
      return answered{pin_denied()};
    if (answer->challenge.empty())
      return challenge(asked);
    auto now = options->environment->clock->now();
    forget_expired(now);
    // An empty PIN here, because a mailbox refuses one unhashed: elsewhere that would take longer.
    if (answer->pin.empty() || used.contains(answer->challenge) ||
        !challenge_holds(options->challenge_key, asked->who->name, asked->what, answer->challenge,
                         now))
      return answered{pin_denied()};
    if (!remember(asked->who->name, answer->challenge))
      return answered{failure{errc::busy, "challenges_many",
                              "too many PINs were tried in the last minutes: retry later"}};
    auto reply = self->make_response_promise<answered>();
    self->request(options->directory, asked->what.deadline, asked)
        .then([this, asked, reply](answered& done) { judge(asked, reply, std::move(done)); },
              [reply](caf::error&) { answer_with(reply, interrupted()); });
    return reply;
  }

  answered challenge(const tenant_request_ptr& asked) {
    auto expires =
        options->environment->clock->now() + milliseconds{limits::challenge_lifetime}.count();
    return answered{answer::challenge{make_challenge(options->challenge_key, asked->who->name,
                                                     asked->what, expires, random_bytes(8)),
                                      expires}};
  }

  bool remember(const std::string& tenant, const std::string& challenge) {
    if (used_of[tenant] >= limits::challenges_remembered_max)
      return false;
    ++used_of[tenant];
    used.insert(challenge);
    used_by_expiry.emplace(challenge_expiry(challenge), std::pair{tenant, challenge});
    return true;
  }

  void forget_expired(wall_ms now) {
    auto end = used_by_expiry.upper_bound(now);
    for (auto at = used_by_expiry.begin(); at != end; ++at) {
      used.erase(at->second.second);
      if (auto of = used_of.find(at->second.first); --of->second == 0)
        used_of.erase(of);
    }
    used_by_expiry.erase(used_by_expiry.begin(), end);
  }

  void judge(const tenant_request_ptr& asked, const promise& reply, answered done) {
    auto* why = std::get_if<failure>(&done.what);
    if (why != nullptr && why->code == errc::busy) // it may be answered again
      used.erase(device_answer(std::get<ask::of_mailbox>(asked->what.what).op)->challenge);
    if (why == nullptr || (why->code != errc::not_found && why->code != errc::invalid_request))
      return answer_with(reply, std::move(done.what));
    phantom_attempt(asked, reply);
  }

  // --- subscribers that do not exist: the same steps, the same time ------------------------------

  /// However a subscriber is spelled, one counter, as for those that exist.
  static std::string one_spelling(const tenant_record& asking, const subscriber_ref& who) {
    if (who.what == subscriber_ref::by::profile) {
      auto id = parse_profile_id(who.text);
      return id ? to_string(id->mailbox) : who.text;
    }
    auto name = alias_of(who, asking);
    return name ? name->value : who.text;
  }

  std::string phantom_key(const tenant_request_ptr& asked) const {
    const auto& who = std::get<ask::of_mailbox>(asked->what.what).subscriber;
    auto name = one_spelling(*asked->who, who);
    std::string_view parts[] = {"phantom", asked->who->name, name};
    auto bytes = keyed_digest(options->environment->identity, parts).bytes;
    uint32_t bucket = (bytes[0] << 16 | bytes[1] << 8 | bytes[2]) % phantom_buckets;
    return meta_key("phantom/" + std::to_string(bucket));
  }

  void phantom_attempt(const tenant_request_ptr& asked, const promise& reply) {
    auto key = phantom_key(asked);
    auto& queue = phantoms[key];
    if (queue.size() > limits::mailbox_waiting_max) // the first is under way
      return answer_with(reply, mailbox_waiting());
    queue.push_back({asked, reply});
    if (queue.size() == 1)
      try_phantom(key);
  }

  void try_phantom(const std::string& key) {
    self->request(options->reader, limits::load_timeout, get_request{{{family::meta, key}}})
        .then([this, key](const get_reply& got) { count(key, got); },
              [this, key](caf::error&) { end_phantom(key, interrupted()); });
  }

  void end_phantom(const std::string& key, outcome what) {
    auto at = phantoms.find(key);
    auto& queue = at->second;
    answer_with(queue.front().reply, std::move(what));
    queue.pop_front();
    if (queue.empty())
      phantoms.erase(at);
    else
      try_phantom(key);
  }

  void count(const std::string& key, const get_reply& got) {
    if (!got.values)
      return end_phantom(key, got.values.error());
    auto now = options->environment->clock->now();
    const auto& row = got.values->front();
    auto attempts = row ? decode_attempts(row->view()) : pin_attempts{};
    if (!pin_open(attempts, now))
      return end_phantom(key, pin_denied());
    const auto& who = *phantoms.at(key).front().asked->who;
    self->request(options->hasher, limits::commit_timeout, hash_place_request{who.name})
        .then(
            [this, key, attempts, now](const hash_place& got) {
              if (!got.held)
                return end_phantom(key, got.held.error());
              persist(key, after_failure(attempts, now), *got.held);
            },
            [this, key](caf::error&) { end_phantom(key, interrupted()); });
  }

  void persist(const std::string& key, const pin_attempts& counted,
               const std::shared_ptr<const lease>& place) {
    auto commit = std::make_shared<commit_request>();
    commit->rows.push_back(row::put(family::meta, key, encode_attempts(counted)));
    commit->urgency = commit_class::essential;
    self->request(options->writer, limits::commit_timeout, std::move(commit))
        .then([this, key, place](const commit_reply& done) { hash(key, place, done); },
              [this, key](caf::error&) { end_phantom(key, interrupted()); });
  }

  void hash(const std::string& key, const std::shared_ptr<const lease>& place,
            const commit_reply& done) {
    if (!done.sequence)
      return end_phantom(key, done.sequence.error());
    const auto& of = std::get<ask::of_mailbox>(phantoms.at(key).front().asked->what.what);
    self->request(options->hasher, limits::commit_timeout,
                  verify_request{{}, device_answer(of.op)->pin, place})
        .then(
            [this, key](const verify_reply& verdict) {
              end_phantom(key, verdict.right ? pin_denied() : verdict.right.error());
            },
            [this, key](caf::error&) { end_phantom(key, interrupted()); });
  }
};

gatekeeper_actor::behavior_type
gatekeeper(gatekeeper_actor::stateful_pointer<gatekeeper_state> self, gatekeeper_options options) {
  self->state.options.emplace(std::move(options));
  install_handlers(self, [] {});
  return {
      [self](const tenant_request_ptr& asked) { return self->state.accept(asked); },
  };
}

} // namespace

gatekeeper_actor spawn_gatekeeper(caf::actor_system& system, gatekeeper_options options) {
  return system.spawn(gatekeeper, std::move(options));
}

} // namespace restante
