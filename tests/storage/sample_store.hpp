// A small sound store as a node leaves it: mailboxes with names and greetings, messages with media
// in tables and in blob files, flags, purged messages, the change log, records, texts to send. Its
// rows come from several openings, so that they stand in tables, blob files and a log.
// What was acknowledged is known to the last byte. Owner: a test.
#pragma once

#include "schemas/checksum.hpp"
#include "schemas/mailbox_state.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"
#include "storage/kv_store.hpp"
#include "storage/mailbox_rows.hpp"
#include "tests/support/random_state.hpp"
#include "tests/support/rocks_helpers.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

namespace restante {

using sample_rows = std::map<std::pair<family, std::string>, std::string>;

struct sample_message {
  std::string key; // of its row
  uint64_t change = 0;
  std::vector<std::string> media; // keys
};

struct sample_store {
  sample_rows rows;                     // all that was acknowledged and not erased
  std::vector<sample_message> messages; // that are not purged
  uint64_t last_change = 0;
};

namespace sample {

inline constexpr size_t mailboxes = 6;
inline constexpr size_t steps_each = 34;
inline constexpr wall_ms then = 1'795'000'000'000;

template <class Id>
Id random_id(random_source& draw) {
  Id out;
  for (auto& byte : out.bytes)
    byte = static_cast<uint8_t>(draw.below(250)); // greetings have all bits set
  return out;
}

inline std::string noise(random_source& draw, size_t bytes) {
  std::string out;
  while (out.size() < bytes)
    out += static_cast<char>(draw.below(256));
  return out;
}

inline std::string eight_bytes(uint64_t number) { return change_key(number); }

class maker {
public:
  maker(const std::filesystem::path& directory, random_source& draw)
      : directory_{directory}
      , draw_{draw} {}

  sample_store make(size_t openings) {
    for (size_t opening = 0; opening < openings; ++opening) {
      const auto store = opened(directory_);
      if (opening == 0)
        begin();
      for (size_t step = 0; step < steps_each; ++step) {
        for (auto commands = 1 + draw_.below(3); commands > 0; --commands)
          one_command();
        commit(*store);
      }
    }
    for (auto& message : out_.messages)
      std::sort(message.media.begin(), message.media.end());
    out_.last_change = change_;
    return std::move(out_);
  }

private:
  void put(family in, std::string key, std::string value) {
    batch_.push_back(row::put(in, std::move(key), std::move(value)));
  }

  void begin() {
    out_.rows[{family::meta, "format"}] = "1"; // the store's own
    put(family::meta, meta_key("incarnation"), eight_bytes(77));
    put(family::meta, meta_key("cursor/acme/crm"), "1");
    put(family::meta, meta_key("tenant/acme"),
        encode(tenant_record{.name = "acme", .public_key = std::string(32, 'k'), .region = "US"}));
    for (size_t i = 0; i < mailboxes; ++i)
      create(i);
  }

  void create(size_t number) {
    mailbox_state delta;
    delta.id = random_id<mailbox_id>(draw_);
    auto& profile = delta.profile;
    profile.tenant = "acme";
    profile.region = "eu1";
    profile.born_at = then;
    profile.aliases = {{alias_kind::number, "+1505555000" + std::to_string(number)},
                       {alias_kind::imei, "49015420323751" + std::to_string(number)}};
    profile.pin = {next(), "$argon2id$" + std::to_string(number)};
    const auto bytes = noise(draw_, number % 2 == 0 ? 700 : 6000);
    profile.greetings[0] = {next(), {media_type::amr, bytes.size(), checksum(bytes)}};
    put(family::media, greeting_key(delta.id, 0), bytes);
    for (const auto& name : profile.aliases)
      put(family::aliases, alias_key(name), encode(alias_target{delta.id, "acme", profile.region}));
    boxes_.push_back(delta);
    log(cause::registered, delta, {});
  }

  void one_command() {
    const bool any = !out_.messages.empty();
    if (any && draw_.one_in(8))
      return purge(draw_.below(out_.messages.size()));
    if (any && draw_.one_in(5))
      return flag(draw_.pick(out_.messages).key);
    deposit(boxes_[draw_.below(boxes_.size())]);
  }

