#include "actors/replica.hpp"
#include "actors/replicator_parts.hpp"

namespace restante {

namespace {

failure out_of_step(const char* reason, const char* text) {
  return {errc::invalid_request, reason, text};
}

/// Only nodes that hold a mailbox change it: their region is one of those each change names.
bool concerns(const member& peer, const taken_parcels::of_mailbox& what) {
  return std::all_of(what.changed_in.begin(), what.changed_in.end(),
                     [&](const auto& regions) { return regions.contains(peer.region); });
}

} // namespace

void incoming::refuse(failure why) {
  core_.options.log.error("peer_refused", {{"peer", peer_}, {"why", why.reason}});
  ++refusals_;
  refused_ = why.reason;
  end();
  told_ = true;
  core_.tell(peer_, false, std::move(why));
}

void incoming::end() {
  greeted_ = greeting_ = told_ = false;
  ++session_;
  core_.standing_changed();
}

void incoming::take(const peer::message& what) {
  if (std::holds_alternative<peer::forward>(what))
    return; // the forwarder's
  if (auto* hello = std::get_if<peer::hello>(&what))
    return greet(*hello);
  if (std::holds_alternative<failure>(what))
    return refuse(out_of_step("frame_undecodable", "a frame that can't be read"));
  if (!greeted_) { // of a conversation that ended here: it hears so once
    if (!greeting_ && !std::exchange(told_, true))
      core_.tell(peer_, false, failure{errc::conflict, "hello_missing", "say hello first"});
    return;
  }
  if (auto* batch = std::get_if<peer::batch>(&what))
    return take_batch(*batch);
  if (auto* piece = std::get_if<peer::piece>(&what)) {
    if (stopped_ == 0)
      if (auto ok = pieces_.add(*piece); !ok)
        refuse(ok.error());
  } else if (auto* asked = std::get_if<peer::compare>(&what)) {
    compare(*asked);
  } else if (auto* here = std::get_if<peer::alive>(&what)) {
    draining_ = here->draining;
    saw(here->newest);
    caught_up_ |= here->complete && here->acknowledged >= due_;
  } else {
    refuse(out_of_step("message_out_of_place", "only the side that was connected to says that"));
  }
}

void incoming::greet(const peer::hello& what) {
  ++session_;
  greeted_ = told_ = false;
  last_ = stopped_ = 0;
  due_ = what.newest;
  caught_up_ = false;
  pieces_.clear();
  open_.clear();
  const auto* known = core_.find(peer_);
  if (known == nullptr || what.node != peer_)
    return refuse(out_of_step("peer_unknown", "this key is another node's: check the member list"));
  if (what.cluster != core_.options.cluster)
    return refuse(out_of_step("cluster_other", "a node of another cluster: their identity keys "
                                               "differ"));
  if (what.region != known->region || what.lane != known->lane)
    return refuse(out_of_step("member_differs",
                              "region or lane are not those this node's member list gives"));
  if (what.version_min > peer::version_max || what.version_max < peer::version_min)
    return refuse({errc::unsupported, "version_unknown",
                   "no version of the protocol is spoken by "
                   "both: upgrade the older node first"});
  greeting_ = true;
  auto self = shared_from_this();
  core_.self
      ->request(core_.options.reader, limits::load_timeout,
                get_request{{{family::meta, peer_seen_key(peer_)}}})
      .then(
          [self, what, session = session_](const get_reply& got) {
            if (session != self->session_ || !got.values)
              return; // it says hello again
            if (const auto& row = got.values->front(); row && self->seen_ == peer_seen{})
              self->seen_ = decode_peer_seen(row->view()).value_or(peer_seen{});
            self->welcome(what);
          },
          [](caf::error&) {});
}

void incoming::welcome(const peer::hello& what) {
  greeting_ = false;
  greeted_ = true;
  refused_.clear();
  core_.standing_changed(); // before it hears so, and passes requests on
  peer::welcome out;
  out.version = std::min(what.version_max, peer::version_max);
  out.node = core_.name();
  out.incarnation = core_.options.environment->clock->incarnation();
  out.seen_incarnation = seen_.incarnation;
  out.seen_newest = seen_.newest;
  core_.tell(peer_, false, std::move(out));
  if (seen_.incarnation != what.incarnation)
    seen_ = {what.incarnation, 0};
  saw(what.newest);
}

void incoming::saw(uint64_t newest) {
  seen_changed_ |= newest > seen_.newest;
  seen_.newest = std::max(seen_.newest, newest);
}

/// A second's changes may be forgotten by a crash: then a backup that is no older is not noticed.
void incoming::tick() {
  const auto now = core_.self->clock().now();
  const auto overdue =
      std::find_if(open_.begin(), open_.end(), [&](const open& each) { return each.until <= now; });
  if (overdue != open_.end())
    done(overdue->number,
         failure{errc::outcome_unknown, "mailbox_silent", "a mailbox did not answer in time"});
  if (!seen_changed_ || now < keep_seen_at_)
    return;
  seen_changed_ = false;
  keep_seen_at_ = now + std::chrono::seconds{1};
  auto commit = std::make_shared<commit_request>();
  commit->rows.push_back(row::put(family::meta, peer_seen_key(peer_), encode(seen_)));
  commit->urgency = commit_class::essential;
  core_.self->request(core_.options.writer, limits::commit_timeout, std::move(commit))
      .then([](const commit_reply&) {}, [](caf::error&) {});
}

void incoming::take_batch(const peer::batch& what) {
  if (stopped_ != 0)
    return; // it begins anew with a hello
  if (last_ != 0 && what.number != last_ + 1)
    return refuse(out_of_step("batch_out_of_order", "a batch does not follow the one before"));
  if (open_.size() > limits::batches_in_flight_max)
    return refuse(out_of_step("credit_ignored", "more batches at a time than there is credit for"));
  last_ = what.number;
  open_.push_back({what.number, 1, {}, core_.self->clock().now() + limits::deadline_default});
  auto sorted = sort(what, pieces_);
  if (!sorted)
    return done(what.number, sorted.error());
  const auto& from = *core_.find(peer_);
  for (const auto& [id, box] : sorted->mailboxes)
    if (!concerns(from, box))
      return done(what.number, out_of_step("mailbox_not_yours",
                                           "a change of a mailbox that the peer does not hold"));
  open_.back().waits += sorted->mailboxes.size() + sorted->learnt.size();
  auto self = shared_from_this();
  auto ended = [self, number = what.number, session = session_](const std::optional<failure>& why) {
    if (session == self->session_)
      self->done(number, why);
  };
  auto silent = [ended](caf::error&) {
    ended(failure{errc::outcome_unknown, "mailbox_silent", "a mailbox did not answer in time"});
  };
  auto answered_with = [ended](const answered& got) {
    auto* why = std::get_if<failure>(&got.what);
    ended(why == nullptr ? std::nullopt : std::optional{*why});
  };
  for (auto& [id, box] : sorted->mailboxes) {
    bool moves = box.moved;
    core_.self->request(core_.options.node, caf::infinite, own_command(id, std::move(box.what)))
        .then(
            [self, id = id, moves, answered_with](const answered& got) {
              if (moves && !std::holds_alternative<failure>(got.what))
                self->core_.moved(id);
              answered_with(got);
            },
            silent);
  }
  for (auto& names : sorted->learnt)
    core_.self
        ->request(core_.options.directory, limits::deadline_default,
                  learn_names{names.mailbox, names.owner, names.region, std::move(names.aliases)})
        .then(answered_with, silent);
  done(what.number, std::nullopt); // the one for having sent all
}

void incoming::done(uint64_t number, const std::optional<failure>& why) {
  for (auto& each : open_)
    if (each.number == number) {
      --each.waits;
      if (why && !each.why)
        each.why = why;
    }
  uint64_t applied = 0;
  for (; !open_.empty() && (open_.front().waits == 0 || open_.front().why); open_.pop_front()) {
    if (open_.front().why) {
      if (applied != 0)
        core_.tell(peer_, false, peer::applied{applied});
      stopped_ = open_.front().number;
      refusals_ += open_.front().why->code == errc::invalid_request ? 1 : 0;
      core_.options.log.warning("peer_not_taken",
                                {{"peer", peer_}, {"why", open_.front().why->reason}});
      core_.tell(peer_, false, peer::stopped{stopped_, *open_.front().why});
      open_.clear();
      return;
    }
    applied = open_.front().number;
  }
  if (applied != 0)
    core_.tell(peer_, false, peer::applied{applied});
}

void incoming::compare(const peer::compare& what) {
  auto out = std::make_shared<peer::differ>();
  out->number = what.number;
  auto waits = std::make_shared<size_t>(what.mailboxes.size());
  auto self = shared_from_this();
  auto one = [self, out, waits, session = session_] {
    if (--*waits == 0 && session == self->session_)
      self->core_.tell(self->peer_, false, *out);
  };
  if (what.mailboxes.empty())
    return core_.tell(peer_, false, *out);
  for (const auto& [id, theirs] : what.mailboxes)
    core_.self->request(core_.options.reader, limits::load_timeout, load_request{id})
        .then(
            [self, out, one, id = id, theirs = theirs](const load_reply& got) {
              const bool same =
                  got.state && got.state->exists() && state_digest(*got.state) == theirs;
              if (!same)
                out->mailboxes.push_back(id);
              if (got.state && got.state->exists() && got.state->profile.sealed)
                out->leaving.push_back(id);
              // One that is the same knows where it belongs; sent to it once more, it would come
              // back where it was just dropped.
              if (!same && got.state && got.state->exists() &&
                  !held_by(id, got.state->profile.region, got.state->profile.location.value,
                           *self->core_.places, self->peer_))
                self->core_.misplaced(self->peer_, id);
              one();
            },
            [out, one, id = id](caf::error&) {
              out->mailboxes.push_back(id);
              one();
            });
}

} // namespace restante
