#include "actors/store_writer.hpp"

#include "actors/handlers.hpp"
#include "schemas/big_endian.hpp"
#include "schemas/limits.hpp"
#include "storage/keys.hpp"
#include "storage/numbering_floor.hpp"

#include <algorithm>

namespace restante {

namespace {

struct flush {}; // to itself: behind everything that is queued now

} // namespace
} // namespace restante
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(restante::flush)
namespace restante {
namespace {

using writer_self = store_writer_actor::extend<caf::reacts_to<flush>>;
constexpr int64_t day_ms = 86'400'000;

struct store_writer_state {
  static inline constexpr const char* name = "store-writer";
  explicit store_writer_state(writer_self::pointer s) : self{s} {}

  using promise = caf::typed_response_promise<commit_reply>;
  struct waiting {
    std::shared_ptr<commit_request> what;
    promise reply;
    uint64_t sequence = 0;
    size_t own_rows = 0;
  };

  writer_self::pointer self;
  store_writer_options options;
  std::vector<log_listener_actor> listeners;
  std::shared_ptr<meter> told = std::make_shared<meter>(limits::told_bytes_max);
  std::vector<waiting> group;
  size_t group_bytes = 0;
  bool flush_sent = false;
  bool told_of_no_room = false;
  uint32_t record_day = 0; // of the newest record; the clock may be set back, keys may not

  caf::result<commit_reply> accept(std::shared_ptr<commit_request> what) {
    promise reply = self->make_response_promise<commit_reply>();
    for (const auto& row : what->rows)
      group_bytes += row.key.size() + row.value.size();
    group.push_back({std::move(what), reply});
    if (group.size() >= limits::group_commits_max || group_bytes >= limits::group_bytes_max) {
      write_group();
    } else if (!flush_sent) {
      self->send(self, flush{});
      flush_sent = true;
    }
    return reply;
  }

  /// Numbers the changes and records of `batch` and appends their rows.
  log_position number(std::vector<waiting*>& batch) {
    auto at = options.at;
    for (auto* entry : batch) {
      auto& rows = entry->what->rows;
      entry->own_rows = rows.size();
      at.hlc = std::max(at.hlc, entry->what->hlc);
      if (!entry->what->change.empty()) {
        entry->sequence = ++at.change;
        rows.push_back(
            row::put(family::changes, change_key(at.change), std::move(entry->what->change)));
      }
      if (!entry->what->record.empty()) {
        record_day = std::max(record_day, static_cast<uint32_t>(entry->what->at / day_ms));
        rows.push_back(row::put(family::records, record_key(record_day, ++at.record),
                                std::move(entry->what->record)));
      }
    }
    return at;
  }

  /// Takes back what `number` appended.
  static void unnumber(std::vector<waiting*>& batch) {
    for (auto* entry : batch) {
      auto& rows = entry->what->rows;
      for (size_t i = entry->own_rows; i < rows.size(); ++i)
        (rows[i].in == family::changes ? entry->what->change : entry->what->record) =
            std::string{rows[i].value.view()};
      rows.resize(entry->own_rows);
      entry->sequence = 0;
    }
  }

  result<void> write(std::vector<waiting*>& batch, commit_class urgency) {
    auto at = number(batch);
    std::vector<kv_store::group> groups;
    groups.reserve(batch.size() + 1);
    for (auto* entry : batch)
      groups.emplace_back(entry->what->rows);
    row clock = row::put(family::meta, meta_key("hlc"), big_endian(at.hlc));
    groups.emplace_back(&clock, 1);
    auto done = options.store->commit(groups, urgency);
    if (done)
      options.at = at;
    else
      unnumber(batch);
    return done;
  }

  void write_group() {
    if (group.empty())
      return; // a full group went before its flush came
    auto now = std::exchange(group, {});
    group_bytes = 0;
    flush_sent = false;
    std::vector<waiting*> all, essential;
    for (auto& entry : now) {
      all.push_back(&entry);
      if (entry.what->urgency == commit_class::essential)
        essential.push_back(&entry);
    }
    auto urgency = essential.size() == all.size() ? commit_class::essential : commit_class::normal;
    auto done = write(all, urgency);
    if (done) {
      told_of_no_room &= urgency == commit_class::essential;
      answer(all, {});
    } else if (done.error().code == errc::storage_full && urgency == commit_class::normal) {
      // Deposits are refused; deletions and PIN counts still get the disk's last reserve.
      std::vector<waiting*> refused;
      std::copy_if(all.begin(), all.end(), std::back_inserter(refused),
                   [](auto* entry) { return entry->what->urgency == commit_class::normal; });
      answer(refused, done);
      if (!essential.empty())
        answer(essential, write(essential, commit_class::essential));
    } else {
      answer(all, done);
    }
  }

