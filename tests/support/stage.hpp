// The whole cast of a node on a store in memory, without threads: what a deterministic test of any
// actor above the mailbox stands on. `held` is between everybody and the writer, so that a test can
// make the disk slow; `trace` says in which order commits and hashes happened.
//
// Invariant: restart() leaves only what is on disk.
#pragma once

#include "actors/directory.hpp"
#include "actors/feed.hpp"
#include "actors/gatekeeper.hpp"
#include "actors/node.hpp"
#include "actors/notifier.hpp"
#include "actors/pin_hasher.hpp"
#include "actors/sms_desk.hpp"
#include "actors/store_reader.hpp"
#include "actors/store_writer.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"
#include "storage/mailbox_rows.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/held_store.hpp"
#include "tests/support/model_fixture.hpp"

#include <stdexcept>

namespace restante {

/// Counts what is hashed and passes it on.
inline pin_hasher_actor::behavior_type
watched_hasher(pin_hasher_actor::pointer self, pin_hasher_actor behind,
               std::shared_ptr<std::vector<std::string>> trace) {
  install_handlers(self, [] {});
  return {
      [self, behind, trace](const hash_request& what) {
        trace->emplace_back("hash");
        return self->delegate(behind, what);
      },
      [self, behind](const hash_place_request& what) { return self->delegate(behind, what); },
      [self, behind, trace](const verify_request& what) {
        trace->emplace_back("hash");
        return self->delegate(behind, what);
      },
  };
}

/// Keeps what the feed pushes.
inline event_sink_actor::behavior_type
recording_sink(event_sink_actor::pointer self, std::shared_ptr<std::vector<answer::event>> heard) {
  install_handlers(self, [] {});
  return {[heard](const feed_events& what) {
    heard->insert(heard->end(), what.events.begin(), what.events.end());
  }};
}

/// Keeps what the notifier hands over.
inline gateway_sink_actor::behavior_type
recording_gateway(gateway_sink_actor::pointer self,
                  std::shared_ptr<std::vector<gateway_submit>> heard) {
  install_handlers(self, [] {});
  return {[heard](const gateway_submit& what) { heard->push_back(what); }};
}

struct stage : actor_fixture {
  static constexpr const char* number = "+15055550183";
  static constexpr const char* imei = "490154203237518";
  static constexpr const char* pin = "482913";

  /// Where it stands in a cluster; alone by default.
  struct place {
    std::string region = "eu1";
    uint64_t incarnation = 1;
    uint32_t lane = 0;
    uint32_t lanes = 1;
    std::vector<std::string> regions = {};
    /// What stands before the node, if anything does.
    std::function<node_actor(stage&)> entrance = {};
    uint32_t pin_copies = 1;
  };

  stage() : stage{place{}} {}
  explicit stage(place where) : where{std::move(where)} {
    init_crypto();
    for (const auto& entry : {acme, rival, portal, gateway, admin})
      tenants->put(*entry);
    store->on_commit = [at = trace](auto) { at->emplace_back("commit"); };
    start();
  }

  static secret_key key(uint8_t byte) {
    std::array<uint8_t, 32> raw;
    raw.fill(byte);
    return secret_key{raw};
  }

  /// Brings up the cast on what is on disk.
  void start() {
    auto at = read_log_position(*store);
    BOOST_REQUIRE(at.has_value());
    newest = at->change;
    auto clock = std::make_shared<hybrid_clock>(where.incarnation, at->hlc,
                                                [time = wall, bad = clock_broken] {
                                                  if (*bad)
                                                    throw std::runtime_error{"the clock is broken"};
                                                  return *time;
                                                });
    mailbox_environment around{key(7), where.region, {}, "en", std::move(clock), tenants};
    around.uid_lane = where.lane;
    around.uid_lanes = where.lanes;
    around.regions = std::make_shared<region_list>(where.regions);
    around.pin_copies = where.pin_copies;
    environment = std::make_shared<const mailbox_environment>(std::move(around));
    writer = keep(spawn_store_writer(
        sys, {store, *at, [bad = fatal](const failure& why) { bad->push_back(why); }, {}, true},
        false));
    held = spawn(held_store, writer);
    reader = keep(spawn_store_reader(sys, store, false));
    real_hasher = keep(spawn_pin_hasher(sys, {key(9), {1, 8192}}, false));
    hasher = spawn(watched_hasher, real_hasher, trace);
    services = std::make_shared<const mailbox_services>(
        mailbox_services{held, {reader}, hasher, environment, log});
    node = keep(spawn_node(
        sys, {.services = services, .idle = idle, .active_messages_max = active_messages_max}));
    entrance = where.entrance ? where.entrance(*this) : node;
    directory = keep(spawn_directory(sys, {.writer = held,
                                           .reader = reader,
                                           .hasher = hasher,
                                           .node = entrance,
                                           .environment = environment,
                                           .tenants = tenants}));
    gatekeeper =
        keep(spawn_gatekeeper(sys, {held, reader, hasher, directory, environment, key(5)}));
    feed = keep(spawn_feed(
        sys, {.writer = held, .reader = reader, .tenants = tenants, .newest = at->change}));
    notifier =
        keep(spawn_notifier(sys, {.writer = held, .reader = reader, .environment = environment}));
    auto subscribers =
        where.entrance ? caf::actor_cast<directory_actor>(entrance) : directory_actor{directory};
    desk = keep(spawn_sms_desk(sys, {held, reader, subscribers, environment}));
    tell(writer, log_listener_actor{feed});
    tell(writer, log_listener_actor{notifier});
    run();
  }