  void deposit(mailbox_state& box) {
    message_record message;
    message.id = random_id<message_id>(draw_);
    message.uid = ++box.profile.uid_floor; // only a counter here
    message.caller = "+15055550100";
    message.called_at = message.stored_at = then + static_cast<wall_ms>(change_);
    message.deposited_by = "acme";
    sample_message made{message_key(box.id, message.id), change_ + 1, {}};
    for (auto parts = 1 + draw_.below(2); parts > 0; --parts) {
      const auto bytes = noise(draw_, draw_.one_in(2) ? 1500 : 7000);
      made.media.push_back(
          media_key(box.id, message.id, static_cast<uint8_t>(message.parts.size())));
      put(family::media, made.media.back(), bytes);
      message.parts.push_back({media_type::amr, bytes.size(), checksum(bytes)});
    }
    message.content = checksum(made.key);
    notification told{.id = random_id<notification_id>(draw_),
                      .due_at = then,
                      .mailbox = box.id,
                      .region = "eu1",
                      .tenant = "acme",
                      .to = "+1505",
                      .text = "new message"};
    append_outbox_row(batch_, told);
    records_[made.key] = message;
    out_.messages.push_back(std::move(made));
    log(cause::deposited, part_of(box.id), message);
  }

  void flag(const std::string& key) {
    auto& message = records_.at(key);
    message.flags[0] = {next(), !message.flags[0].value};
    log(cause::flagged, part_of(parse_message_key(key)->mailbox), message);
  }

  void purge(size_t which) {
    const auto gone = out_.messages[which];
    out_.messages.erase(out_.messages.begin() + static_cast<ptrdiff_t>(which));
    for (const auto& key : gone.media)
      batch_.push_back(row::remove(family::media, key));
    auto& message = records_.at(gone.key);
    message_record tombstone;
    tombstone.id = message.id;
    tombstone.uid = message.uid;
    tombstone.content = message.content;
    tombstone.purged = true;
    message = tombstone;
    log(cause::purged, part_of(parse_message_key(gone.key)->mailbox), message);
  }

  static mailbox_state part_of(const mailbox_id& id) {
    mailbox_state out;
    out.id = id;
    return out;
  }

  void log(cause what, mailbox_state delta, const std::optional<message_record>& message) {
    if (message)
      delta.messages.emplace(message->id, *message);
    append_state_rows(batch_, delta, delta.profile);
    change step{.mailbox = delta.id,
                .at = next(),
                .what = what,
                .tenant = "acme",
                .owner = "acme",
                .region = "eu1"};
    step.delta = std::move(delta);
    put(family::changes, change_key(++change_), encode(step));
    put(family::records, record_key(20'000, change_),
        encode(record{then, std::string{to_string(what)}, "acme", {}, {}}));
    put(family::meta, meta_key("hlc"), eight_bytes(clock_));
  }

  stamp next() { return {++clock_, 77}; }

  void commit(kv_store& store) {
    const auto done = store.commit(batch_);
    BOOST_REQUIRE_MESSAGE(done, done.error().text);
    for (auto& step : std::exchange(batch_, {})) {
      if (step.erase)
        out_.rows.erase({step.in, step.key});
      else
        out_.rows[{step.in, step.key}] = std::string{step.value.view()};
    }
  }

  const std::filesystem::path& directory_;
  random_source& draw_;
  sample_store out_;
  std::vector<row> batch_;
  std::vector<mailbox_state> boxes_;
  std::map<std::string, message_record> records_; // by key
  uint64_t change_ = 0;
  uint64_t clock_ = static_cast<uint64_t>(then) << 16;
};

} // namespace sample

/// Makes the store in a directory and closes it. With one opening all rows are in the log.
inline sample_store make_sample_store(const std::filesystem::path& directory, random_source& draw,
                                      size_t openings = 3) {
  return sample::maker{directory, draw}.make(openings);
}

/// As much of the join of states as the changes of a sample need.
inline void merge_sample(mailbox_state& into, const mailbox_state& from) {
  if (into.profile < from.profile)
    into.profile = from.profile;
  for (const auto& [id, other] : from.messages) {
    auto& here = into.messages.emplace(id, other).first->second;
    if (other.purged)
      here = other;
    for (size_t i = 0; i < flag_count; ++i)
      if (here.flags[i].at < other.flags[i].at)
        here.flags[i] = other.flags[i];
  }
}

} // namespace restante