  void answer(std::vector<waiting*>& batch, const result<void>& done) {
    if (!done) {
      auto why = verdict(done.error());
      for (auto* entry : batch)
        entry->reply.deliver(commit_reply{tl::unexpected<failure>{why}});
      return;
    }
    bool outbox = false;
    // Listeners first would still be after the disk; callers first costs nobody anything.
    for (auto* entry : batch) {
      outbox |= std::any_of(entry->what->rows.begin(), entry->what->rows.end(),
                            [](auto& row) { return row.in == family::outbox && !row.erase; });
      entry->reply.deliver(commit_reply{entry->sequence});
    }
    const auto written = options.tells_rows ? group_of(batch) : nullptr;
    for (const auto& listener : listeners)
      self->send(listener, log_grew{options.at.change, outbox, written});
  }

  /// Nothing while much of what was told before is still held.
  std::shared_ptr<const commit_group> group_of(const std::vector<waiting*>& batch) const {
    size_t bytes = 0;
    for (const auto* entry : batch)
      for (const auto& row : entry->what->rows)
        bytes += row.key.size() + row.value.size();
    auto held = lease::within(told, bytes);
    if (!held)
      return nullptr;
    auto out = std::make_shared<commit_group>();
    out->held = std::move(*held);
    for (auto* entry : batch)
      out->commits.push_back(std::move(entry->what));
    return out;
  }

  /// What a failed write means for those who asked for it.
  failure verdict(const failure& why) {
    if (why.code == errc::storage_full)
      return no_room(why);
    if (why.code != errc::storage_failure)
      return why;
    if (options.fatal)
      options.fatal(why);
    if (std::string_view{why.reason} == "stopped")
      return why;
    return {errc::outcome_unknown, "write_failed",
            "the disk failed while storing: retry with the same request id when the node is back"};
  }

  /// Where the disk is and how full is the operator's matter: told once, until there is room again.
  failure no_room(const failure& why) {
    if (!std::exchange(told_of_no_room, true))
      options.log.error(why.reason, {{"text", why.text}});
    return {errc::storage_full, why.reason, "there is no room to store more: retry in minutes"};
  }

  void abandon() {
    for (auto& entry : std::exchange(group, {}))
      entry.reply.deliver(commit_reply{
          fail(errc::shutting_down, "store_closed", "the node is stopping; nothing was stored")});
  }
};

writer_self::behavior_type store_writer(writer_self::stateful_pointer<store_writer_state> self,
                                        store_writer_options options) {
  self->state.options = std::move(options);
  if (auto newest = self->state.options.store->last(family::records); newest && *newest)
    if (auto place = parse_record_key((*newest)->key))
      self->state.record_day = place->day;
  install_handlers(self, [self] { self->state.abandon(); });
  return {
      [self](std::shared_ptr<commit_request>& what) { return self->state.accept(std::move(what)); },
      [self](log_listener_actor& listener) {
        self->state.listeners.push_back(std::move(listener));
      },
      [self](flush) { self->state.write_group(); },
  };
}

} // namespace

result<log_position> read_log_position(const kv_store& store) {
  log_position at;
  auto change = store.last(family::changes);
  auto record = store.last(family::records);
  auto hlc = store.get(family::meta, meta_key("hlc"));
  auto repaired = store.get(family::meta, meta_key(numbering_floor::name));
  if (!change || !record || !hlc || !repaired)
    return tl::unexpected<failure>{!change   ? change.error()
                                   : !record ? record.error()
                                   : !hlc    ? hlc.error()
                                             : repaired.error()};
  if (*change)
    at.change = parse_change_key((*change)->key).value_or(0);
  if (*record)
    if (auto place = parse_record_key((*record)->key))
      at.record = place->sequence;
  if (*hlc)
    at.hlc = from_big_endian((*hlc)->view());
  if (*repaired) {
    const auto floor = decode_numbering_floor((*repaired)->view());
    at.change = std::max(at.change, floor.change);
    at.record = std::max(at.record, floor.record);
  }
  return at;
}

store_writer_actor spawn_store_writer(caf::actor_system& system, store_writer_options options,
                                      bool detached) {
  if (detached)
    return system.spawn<caf::detached>(store_writer, std::move(options));
  return system.spawn(store_writer, std::move(options));
}

} // namespace restante