  /// The node's figures.
  std::map<std::string, std::string> status() {
    auto done = ask(node, node_status_request{});
    run();
    auto figures = done.as<answer::status>().figures;
    return {figures.begin(), figures.end()};
  }

  void pass_idle_time() { advance(idle + std::chrono::seconds{2}); }

  /// Ends everybody and begins again on the same disk.
  void restart() {
    exit_cast();
    start();
  }

  // --- asking ------------------------------------------------------------------------------------

  tenant_request_ptr request_of(operation what, std::string id, tenant_ptr who = nullptr) const {
    return std::make_shared<const tenant_request>(
        tenant_request{who ? std::move(who) : acme,
                       request{1, limits::deadline_default, std::move(id), std::move(what)}});
  }

  call ask_directory(operation what, std::string id, tenant_ptr who = nullptr) {
    return ask(directory, request_of(std::move(what), std::move(id), std::move(who)));
  }

  command_ptr command_of(const mailbox_id& box, mailbox_op op, std::string id,
                         tenant_ptr who = nullptr) const {
    return std::make_shared<const command>(
        command{who ? std::move(who) : acme, std::move(id), box, std::move(op)});
  }

  call ask_node(const mailbox_id& box, mailbox_op op, std::string id, tenant_ptr who = nullptr) {
    return ask(node, command_of(box, std::move(op), std::move(id), std::move(who)));
  }

  [[nodiscard]] op::deposit voicemail(char fill = 'a') const {
    return {message_format::voicemail,     "+15055551212", 1'799'000'000'000, 0, false,
            {model_tests::audio(50, fill)}};
  }

  /// Registers a device with the PIN `pin`.
  mailbox_id register_device(std::string the_number = number, std::string the_imei = {}) {
    ask::register_device what;
    what.number = std::move(the_number);
    what.imei = std::move(the_imei);
    what.pin = pin;
    auto done = ask_directory(what, "register " + what.number + what.imei);
    run();
    return done.as<answer::registered>().profile.mailbox;
  }

  answer::deposited deposit(const mailbox_id& box, const std::string& id, char fill = 'a') {
    auto done = ask_node(box, voicemail(fill), id);
    run();
    return done.as<answer::deposited>();
  }

  // --- the disk ----------------------------------------------------------------------------------

  [[nodiscard]] mailbox_state on_disk(const mailbox_id& box) const {
    auto found = load_mailbox(store->rows, box);
    BOOST_REQUIRE(found.has_value());
    return *found;
  }

  [[nodiscard]] std::vector<record> records() const {
    std::vector<record> out;
    const auto page = store->rows.scan(family::records, {}, {}, SIZE_MAX);
    for (const auto& entry : page.value())
      out.push_back(decode_record(entry.value).value());
    return out;
  }

  [[nodiscard]] size_t records_of(std::string_view kind) const {
    auto all = records();
    return static_cast<size_t>(
        std::count_if(all.begin(), all.end(), [&](auto& entry) { return entry.kind == kind; }));
  }

  [[nodiscard]] std::vector<notification> outbox() const {
    std::vector<notification> out;
    const auto page = store->rows.scan(family::outbox, {}, {}, SIZE_MAX);
    for (const auto& entry : page.value()) {
      out.push_back(decode_notification(entry.value).value());
      auto place = parse_outbox_key(entry.key).value();
      out.back().id = place.notification;
      out.back().due_at = static_cast<wall_ms>(place.due_ms);
    }
    return out;
  }

  [[nodiscard]] size_t texts_of(notice kind) const {
    auto all = outbox();
    return static_cast<size_t>(std::count_if(all.begin(), all.end(), [&](auto& entry) {
      return entry.kind == static_cast<uint8_t>(kind);
    }));
  }

  place where;
  uint64_t newest = 0; // change in the log at the start

  // Of the node, from the next start on.
  std::chrono::seconds idle{60};
  size_t active_messages_max = limits::active_messages_max;
  logger log;
  tenant_ptr acme = model_tests::tenant("acme", role::mvno);
  tenant_ptr rival = model_tests::tenant("rival", role::mvno);
  tenant_ptr portal = model_tests::tenant("portal", role::application, {"acme"});
  tenant_ptr gateway = model_tests::tenant("smsc", role::sms_gateway, {"acme"});
  tenant_ptr admin = model_tests::tenant("admin", role::operator_);
  std::shared_ptr<tenant_registry> tenants = std::make_shared<tenant_registry>();
  std::shared_ptr<watched_store> store = std::make_shared<watched_store>();
  std::shared_ptr<bool> clock_broken = std::make_shared<bool>(false);
  std::shared_ptr<std::vector<failure>> fatal = std::make_shared<std::vector<failure>>();
  std::shared_ptr<std::vector<std::string>> trace = std::make_shared<std::vector<std::string>>();
  environment_ptr environment;
  store_writer_actor writer; // the real one
  held_store_actor held;     // what everybody takes for it
  store_reader_actor reader;
  pin_hasher_actor real_hasher;
  pin_hasher_actor hasher;
  std::shared_ptr<const mailbox_services> services;
  node_actor node;
  node_actor entrance; // where clients' commands go
  directory_actor directory;
  gatekeeper_actor gatekeeper;
  feed_actor feed;
  notifier_actor notifier;
  sms_desk_actor desk;
};

} // namespace restante
