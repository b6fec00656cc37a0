#include "cluster/engine.hpp"

#include "actors/directory.hpp"
#include "actors/feed.hpp"
#include "actors/gatekeeper.hpp"
#include "actors/node.hpp"
#include "actors/notifier.hpp"
#include "actors/pin_hasher.hpp"
#include "actors/sms_desk.hpp"
#include "actors/store_reader.hpp"
#include "actors/store_writer.hpp"
#include "actors/time_zone.hpp"
#include "bridges/mvno_bridge.hpp"
#include "bridges/sms_bridge.hpp"
#include "cluster/peering.hpp"
#include "cluster/store_keys.hpp"
#include "schemas/big_endian.hpp"
#include "storage/keys.hpp"
#include "storage/rocks_store.hpp"

#include <prometheus/exposer.h>

#include <thread>

namespace restante {

namespace {

/// Messages one actor handles before others get their turn; CAF's default is no limit.
constexpr size_t actor_turn = 64;
constexpr auto poll_pause = std::chrono::milliseconds{5};
/// A connection to the metrics that asks nothing holds a thread until it is given up: with these,
/// 100 of them delay an answer by six seconds, where Prometheus gives up after ten.
constexpr const char* metrics_threads = "16";
constexpr const char* metrics_patience_ms = "1000";

class actor_config : public caf::actor_system_config {
public:
  explicit actor_config(unsigned threads) {
    // The disk's and the sockets' threads keep a core busy by themselves. CAF's own default is four
    // at least: on two cores that cost a fifth of the deposits.
    set("scheduler.max-threads",
        threads != 0 ? threads : std::max(2U, std::thread::hardware_concurrency()) - 1);
    set("scheduler.max-throughput", actor_turn);
  }
};

/// A store is one incarnation of a node; a copy restored from a backup must get a new one.
result<uint64_t> incarnation_of(kv_store& store) {
  auto row = store.get(family::meta, meta_key("incarnation"));
  if (!row)
    return tl::unexpected<failure>{row.error()};
  std::string bytes = *row ? std::string{(*row)->view()} : random_bytes(8);
  if (!*row) {
    restante::row made[] = {row::put(family::meta, meta_key("incarnation"), bytes)};
    if (auto ok = store.commit(made); !ok)
      return tl::unexpected<failure>{ok.error()};
  }
  return from_big_endian(bytes);
}

endpoint_options options_of(const endpoint_config& from, const node_keys& keys) {
  endpoint_options out;
  out.how = static_cast<endpoint_options::pattern>(from.how);
  out.address = from.address;
  out.local_tenant = from.tenant;
  if (from.by == endpoint_config::security::curve)
    out.curve_secret = {reinterpret_cast<const char*>(keys.curve.bytes.data()),
                        keys.curve.bytes.size()};
  out.zap_domain = from.is == endpoint_config::kind::sms ? zap_domain_sms : zap_domain_mvno;
  return out;
}

/// Watches the cast: none of it ends while the node serves, unless by a defect.
caf::behavior watch(caf::event_based_actor* self, const std::vector<caf::strong_actor_ptr>& cast,
                    std::function<void(const failure&)> fatal) {
  for (const auto& actor : cast)
    self->monitor(caf::actor_cast<caf::actor>(actor));
  self->set_down_handler([fatal = std::move(fatal)](caf::down_msg&) {
    if (fatal)
      fatal({errc::storage_failure, "actor_ended",
             "a part of the node ended by a defect: the node must be started again"});
  });
  return {[](const caf::unit_t&) {}}; // hears only of ends
}

} // namespace

struct engine::parts {
  engine_options options;
  std::shared_ptr<rocks_store> store;
  std::shared_ptr<tenant_registry> tenants = std::make_shared<tenant_registry>();
  probe figures;
  environment_ptr environment;
  std::unique_ptr<actor_config> config;
  std::unique_ptr<caf::actor_system> system;
  std::vector<caf::strong_actor_ptr> cast; // in start order
  std::unique_ptr<mvno_bridge> mvno;
  std::unique_ptr<sms_bridge> sms;
  std::unique_ptr<peering> peers; // none: alone
  std::unique_ptr<prometheus::Exposer> metrics;
  bool stopped = false;

  explicit parts(engine_options o) : options{std::move(o)} {}

  template <class Handle>
  Handle keep(Handle actor) {
    cast.push_back(caf::actor_cast<caf::strong_actor_ptr>(actor));
    return actor;
  }

  // --- start, in order -------------------------------------------------------------------------

