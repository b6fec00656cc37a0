#include "benchmarks/deposit_bench.hpp"

#include "benchmarks/sample.hpp"
#include "bridges/client.hpp"
#include "cluster/engine.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <unordered_map>

namespace restante::bench {

namespace {

using clock = std::chrono::steady_clock;
constexpr const char* tenant_name = "bench";
constexpr milliseconds patience{30'000};

double seconds_between(clock::time_point a, clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

/// A directory that goes with the benchmark.
struct scratch {
  std::filesystem::path path;
  explicit scratch(const std::filesystem::path& under) {
    auto base = under.empty() ? std::filesystem::temp_directory_path() : under;
    auto name = (base / "restante-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("no directory can be made under " + base.string());
    path = name;
  }
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

/// A node with one endpoint to measure and one to administer it.
struct bench_node {
  scratch home;
  node_keys keys{random_key(), random_key(), random_key()};
  std::unique_ptr<engine> running;
  identity depositor;

  explicit bench_node(const deposit_options& how) : home{how.directory} {
    node_config config;
    config.data = home.path / "data";
    config.region = "bench";
    config.metrics_address = "";
    endpoint_config admin{endpoint_config::kind::admin,
                          {},
                          endpoint_config::security::none,
                          "ipc://" + (home.path / "admin.sock").string(),
                          "operator"};
    endpoint_config load;
    load.address = how.tcp ? "tcp://127.0.0.1:*" : "ipc://" + (home.path / "load.sock").string();
    load.by = how.curve ? endpoint_config::security::curve : endpoint_config::security::none;
    load.tenant = how.curve ? "" : tenant_name;
    config.endpoints = {admin, load};
    auto started = engine::start({config, keys, {}, {}, {}});
    if (!started)
      throw std::runtime_error(started.error().text);
    running = std::move(*started);
    auto addresses = running->addresses();
    auto secret = random_key();
    add_tenant(addresses[0], curve_public(secret));
    depositor.endpoint = addresses[1];
    if (!how.curve)
      return;
    depositor.server_key = to_z85(curve_public(keys.curve));
    depositor.public_key = to_z85(curve_public(secret));
    depositor.secret_key =
        to_z85({reinterpret_cast<const char*>(secret.bytes.data()), secret.bytes.size()});
  }

  static void add_tenant(const std::string& admin, const std::string& key) {
    client asks{identity{"operator", admin, {}, {}, {}}};
    tenant_record tenant;
    tenant.name = tenant_name;
    tenant.public_key = key;
    tenant.region = "US";
    auto done = asks.ask(ask::tenant_add{tenant}, {}, patience);
    if (!done)
      throw std::runtime_error(done.error().text);
  }
};

std::string imei_of(size_t number) {
  auto text = std::to_string(10'000'000'000'000 + number); // 14 digits; the node adds the check
  return text;
}

/// Sends `total` requests, at most `window` open, and hands each answer to `take`.
template <class Make, class Take>
void pump(client& to, size_t total, size_t window, const char* doing, Make make, Take take) {
  size_t sent = 0, done = 0;
  auto told = clock::now();
  while (done < total) {
    while (sent < total && sent - done < window)
      make(sent++);
    auto got = to.receive(patience);
    if (!got || !*got)
      throw std::runtime_error(std::string{doing} + ": the node does not answer");
    take(**got);
    ++done;
    if (seconds_between(told, clock::now()) >= 1) {
      told = clock::now();
      std::fprintf(stderr, "\r%s %zu of %zu ", doing, done, total);
    }
  }
  std::fprintf(stderr, "\r%s %zu of %zu \n", doing, done, total);
}

std::vector<std::string> make_mailboxes(client& to, size_t count) {
  std::vector<std::string> profiles(count);
  std::unordered_map<uint64_t, size_t> asked;
  pump(
      to, count, 256, "mailboxes",
      [&](size_t number) {
        ask::register_device what;
        what.imei = imei_of(number);
        // A number makes every deposit write its notification, as in life.
        auto digits = std::to_string(number);
        what.number = "+1505" + std::string(7 - digits.size(), '2').append(digits);
        asked[to.post(what)] = number;
      },
      [&](const reply& got) {
        auto* done = std::get_if<answer::registered>(&got.what);
        if (done == nullptr)
          throw std::runtime_error("a mailbox can't be made: " + std::get<failure>(got.what).text);
        profiles[asked[got.correlation]] = to_string(done->profile);
      });
  return profiles;
}

uint64_t bytes_written() {
  std::ifstream io{"/proc/self/io"};
  std::string name;
  uint64_t value = 0;
  while (io >> name >> value)
    if (name == "write_bytes:")
      return value;
  return 0;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) + t.tv_usec / 1e6; };
  return of(used.ru_utime) + of(used.ru_stime);
}

double percentile(const std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0 : sorted[static_cast<size_t>(share * (sorted.size() - 1))];
}

} // namespace

deposit_figures run_deposits(const deposit_options& how) {
  init_crypto();
  bench_node node{how};
  client load{node.depositor};
  auto profiles = make_mailboxes(load, how.mailboxes);
  std::vector<chunk> recordings;
  for (uint64_t i = 0; i < 64; ++i)
    recordings.emplace_back(amr_of_size(how.size, i));

  deposit_figures out;
  std::vector<double> latencies;
  latencies.reserve(how.count);
  std::unordered_map<uint64_t, clock::time_point> open;
  auto written = bytes_written();
  auto cpu = cpu_seconds();
  auto began = clock::now();
  pump(
      load, how.count, how.window, "deposits",
      [&](size_t number) {
        op::deposit what;
        what.caller = "+15055551212";
        what.called_at = system_now();
        what.parts.push_back({media_type::amr, recordings[number % recordings.size()]});
        auto correlation = load.post(ask::of_mailbox{
            {subscriber_ref::by::profile, profiles[number % profiles.size()]}, std::move(what)});
        open[correlation] = clock::now();
      },
      [&](const reply& got) {
        auto since = open.extract(got.correlation);
        if (std::holds_alternative<answer::deposited>(got.what))
          latencies.push_back(seconds_between(since.mapped(), clock::now()) * 1e3);
        else
          ++out.refused;
      });
  out.seconds = seconds_between(began, clock::now());
  auto media = static_cast<double>(latencies.size() * how.size);
  out.acked_per_second = static_cast<double>(latencies.size()) / out.seconds;
  out.cpu_us_per_deposit = (cpu_seconds() - cpu) * 1e6 / static_cast<double>(how.count);
  out.bytes_written_per_byte = static_cast<double>(bytes_written() - written) / media;
  std::sort(latencies.begin(), latencies.end());
  out.latency_p50_ms = percentile(latencies, 0.5);
  out.latency_p99_ms = percentile(latencies, 0.99);
  out.latency_p999_ms = percentile(latencies, 0.999);
  out.latency_max_ms = percentile(latencies, 1);
  return out;
}

} // namespace restante::bench
