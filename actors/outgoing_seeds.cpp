// Completing a peer: comparing what it is to hold with what is here, partition by partition, and
// shipping whole mailboxes where they differ.
#include "actors/replica.hpp"
#include "actors/replicator_parts.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

namespace restante {

void outgoing::placed() {
  unseeded_ = true;
  const auto* to = core_.find(peer_);
  if (to == nullptr)
    return;
  for (size_t partition = 0; partition < partition_count; ++partition) {
    auto holders = core_.places->holders(to->region, partition);
    bool holds = std::any_of(holders.begin(), holders.end(),
                             [&](const member* each) { return each->name == peer_; });
    if (holds)
      continue;
    state_.unseed(partition);
    voided_ = voided_ || partition_ == partition;
  }
}

bool outgoing::lacks_only(const std::set<size_t>& partitions) const {
  const auto* to = core_.find(peer_);
  for (size_t partition = 0; to != nullptr && partition < partition_count; ++partition)
    for (const auto* each : core_.places->holders(to->region, partition))
      if (each->name == peer_ && !state_.progress.seeded[partition] &&
          !partitions.contains(partition))
        return false;
  return to != nullptr;
}

void outgoing::doubt(bool on) {
  on ? doubted_.set() : doubted_.reset();
  unseeded_ = voided_ = true; // also that which is being compared
  pump();
}

/// It has less than all until the next look.
void outgoing::unreadable(const mailbox_id& box, const char* why) {
  core_.options.log.error("mailbox_not_seeded",
                          {{"mailbox", to_string(box)}, {"peer", peer_}, {"why", why}});
  damaged_.insert(partition_of(box));
  damage_seen_ = damage_seen_ || partition_ == partition_of(box);
}

// --- whole mailboxes ----------------------------------------------------------------------------

bool outgoing::next_seed() {
  if (seeds_.empty())
    return false;
  auto id = seeds_.front();
  seeds_.pop_front();
  busy_ = true;
  auto self = shared_from_this();
  core_.self->request(core_.options.reader, limits::load_timeout, load_request{id})
      .then(
          [self, id, session = session_](load_reply& got) {
            if (session != self->session_)
              return;
            self->busy_ = false;
            if (got.state && got.state->exists())
              return self->seed_part_of(
                  std::make_shared<const mailbox_state>(std::move(*got.state)), std::nullopt);
            if (!got.state) // others may have it
              self->unreadable(id, got.state.error().reason);
            self->pump();
          },
          [self, id, session = session_](caf::error&) {
            if (session != self->session_)
              return;
            self->busy_ = false;
            self->seeds_.push_back(id);
          });
  return true;
}

void outgoing::seed_part_of(const std::shared_ptr<const mailbox_state>& box,
                            const std::optional<message_id>& after) {
  auto part = std::make_shared<const seed_part>(next_part(*box, after));
  busy_ = true;
  auto self = shared_from_this();
  auto ship = [self, box, part](const std::vector<std::optional<chunk>>& values) {
    self->busy_ = false;
    const auto number = self->send_batch({fill(*part, values)}, 0);
    auto next = [self, box, part] { self->seed_part_of(box, part->through); };
    if (!part->last && self->state_.credit())
      return next();
    if (!part->last)
      return self->hold_back(next, false);
    self->misfits_.erase(box->id);
    if (auto at = self->confirming_.find(box->id);
        at != self->confirming_.end() && at->second.step == confirmation::seeding) {
      at->second = {confirmation::sent, state_digest(*box), number, at->second.began};
      self->confirmed_by_.emplace(number, box->id);
    }
    self->pump();
  };
  // With the last part the mailbox exists there: not before all else of it is on the peer's disk.
  auto ship_in_order =
      [self, ship, waits = part->last && after](const std::vector<std::optional<chunk>>& values) {
        if (waits && !self->state_.idle())
          self->hold_back([ship, values] { ship(values); }, true);
        else
          ship(values);
      };
  if (part->media.empty())
    return ship_in_order({});
  core_.self->request(core_.options.reader, limits::load_timeout, get_request{part->media})
      .then(
          [self, box, part, ship_in_order, session = session_](const get_reply& got) {
            if (session != self->session_)
              return;
            if (got.values && fits(*part, *got.values))
              return ship_in_order(*got.values);
            if (got.values && ++self->misfits_[box->id] < limits::seed_attempts) {
              self->busy_ = false; // it has changed since it was read
              self->later_.push_back(box->id);
              return self->pump();
            }
            self->misfits_.erase(box->id);
            self->unreadable(box->id, got.values ? "media_damaged" : got.values.error().reason);
            self->busy_ = false;
            self->pump();
          },
          [self, session = session_](caf::error&) {
            if (session != self->session_)
              return;
            self->welcome_ = false;
            self->resume_ = self->core_.self->clock().now() + limits::peer_pause;
          });
}

// --- names --------------------------------------------------------------------------------------

/// A new store does not know the names of those it will not hold: a number would be unknown there,
/// and could be registered a second time. Before anything is compared, so before it is complete.
bool outgoing::tell_names() {
  if (!names_from_)
    return false;
  busy_ = true;
  auto self = shared_from_this();
  core_.self
      ->request(core_.options.reader, limits::load_timeout,
                page_request{family::aliases, {}, *names_from_, limits::batch_entries_max})
      .then(
          [self, session = session_](const page_reply& got) {
            if (session != self->session_)
              return;
            self->busy_ = false;
            if (!got.page)
              return; // tried again with the next tick
            std::vector<peer::entry> names;
            for (const auto& row : *got.page)
              if (const auto name = parse_alias_key(row.key))
                if (const auto target = decode_alias_target(row.value)) {
                  change of;
                  of.mailbox = target->mailbox;
                  of.owner = target->tenant;
                  of.region = target->region;
                  of.delta.profile.aliases = {*name};
                  names.push_back(names_in(of));
                }
            self->names_from_ = got.page->size() < limits::batch_entries_max
                                    ? std::nullopt
                                    : std::optional{key_after(got.page->back().key)};
            if (!names.empty())
              self->send_batch(std::move(names), 0);
            self->pump();
          },
          [self, session = session_](caf::error&) {
            if (session == self->session_)
              self->busy_ = false;
          });
  return true;
}

// --- comparing ----------------------------------------------------------------------------------

/// First those the peer is to hold and is not known to hold completely; from time to time all.
std::optional<size_t> outgoing::partition_to_compare() {
  const auto* to = core_.find(peer_);
  auto holds = [&](size_t partition) {
    auto holders = core_.places->holders(to->region, partition);
    return std::any_of(holders.begin(), holders.end(),
                       [&](const member* each) { return each->name == peer_; });
  };
  verifying_ = false;
  for (size_t partition = 0; unseeded_ && to != nullptr && partition < partition_count; ++partition)
    if ((!state_.progress.seeded[partition] || doubted_[partition]) && !state_.seeding(partition) &&
        !damaged_.contains(partition) && holds(partition))
      return partition;
  unseeded_ = false;
  verifying_ = true;
  if (next_verified_ == 0 && core_.self->clock().now() < verify_at_)
    return std::nullopt;
  for (; to != nullptr && next_verified_ < partition_count; ++next_verified_)
    if (holds(next_verified_))
      return next_verified_++;
  next_verified_ = 0;
  verify_at_ = core_.self->clock().now() + core_.options.verify_every;
  return std::nullopt;
}

bool outgoing::compare_next() {
  if (compared_ != 0)
    return false; // waits for an answer
  if (partition_ && last_page_ && !later_.empty())
    return false;
  if (partition_ && last_page_) { // what differed is on its way: next_seed comes first
    if (!voided_ && !damage_seen_) {
      damaged_.erase(*partition_);
      doubted_.reset(*partition_);
      if (!state_.progress.seeded[*partition_])
        state_.seeded(*partition_);
    }
    unseeded_ = unseeded_ || voided_;
    partition_.reset();
    last_page_ = false;
  }
  if (!partition_) {
    partition_ = partition_to_compare();
    voided_ = damage_seen_ = false;
    if (!partition_)
      return false;
    scanned_ = profile_key(range_of(*partition_).first);
  }
  busy_ = true;
  auto self = shared_from_this();
  core_.self
      ->request(core_.options.reader, limits::load_timeout,
                page_request{family::profiles, {}, scanned_, limits::compared_at_once})
      .then(
          [self, session = session_](const page_reply& got) {
            if (session != self->session_)
              return;
            if (got.page)
              self->compare_page(*got.page);
            else
              self->busy_ = false;
          },
          [self, session = session_](caf::error&) {
            if (session == self->session_)
              self->busy_ = false;
          });
  return true;
}

void outgoing::compare_page(const std::vector<key_value>& page) {
  auto end = range_of(*partition_).end;
  std::vector<mailbox_id> ids;
  bool last = page.size() < limits::compared_at_once;
  for (const auto& entry : page) {
    auto id = parse_profile_key(entry.key);
    if (!id)
      continue;
    if (end && !(*id < *end)) {
      last = true;
      break;
    }
    ids.push_back(*id);
    scanned_ = key_after(entry.key);
  }
  compare(std::make_shared<comparing>(comparing{std::move(ids), [self = shared_from_this(), last] {
                                                  if (last)
                                                    self->last_page_ = true;
                                                  self->pump();
                                                }}));
}

/// Sends their digests, those it is to hold; then goes on.
void outgoing::compare(const std::shared_ptr<comparing>& job) {
  if (job->next == job->boxes.size() && job->loading == 0)
    return send_compare(*job);
  auto self = shared_from_this();
  while (job->next < job->boxes.size() && job->loading < limits::compared_loads_at_once) {
    ++job->loading;
    auto took = [self, job, id = job->boxes[job->next++],
                 session = session_](const load_reply* got) {
      --job->loading;
      if (session != self->session_)
        return;
      if (got != nullptr)
        self->loaded(*job, id, *got);
      else // no answer in time: once more
        self->voided_ = self->voided_ || self->partition_ == partition_of(id);
      self->compare(job);
    };
    core_.self
        ->request(core_.options.reader, limits::load_timeout,
                  load_request{job->boxes[job->next - 1]})
        .then([took](const load_reply& got) { took(&got); },
              [took](caf::error&) { took(nullptr); });
  }
}

void outgoing::loaded(comparing& job, const mailbox_id& box, const load_reply& got) {
  if (!got.state)
    return unreadable(box, got.state.error().reason);
  const auto& state = *got.state;
  if (state.exists())
    core_.moved(box); // is it still to be here?
  // Changes that came when the copy had gone are asked about, too: who has the mailbox tells where
  // it belongs.
  if (state.exists()
          ? held_by(box, state.profile.region, state.profile.location.value, *core_.places, peer_)
          : !state.messages.empty())
    job.out.mailboxes.emplace_back(box, state_digest(state));
}

void outgoing::send_compare(comparing& job) {
  busy_ = false;
  for (const auto& [box, state] : job.out.mailboxes)
    if (auto at = confirming_.find(box); at != confirming_.end())
      if (at->second.step == confirmation::loading || at->second.step == confirmation::seeding)
        at->second = {confirmation::compared, state, 0, at->second.began};
  if (!job.out.mailboxes.empty()) {
    compared_ = job.out.number = ++last_compare_;
    asked_.clear();
    for (const auto& [box, state] : job.out.mailboxes)
      asked_.push_back(box);
    core_.tell(peer_, true, std::move(job.out));
  }
  job.then();
}

// --- before a copy goes -------------------------------------------------------------------------

std::optional<digest> outgoing::confirms(const mailbox_id& box, uint64_t since) {
  if (auto at = confirming_.find(box); at != confirming_.end()) {
    if (at->second.step != confirmation::done)
      return std::nullopt;
    if (at->second.began > since)
      return at->second.state;
  }
  confirming_[box] = {};
  to_confirm_.push_back(box);
  pump();
  return std::nullopt;
}

bool outgoing::confirm_next() {
  if (compared_ != 0 || to_confirm_.empty())
    return false;
  std::vector<mailbox_id> boxes;
  for (; !to_confirm_.empty() && boxes.size() < limits::compared_at_once; to_confirm_.pop_front())
    if (auto at = confirming_.find(to_confirm_.front());
        at != confirming_.end() && at->second.step == confirmation::wanted) {
      at->second.step = confirmation::loading;
      at->second.began = ++core_.moment;
      boxes.push_back(at->first);
    }
  if (boxes.empty())
    return false;
  busy_ = true;
  auto asked_for_anew = [self = shared_from_this(), boxes] { // those that could not be read
    for (const auto& box : boxes)
      if (auto at = self->confirming_.find(box);
          at != self->confirming_.end() && at->second.step == confirmation::loading)
        self->confirming_.erase(at);
    self->pump();
  };
  compare(std::make_shared<comparing>(comparing{std::move(boxes), std::move(asked_for_anew)}));
  return true;
}

/// Equal is enough, unless the copy there is itself to go: two that do not agree on who holds a
/// mailbox would both drop it. What differs is shipped: the peer may have more, but then it has
/// this too.
void outgoing::confirm_answered(const peer::differ& what) {
  const auto among = [](const std::vector<mailbox_id>& all, const mailbox_id& box) {
    return std::find(all.begin(), all.end(), box) != all.end();
  };
  for (const auto& box : asked_) {
    auto at = confirming_.find(box);
    if (at == confirming_.end() || at->second.step != confirmation::compared)
      continue;
    if (among(what.leaving, box)) {
      at->second.step = confirmation::refused;
      refused_ones_.push_back(box);
    } else {
      at->second.step = among(what.mailboxes, box) ? confirmation::seeding : confirmation::done;
    }
  }
}

void outgoing::confirm_applied(uint64_t number) {
  const auto end = confirmed_by_.upper_bound(number);
  for (auto each = confirmed_by_.begin(); each != end; ++each)
    if (auto at = confirming_.find(each->second); at != confirming_.end() &&
                                                  at->second.step == confirmation::sent &&
                                                  at->second.batch == each->first)
      at->second.step = confirmation::done;
  confirmed_by_.erase(confirmed_by_.begin(), end);
}

} // namespace restante