  result<void> open_store() {
    const auto& from = options.config;
    rocks_store::options how;
    how.directory = from.data;
    how.reserve_bytes = from.disk_reserve_bytes;
    how.cache_bytes = from.cache_bytes;
    auto opened = rocks_store::open(how);
    if (!opened)
      return tl::unexpected<failure>{opened.error()};
    store = std::move(*opened);
    return {};
  }

  result<log_position> prepare() {
    if (auto ok = check_keys_of(*store, options.keys); !ok)
      return tl::unexpected<failure>{ok.error()};
    auto position = read_log_position(*store);
    auto incarnation = incarnation_of(*store);
    auto known = load_tenants(*store);
    if (!position || !incarnation || !known)
      return tl::unexpected<failure>{!position      ? position.error()
                                     : !incarnation ? incarnation.error()
                                                    : known.error()};
    for (auto& tenant : *known)
      tenants->put(std::move(tenant));
    tenants->put({.name = "operator", .is = role::operator_});
    mailbox_environment made{options.keys.identity, options.config.region, {}, {}, {}, {}};
    made.pins.digits_min = options.config.pin_digits_min;
    made.language = options.config.language;
    made.clock = std::make_shared<hybrid_clock>(*incarnation, position->hlc, system_now);
    made.tenants = tenants;
    if (peers)
      peers->describe(made);
    environment = std::make_shared<const mailbox_environment>(std::move(made));
    return position;
  }

  std::vector<std::pair<std::string, std::string>> all_figures() const {
    auto out = figures.figures();
    for (auto& [name, value] : store->figures())
      out.emplace_back("store." + name, std::to_string(value));
    out.emplace_back("disk_free_bytes", std::to_string(store->free_bytes()));
    return out;
  }

  void start_actors(const log_position& position) {
    config = std::make_unique<actor_config>(options.config.worker_threads);
    system = std::make_unique<caf::actor_system>(*config);
    const bool ships = peers != nullptr;
    auto writer = keep(spawn_store_writer(
        *system, {store, position, options.fatal, options.log, ships}, /*detached*/ true));
    auto teller = std::make_shared<damage_teller>(options.log);
    auto reader = keep(spawn_store_reader(*system, store, true, teller));
    std::vector<store_reader_actor> mailbox_readers;
    for (size_t i = 0; i < limits::mailbox_readers; ++i)
      mailbox_readers.push_back(keep(spawn_store_reader(*system, store, true, teller)));
    auto hasher = keep(spawn_pin_hasher(*system, {options.keys.pepper, options.pin_cost}, true));
    auto services = std::make_shared<const mailbox_services>(
        mailbox_services{writer, std::move(mailbox_readers), hasher, environment, options.log});
    auto node = keep(spawn_node(*system, {services, options.config.mailbox_idle, options.log}));
    // Where requests go: here, or to whoever serves their mailbox.
    auto entrance = peers ? keep(peers->spawn_entrance(*system, node, environment, tenants))
                          : forwarder_actor{};
    node_actor mailboxes = peers ? node_actor{entrance} : node;
    auto directory =
        keep(spawn_directory(*system, {writer, reader, hasher, mailboxes, environment, tenants,
                                       options.log, [this] { return all_figures(); }}));
    directory_actor subscribers = peers ? directory_actor{entrance} : directory;
    auto gatekeeper = keep(
        spawn_gatekeeper(*system, {writer, reader, hasher, directory, environment, random_key()}));
    auto feed = keep(spawn_feed(*system, {writer, reader, tenants, position.change}));
    notifier_options how{writer, reader, environment};
    how.retry_base = options.config.sms_retry_base;
    how.retry_max = options.config.sms_retry_max;
    how.give_up = options.config.sms_give_up;
    how.log = options.log;
    auto notifier = keep(spawn_notifier(*system, how));
    auto desk = keep(spawn_sms_desk(*system, {writer, reader, subscribers, environment}));
    caf::anon_send(writer, caf::actor_cast<log_listener_actor>(feed));
    caf::anon_send(writer, caf::actor_cast<log_listener_actor>(notifier));
    if (peers) {
      replicator_options with{writer, reader, node, directory, environment};
      with.newest = position.change;
      with.fatal = options.fatal;
      auto replicator = keep(peers->spawn_replication(*system, std::move(with), entrance));
      caf::anon_send(writer, caf::actor_cast<log_listener_actor>(replicator));
      caf::anon_send(entrance, carried_out_by{directory, replicator});
      peers->start(entrance, replicator);
    }
    mvno->start(keep(spawn_gate(
        *system, {mailboxes, subscribers, gatekeeper, feed, environment, mvno->delivery()})));
    sms->start(keep(spawn_sms_gate(*system, {notifier, desk, sms->delivery()})));
    keep(system->spawn(watch, cast, options.fatal)); // the last to start is the first to stop
  }

