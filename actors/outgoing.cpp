#include "actors/replica.hpp"
#include "actors/replicator_parts.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

namespace restante {

namespace {

std::vector<std::optional<chunk>> values_of(const get_reply& got, size_t count) {
  return got.values && got.values->size() == count ? *got.values
                                                   : std::vector<std::optional<chunk>>(count);
}

} // namespace

// --- the conversation -------------------------------------------------------------------------

void outgoing::connected(bool up) {
  ++session_;
  held_back_ = nullptr;
  welcome_ = busy_ = false;
  up_ = up;
  resume_.reset();
  if (up)
    say_hello();
}

void outgoing::say_hello() {
  resume_ = core_.self->clock().now() + limits::hello_patience; // said again unless it is answered
  if (known_) {
    const auto& here = *core_.find(core_.name());
    const auto& clock = *core_.options.environment->clock;
    peer::hello out;
    out.cluster = core_.options.cluster;
    out.node = here.name;
    out.region = here.region;
    out.lane = here.lane;
    out.incarnation = clock.incarnation();
    out.newest = core_.newest;
    out.now = clock.now();
    return core_.tell(peer_, true, std::move(out));
  }
  auto self = shared_from_this();
  core_.self
      ->request(core_.options.reader, limits::load_timeout,
                get_request{{{family::meta, peer_progress_key(peer_)}}})
      .then(
          [self, session = session_](const get_reply& got) {
            if (!got.values || session != self->session_)
              return; // said again when the connection comes up again, or with the next tick
            if (const auto& row = got.values->front())
              if (auto kept = decode_peer_progress(row->view()))
                self->state_.progress = *kept;
            self->known_ = true;
            self->say_hello();
          },
          [](caf::error&) {});
}

void outgoing::welcomed(const peer::welcome& what) {
  if (welcome_)
    return; // of a hello that was said again: what was shipped since is on its way behind both
  if (what.seen_incarnation == core_.options.environment->clock->incarnation() &&
      what.seen_newest > core_.newest)
    return core_.restored(peer_);
  welcome_ = true;
  refused_.clear();
  resume_.reset();
  state_.begin(what.incarnation, core_.newest);
  // A store that was put back from a backup has seen less of this log than it had acknowledged.
  if (what.seen_incarnation != core_.options.environment->clock->incarnation() ||
      what.seen_newest < state_.progress.acknowledged)
    for (size_t partition = 0; partition < partition_count; ++partition)
      state_.unseed(partition);
  core_.standing_changed();
  restart();
}

/// What was on its way to be compared or seeded begins again.
void outgoing::restart() {
  ++session_;
  busy_ = false;
  partition_.reset();
  last_page_ = false;
  next_verified_ = 0;
  verify_at_ = core_.self->clock().now() + core_.options.verify_every;
  compared_ = 0;
  compare_waits_.reset();
  batches_wait_.reset();
  seeds_.clear();
  later_.clear();
  confirming_.clear();
  to_confirm_.clear();
  confirmed_by_.clear();
  refused_ones_.clear();
  misfits_.clear();
  held_back_ = nullptr;
  seeded_for_ = 0;
  names_from_ = state_.progress.seeded.none() ? std::optional{std::string{}} : std::nullopt;
  placed();
  pump();
}

void outgoing::take(const peer::message& what) {
  if (auto* hello = std::get_if<peer::welcome>(&what))
    return welcomed(*hello);
  if (auto* refused = std::get_if<failure>(&what)) {
    core_.options.log.error("peer_refused_us", {{"peer", peer_}, {"why", refused->reason}});
    welcome_ = false;
    refused_ = refused->reason;
    resume_ = core_.self->clock().now() + limits::hello_patience;
    return core_.standing_changed();
  }
  if (!welcome_)
    return;
  if (auto* done = std::get_if<peer::applied>(&what)) {
    if (state_.applied(done->number)) {
      batches_wait_.reset();
      confirm_applied(done->number);
    }
  } else if (auto* not_taken = std::get_if<peer::stopped>(&what)) {
    core_.options.log.warning("peer_stopped", {{"peer", peer_}, {"why", not_taken->why.reason}});
    welcome_ = false; // begins anew after a pause
    resume_ = core_.self->clock().now() + limits::peer_pause;
  } else if (auto* differ = std::get_if<peer::differ>(&what)) {
    if (differ->number == compared_) {
      compared_ = 0;
      compare_waits_.reset();
      confirm_answered(*differ);
      differences_ += verifying_ ? differ->mailboxes.size() : 0;
      seeds_.insert(seeds_.end(), differ->mailboxes.begin(), differ->mailboxes.end());
    }
  }
  pump();
}

bool outgoing::overdue(std::optional<caf::actor_clock::time_point>& since, bool waits) const {
  const auto now = core_.self->clock().now();
  const auto patience = limits::peer_answer_patience + limits::peer_slowest(state_.open_bytes());
  if (!waits)
    since.reset();
  else if (!since)
    since = now;
  return since && now - *since >= patience;
}

void outgoing::tick() {
  if (const bool compare_lost = overdue(compare_waits_, welcome_ && compared_ != 0),
      batches_lost = overdue(batches_wait_, welcome_ && !state_.idle());
      compare_lost || batches_lost) {
    core_.options.log.warning("peer_answers_lost", {{"peer", peer_}});
    welcome_ = false;
    resume_ = core_.self->clock().now();
    core_.standing_changed();
  }
  if (up_ && resume_ && core_.self->clock().now() >= *resume_)
    say_hello();
  for (const auto& box : std::exchange(later_, {}))
    seed(box);
  for (const auto& box : std::exchange(refused_ones_, {}))
    if (auto at = confirming_.find(box);
        at != confirming_.end() && at->second.step == confirmation::refused)
      confirming_.erase(at);
  if (welcome_)
    core_.tell(peer_, true,
               peer::alive{core_.find(core_.name())->draining, core_.newest,
                           state_.progress.acknowledged, seeds_.empty() && lacks_only(damaged_)});
  keep_progress();
  pump();
}

void outgoing::keep_progress() {
  if (!std::exchange(state_.changed, false))
    return;
  auto commit = std::make_shared<commit_request>();
  commit->rows.push_back(row::put(family::meta, peer_progress_key(peer_), encode(state_.progress)));
  commit->urgency = commit_class::essential;
  // Lost, it is only shipped again.
  core_.self->request(core_.options.writer, limits::commit_timeout, std::move(commit))
      .then([](const commit_reply&) {}, [](caf::error&) {});
}

// --- what goes out ----------------------------------------------------------------------------

/// One thing at a time: each does or begins something, or says that it has nothing to do.
void outgoing::pump() {
  lag_.sample(core_.self->clock().now(), core_.newest, state_.progress.acknowledged);
  if (held_back_ && welcome_ && (held_back_as_last_ ? state_.idle() : state_.credit()))
    return std::exchange(held_back_, nullptr)();
  while (welcome_ && !busy_ && state_.credit())
    if (!next_seed() && !ship_log() && !confirm_next() && !tell_names() && !compare_next())
      return;
}

uint64_t outgoing::send_batch(std::vector<peer::entry> entries, uint64_t through) {
  size_t bytes = 0;
  for (auto& entry : entries) {
    bytes += bytes_of(entry);
    auto what = decode_change(entry.change);
    for (auto& row : entry.media) {
      if (row.bytes.size() <= limits::batch_bytes_max || !what)
        continue;
      auto whole = std::exchange(row.bytes, {});
      row.in_pieces = true;
      for (size_t at = 0; at < whole.size(); at += limits::piece_bytes_max) {
        peer::piece piece{what->mailbox, row, at};
        piece.row.in_pieces = false;
        auto owner = std::make_shared<const chunk>(whole);
        piece.row.bytes = chunk{owner, owner->view().substr(at, limits::piece_bytes_max)};
        core_.tell(peer_, true, std::move(piece));
      }
    }
  }
  auto number = state_.sent(through, bytes);
  core_.tell(peer_, true, peer::batch{number, core_.newest - state_.shipped(), std::move(entries)});
  return number;
}

bool outgoing::ship_log() {
  if (state_.shipped() >= core_.newest)
    return false;
  const auto* to = core_.find(peer_);
  std::vector<peer::entry> entries;
  size_t bytes = 0;
  auto through = state_.shipped();
  while (through < core_.newest && entries.size() < limits::batch_entries_max &&
         bytes < limits::batch_bytes_max) {
    auto next = core_.recent.find(through + 1);
    if (!next)
      break;
    auto wanted = to == nullptr ? interest::nothing : interest_of(next->what, *core_.places, *to);
    // Where the subscriber roams from now on the whole mailbox comes first.
    bool arrives = next->what.what == cause::located && wanted == interest::everything &&
                   next->what.location == to->region && next->what.region != to->region;
    if (arrives && seeded_for_ != next->sequence) {
      if (!entries.empty())
        break;
      seeded_for_ = next->sequence;
      state_.skipped(through);
      seed(next->what.mailbox);
      return true;
    }
    if (wanted == interest::everything)
      entries.push_back(next->entry);
    else if (wanted == interest::names)
      entries.push_back(names_in(next->what));
    if (wanted != interest::nothing)
      bytes += bytes_of(entries.back());
    if (wanted == interest::everything && next->incomplete)
      seed(next->what.mailbox);
    ++through;
  }
  if (through == state_.shipped()) {
    read_log(through + 1);
    return true;
  }
  if (entries.empty())
    state_.skipped(through);
  else
    send_batch(std::move(entries), through);
  return true;
}

void outgoing::read_log(uint64_t from) {
  busy_ = true;
  auto self = shared_from_this();
  core_.self
      ->request(core_.options.reader, limits::load_timeout,
                page_request{family::changes, {}, change_key(from), limits::shipped_page_max})
      .then(
          [self, session = session_](const page_reply& got) {
            if (session != self->session_)
              return;
            if (got.page && !got.page->empty())
              return self->pack_page(*got.page);
            self->busy_ = false; // tried again with the next tick
            if (got.page)
              self->pass_gap(self->core_.newest);
          },
          [self, session = session_](caf::error&) {
            if (session == self->session_)
              self->busy_ = false;
          });
}

/// Changes that a repair could not keep: what they did is found by comparing.
void outgoing::pass_gap(uint64_t through) {
  core_.options.log.warning("log_gap", {{"peer", peer_}, {"through", std::to_string(through)}});
  state_.skipped(through);
  for (size_t partition = 0; partition < partition_count; ++partition)
    state_.unseed(partition);
  unseeded_ = true;
}

/// Reads the media of as many changes as are not too much at once.
void outgoing::pack_page(const std::vector<key_value>& page) {
  struct packing {
    std::vector<std::tuple<uint64_t, std::string, change, size_t>> changes; // and media rows
  };
  auto job = std::make_shared<packing>();
  get_request wanted;
  if (const auto first = parse_change_key(page.front().key);
      first && !decode_change(page.front().value))
    pass_gap(*first);
  else if (first && *first > state_.shipped() + 1)
    pass_gap(*first - 1);
  uint64_t expected = state_.shipped() + 1;
  size_t media = 0;
  for (const auto& entry : page) {
    auto sequence = parse_change_key(entry.key);
    if (sequence && *sequence < expected)
      continue;
    auto what = decode_change(entry.value);
    if (!sequence || *sequence != expected || !what || media > limits::shipped_media_bytes_max)
      break;
    ++expected;
    if (what->what == cause::located)
      core_.moved(what->mailbox);
    auto rows = media_with(*what);
    for (const auto& [id, message] : what->delta.messages)
      for (const auto& part : message.parts)
        media += rows.empty() ? 0 : part.size;
    job->changes.emplace_back(*sequence, entry.value, std::move(*what), rows.size());
    std::move(rows.begin(), rows.end(), std::back_inserter(wanted.rows));
  }
  auto self = shared_from_this();
  auto pack_all = [self, job](const get_reply& got, size_t count) {
    auto values = values_of(got, count);
    size_t next = 0;
    self->core_.recent.trim();
    for (auto& [sequence, bytes, what, rows] : job->changes) {
      auto first = values.begin() + static_cast<ptrdiff_t>(next);
      next += rows;
      self->core_.recent.add(pack(sequence, std::move(bytes), std::move(what),
                                  {first, first + static_cast<ptrdiff_t>(rows)}));
    }
    self->busy_ = false;
    self->pump();
  };
  if (wanted.rows.empty())
    return pack_all({}, 0);
  auto count = wanted.rows.size();
  core_.self->request(core_.options.reader, limits::load_timeout, std::move(wanted))
      .then(
          [self, pack_all, count, session = session_](const get_reply& got) {
            if (session != self->session_)
              return;
            pack_all(got, count); // what is damaged is left out, and the mailbox seeded behind it
          },
          [self, session = session_](caf::error&) {
            if (session == self->session_)
              self->busy_ = false;
          });
}

} // namespace restante
