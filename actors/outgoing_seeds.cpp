// Completing a peer: comparing what it is to hold with what is here, partition by partition, and
// shipping whole mailboxes where they differ.
#include "actors/replica.hpp"
#include "actors/replicator_parts.hpp"
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

bool outgoing::complete() const {
  const auto* to = core_.find(peer_);
  for (size_t partition = 0; to != nullptr && partition < partition_count; ++partition)
    for (const auto* each : core_.places->holders(to->region, partition))
      if (each->name == peer_ && !state_.progress.seeded[partition])
        return false;
  return to != nullptr;
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
            if (!got.state) // it is damaged here: others may have it
              self->core_.options.log.error("mailbox_not_seeded",
                                            {{"mailbox", to_string(id)}, {"peer", self->peer_}});
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
        at != self->confirming_.end() && at->second == confirmation::seeding) {
      at->second = confirmation::sent;
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
            self->core_.options.log.error(
                "mailbox_not_seeded",
                {{"mailbox", to_string(box->id)},
                 {"peer", self->peer_},
                 {"why", got.values ? "media_damaged" : got.values.error().reason}});
            self->damaged_.insert(
                partition_of(box->id)); // it has less than all until the next look
            self->state_.unseed(partition_of(box->id));
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
    if (!state_.progress.seeded[partition] && !state_.seeding(partition) &&
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
  unseeded_ = unseeded_ || !damaged_.empty();
  damaged_.clear();
  return std::nullopt;
}

bool outgoing::compare_next() {
  if (compared_ != 0)
    return false; // waits for an answer
  if (partition_ && last_page_ && !later_.empty())
    return false;
  if (partition_ && last_page_) { // what differed is on its way: next_seed comes first
    if (!verifying_ && !voided_ && !damaged_.contains(*partition_))
      state_.seeded(*partition_);
    unseeded_ = unseeded_ || voided_;
    partition_.reset();
    last_page_ = false;
  }
  if (!partition_) {
    partition_ = partition_to_compare();
    voided_ = false;
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
  compare(ids, [self = shared_from_this(), last] {
    if (last)
      self->last_page_ = true;
    self->pump();
  });
}

/// Sends their digests, those it is to hold; then goes on.
void outgoing::compare(const std::vector<mailbox_id>& boxes, std::function<void()> then) {
  auto out = std::make_shared<peer::compare>();
  auto self = shared_from_this();
  auto finish = [self, out, then = std::move(then)] {
    self->busy_ = false;
    for (const auto& [box, state] : out->mailboxes)
      if (auto at = self->confirming_.find(box); at != self->confirming_.end())
        if (at->second == confirmation::loading || at->second == confirmation::seeding)
          at->second = confirmation::compared;
    if (!out->mailboxes.empty()) {
      self->compared_ = out->number = ++self->last_compare_;
      self->asked_.clear();
      for (const auto& [box, state] : out->mailboxes)
        self->asked_.push_back(box);
      self->core_.tell(self->peer_, true, *out);
    }
    then();
  };
  auto waits = std::make_shared<size_t>(boxes.size());
  if (boxes.empty())
    return finish();
  for (const auto& id : boxes) {
    auto one = [self, waits, finish, session = session_] {
      if (--*waits == 0 && session == self->session_)
        finish();
    };
    core_.self->request(core_.options.reader, limits::load_timeout, load_request{id})
        .then(
            [self, out, one](const load_reply& got) {
              if (got.state && got.state->exists())
                self->core_.moved(got.state->id); // is it still to be here?
              if (got.state && got.state->exists() &&
                  held_by(got.state->id, got.state->profile.region,
                          got.state->profile.location.value, *self->core_.places, self->peer_))
                out->mailboxes.emplace_back(got.state->id, state_digest(*got.state));
              // Changes that came when the copy had gone: who has the mailbox tells where it
              // belongs.
              if (got.state && !got.state->exists() && !got.state->messages.empty())
                out->mailboxes.emplace_back(got.state->id, state_digest(*got.state));
              one();
            },
            [one](caf::error&) { one(); });
  }
}

// --- before a copy goes -------------------------------------------------------------------------

bool outgoing::confirms(const mailbox_id& box) {
  const auto [at, fresh] = confirming_.try_emplace(box, confirmation::wanted);
  if (!fresh)
    return at->second == confirmation::done;
  to_confirm_.push_back(box);
  pump();
  return false;
}

bool outgoing::confirm_next() {
  if (compared_ != 0 || to_confirm_.empty())
    return false;
  std::vector<mailbox_id> boxes;
  for (; !to_confirm_.empty() && boxes.size() < limits::compared_at_once; to_confirm_.pop_front())
    if (auto at = confirming_.find(to_confirm_.front());
        at != confirming_.end() && at->second == confirmation::wanted) {
      at->second = confirmation::loading;
      boxes.push_back(at->first);
    }
  if (boxes.empty())
    return false;
  busy_ = true;
  compare(boxes, [self = shared_from_this(), boxes] {
    for (const auto& box : boxes) // those that could not be read are asked for anew
      if (auto at = self->confirming_.find(box);
          at != self->confirming_.end() && at->second == confirmation::loading)
        self->confirming_.erase(at);
    self->pump();
  });
  return true;
}

/// Equal is enough. What differs is shipped: the peer may have more, but then it has this too.
void outgoing::confirm_answered(const std::vector<mailbox_id>& asked,
                                const std::vector<mailbox_id>& differ) {
  for (const auto& box : asked)
    if (auto at = confirming_.find(box);
        at != confirming_.end() && at->second == confirmation::compared)
      at->second = std::find(differ.begin(), differ.end(), box) == differ.end()
                       ? confirmation::done
                       : confirmation::seeding;
}

void outgoing::confirm_applied(uint64_t number) {
  const auto end = confirmed_by_.upper_bound(number);
  for (auto each = confirmed_by_.begin(); each != end; ++each)
    if (auto at = confirming_.find(each->second);
        at != confirming_.end() && at->second == confirmation::sent)
      at->second = confirmation::done;
  confirmed_by_.erase(confirmed_by_.begin(), end);
}

} // namespace restante