  result<void> bind_peers() {
    if (!options.config.cluster)
      return {};
    auto bound = peering::bind(options.config, options.keys, figures, options.log);
    if (!bound)
      return tl::unexpected<failure>{bound.error()};
    peers = std::move(*bound);
    return {};
  }

  result<void> bind() {
    bridge_options outer{{}, tenants, &figures, options.log};
    bridge_options texts{{}, tenants, &figures, options.log};
    for (const auto& endpoint : options.config.endpoints)
      (endpoint.is == endpoint_config::kind::sms ? texts.endpoints : outer.endpoints)
          .push_back(options_of(endpoint, options.keys));
    try {
      mvno = std::make_unique<mvno_bridge>(std::move(outer));
      sms = std::make_unique<sms_bridge>(std::move(texts));
    } catch (const zmq::error_t& e) {
      return fail(errc::invalid_request, "endpoint_unbindable",
                  std::string{"an endpoint can't be bound ("} + e.what() +
                      "): is another restanted running, or the address not of this machine?");
    }
    if (options.config.metrics_address.empty())
      return {};
    try {
      metrics = std::make_unique<prometheus::Exposer>(
          std::vector<std::string>{"listening_ports", options.config.metrics_address, "num_threads",
                                   metrics_threads, "request_timeout_ms", metrics_patience_ms});
      metrics->RegisterCollectable(figures.registry());
    } catch (const std::exception& e) {
      return fail(errc::invalid_request, "metrics_unbindable",
                  "metrics can't be served on " + options.config.metrics_address + ": " + e.what());
    }
    return {};
  }

  // --- stop, in reverse ------------------------------------------------------------------------

  bool answered() const {
    return mvno->endpoints().in_flight() == 0 && sms->endpoints().in_flight() == 0;
  }

  bool wait_until_answered() const {
    auto end = std::chrono::steady_clock::now() + limits::drain_timeout;
    while (!mvno->endpoints().quiet() || !sms->endpoints().quiet()) {
      if (std::chrono::steady_clock::now() >= end)
        return answered(); // clients that never stop asking get no more answers
      std::this_thread::sleep_for(poll_pause);
    }
    return true;
  }

  /// Each actor is gone before the next is told to: nobody's last words are lost.
  void stop_actors() {
    caf::scoped_actor self{*system};
    while (!cast.empty()) {
      auto last = std::move(cast.back());
      cast.pop_back();
      self->monitor(caf::actor_cast<caf::actor>(last));
      caf::anon_send_exit(caf::actor_cast<caf::actor>(last), caf::exit_reason::user_shutdown);
      last = nullptr;
      self->receive([](const caf::down_msg&) {});
    }
  }

  bool stop() {
    if (std::exchange(stopped, true))
      return true;
    bool all_answered = true;
    if (system) {
      mvno->endpoints().drain();
      sms->endpoints().drain();
      all_answered = wait_until_answered();
      if (peers)
        peers->settle();
      stop_actors();
    }
    if (mvno)
      mvno->stop();
    if (sms)
      sms->stop();
    if (peers)
      peers->stop();
    metrics.reset(); // takes a second or two: nobody waits for it
    environment = nullptr;
    system.reset();
    store.reset();
    return all_answered;
  }
};

engine::engine(std::unique_ptr<parts> running) : parts_{std::move(running)} {}

engine::~engine() { parts_->stop(); }

result<std::unique_ptr<engine>> engine::start(engine_options options) {
  init_crypto();
  load_time_zones();
  auto parts = std::make_unique<engine::parts>(std::move(options));
  std::unique_ptr<engine> out{new engine{std::move(parts)}};
  auto& running = *out->parts_;
  if (auto ok = running.open_store(); !ok)
    return tl::unexpected<failure>{ok.error()};
  if (auto ok = running.bind_peers(); !ok)
    return tl::unexpected<failure>{ok.error()};
  auto position = running.prepare();
  if (!position)
    return tl::unexpected<failure>{position.error()};
  if (auto ok = running.bind(); !ok)
    return tl::unexpected<failure>{ok.error()};
  running.start_actors(*position);
  return out;
}

bool engine::stop() { return parts_->stop(); }

std::vector<std::string> engine::addresses() const {
  auto outer = parts_->mvno->endpoints().addresses();
  auto texts = parts_->sms->endpoints().addresses();
  std::vector<std::string> out;
  size_t next_outer = 0, next_text = 0;
  for (const auto& endpoint : parts_->options.config.endpoints)
    out.push_back(endpoint.is == endpoint_config::kind::sms ? texts[next_text++]
                                                            : outer[next_outer++]);
  return out;
}

} // namespace restante
