// restanted: one node. Reads its configuration, serves until SIGTERM or SIGINT, answers everything
// it has accepted, and ends.
#include "bridges/curve_keys.hpp"
#include "cluster/engine.hpp"
#include "cluster/example_config.hpp"
#include "schemas/limits.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

namespace {

using namespace restante;

/// The store takes a quarter at most and connections half (bridges/connection_guard.hpp), of which
/// the node has used 55 when it serves. What a burst of them takes before it is cut goes into the
/// last quarter, up to 80 an endpoint whatever the limit is: libzmq ends the process when an accept
/// finds no descriptor.
constexpr rlim_t descriptors_min = 1024;

constexpr const char* footer = R"(
Examples:
  restanted --example-config > restante.toml      every key, explained
  restanted init var                              a directory with configuration and keys
  restanted --config var/restante.toml            serve until SIGTERM
  restanted --config var/restante.toml --check    only read the configuration

A first SIGTERM or SIGINT ends it when everything is answered, a second one, or the first while it
still starts, at once. SIGHUP makes
it open its log file again (after a rotation); without a log file it is as SIGTERM, once.

Exit status: 0 ended as asked, 1 could not serve, or ended before everything was answered,
2 command line or configuration is wrong, 3 the data directory is in use, damaged or of another
format, or a write failed.)";

int complain(int status, const failure& why) {
  std::cerr << "restanted: " << why.text << " [" << why.reason << "]\n";
  return status;
}

/// The uppermost directory that is missing on the way to `dir`; empty when none is.
std::filesystem::path first_missing(const std::filesystem::path& dir) {
  std::filesystem::path out;
  std::error_code ignored;
  for (auto at = std::filesystem::absolute(dir);
       std::filesystem::symlink_status(at, ignored).type() == std::filesystem::file_type::not_found;
       at = at.parent_path())
    out = at;
  return out;
}

result<void> make_node(const std::filesystem::path& dir, const std::filesystem::path& file,
                       const std::string& text) {
  std::error_code why;
  std::filesystem::create_directories(dir, why); // when it can't be, the file can't be written
  std::ofstream out{file};
  out << text;
  out.close();
  if (!out)
    return fail(errc::invalid_request, "config_unwritable",
                file.string() + " can't be written: expected a directory this user may write to");
  if (auto readable = read_config(file); !readable)
    return tl::unexpected<failure>{readable.error()};
  return create_node_keys(dir / "keys");
}

int init(const std::filesystem::path& dir, const std::string& region, unsigned port_base) {
  if (dir.empty())
    return complain(exit_code::usage, {errc::invalid_request, "directory_missing",
                                       "expected a directory, found an empty name"});
  auto file = dir / "restante.toml";
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored))
    return complain(exit_code::usage, {errc::conflict, "config_exists",
                                       file.string() + " exists: choose another directory"});
  const auto made = first_missing(dir / "keys");
  if (auto ok = make_node(dir, file, config_for_directory(dir, region, port_base)); !ok) {
    // Nothing half-made stays; what was there before, does.
    std::filesystem::remove(file, ignored);
    if (!made.empty())
      std::filesystem::remove_all(made, ignored);
    return complain(exit_code::usage, ok.error());
  }
  std::cout << "wrote " << file.string() << " and keys in " << (dir / "keys").string() << "\n";
  const auto keys = read_node_keys(dir / "keys");
  if (!keys)
    return complain(exit_code::usage, keys.error());
  std::cout << "public key " << to_hex(curve_public(keys->curve)) << "\n";
  return exit_code::ok;
}

/// A store that is there belongs to keys that must be there too.
result<node_keys> keys_for(const node_config& config) {
  std::error_code why;
  bool fresh = !std::filesystem::exists(config.data, why);
  if (!why && !fresh)
    fresh = std::filesystem::is_empty(config.data, why);
  if (why)
    return fail(errc::invalid_request, "data_unreadable",
                config.data.string() + " can't be read (" + why.message() +
                    "): expected a directory this user may read and write");
  if (fresh)
    if (auto ok = create_node_keys(config.keys); !ok)
      return tl::unexpected<failure>{ok.error()};
  return read_node_keys(config.keys);
}

/// Of a start that was refused.
int status_of(const failure& why) {
  if (why.code == errc::storage_failure || why.code == errc::storage_full)
    return exit_code::storage;
  return why.code == errc::conflict ? exit_code::usage : exit_code::failed; // the keys are wrong
}

/// As many descriptors as the system allows: half are for connections, half for the store.
result<void> take_descriptors() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files); // raising to the hard limit needs no privilege
  if (files.rlim_max >= descriptors_min)
    return {};
  return fail(
      errc::invalid_request, "descriptors_too_few",
      "this process may open " + std::to_string(files.rlim_max) + " files: expected " +
          std::to_string(descriptors_min) +
          " at least: raise the hard limit (ulimit -Hn, or LimitNOFILE= in a systemd unit)");
}

/// Whether this process was started so that a closed terminal means nothing to it (nohup).
bool hangup_ignored() {
  struct sigaction now {};
  return sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// SIGUSR1 wakes whoever waits below once the store has failed; without that it is a stranger's and
/// means nothing. Not told by its sender: of two that are pending only one arrives.
using store_state = std::shared_ptr<std::atomic<bool>>; // true: has failed
bool foreign(int signal, const store_state& failed) { return signal == SIGUSR1 && !*failed; }

/// Waits until the node shall end; tells why.
int await_end(const sigset_t& signals, const node_config& config, const store_state& failed,
              const logger& log) {
  for (;;) {
    siginfo_t signal{};
    if (sigwaitinfo(&signals, &signal) < 0)
      continue; // suspended and continued
    if (foreign(signal.si_signo, failed))
      log.warning("signal_ignored",
                  {{"signal", "SIGUSR1"}, {"process", std::to_string(signal.si_pid)}});
    else if (signal.si_signo != SIGHUP || config.log_file.empty())
      return signal.si_signo;
    else if (log.reopen())
      log.info("log_reopened", {});
    else
      log.error("log_unwritable", {{"file", config.log_file.string()}});
  }
}

std::string name_of(int signal) {
  return signal == SIGTERM ? "SIGTERM" : signal == SIGINT ? "SIGINT" : "SIGHUP";
}

/// Ends the process by a signal that comes while it starts, which a large log or a disk that does
/// not answer can make long: nothing has been promised yet. Set what it returns when it has
/// started.
std::shared_ptr<std::atomic<bool>> end_by_signal(const logger& log) {
  auto started = std::make_shared<std::atomic<bool>>(false);
  std::thread{[started, log] {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    const timespec pause{0, 50'000'000};
    while (!*started) {
      const int got = sigtimedwait(&ends, nullptr, &pause);
      if (got < 0)
        continue;
      if (*started) {
        kill(getpid(), got); // it was for whoever waits now
        return;
      }
      log.info("start_ended", {{"signal", name_of(got)}});
      std::fflush(nullptr);
      _exit(exit_code::failed);
    }
  }}.detach();
  return started;
}

int serve(const node_config& config) {
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGTERM, SIGINT, SIGUSR1})
    sigaddset(&signals, number);
  if (!hangup_ignored())
    sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr); // before any thread: all inherit it
  std::signal(SIGPIPE, SIG_IGN);
  logger log;
  try {
    log = logger{config.log_file, config.log_level};
  } catch (const std::exception& e) {
    return complain(exit_code::usage, {errc::invalid_request, "log_unwritable", e.what()});
  }
  if (auto ok = take_descriptors(); !ok)
    return complain(exit_code::failed, ok.error());
  auto keys = keys_for(config);
  if (!keys)
    return complain(exit_code::usage, keys.error());
  auto failed = std::make_shared<std::atomic<bool>>(false);
  auto fatal = [log, failed](const failure& why) {
    log.error("store_failed", {{"reason", why.reason}, {"text", why.text}});
    *failed = true;
    kill(getpid(), SIGUSR1);
  };
  auto started = end_by_signal(log);
  auto running = engine::start({config, std::move(*keys), log, {}, fatal});
  *started = true;
  if (!running) {
    log.error("start_failed", {{"reason", running.error().reason}});
    return complain(status_of(running.error()), running.error());
  }
  log.info("serving", {{"region", config.region}, {"data", config.data.string()}});
  auto addresses = (*running)->addresses();
  for (size_t i = 0; i < addresses.size(); ++i)
    log.info(
        "endpoint",
        {{"address", addresses[i]},
         {"for", std::string{config_words::kinds[static_cast<size_t>(config.endpoints[i].is)]}}});
  const int number = await_end(signals, config, failed, log);
  if (number == SIGUSR1) {
    // Nothing may be acknowledged after a failed write, and closing would write: leave at once.
    std::fflush(nullptr);
    _exit(exit_code::storage);
  }
  log.info("draining", {{"signal", name_of(number)}});
  // A write that fails now still ends the process with its own status; a second signal, or a disk
  // that never answers, ends it without waiting any longer. A terminal that closes meanwhile is no
  // second signal.
  sigdelset(&signals, SIGHUP);
  std::thread{[signals, failed, log] {
    const timespec patience{std::chrono::seconds{2 * limits::drain_timeout}.count(), 0};
    int again = 0;
    do
      again = sigtimedwait(&signals, nullptr, &patience);
    while (
        (again < 0 && errno == EINTR) || // suspended and continued, or a debugger came: wait anew
        foreign(again, failed));
    if (again < 0)
      log.error("stop_overdue", {});
    _exit(again == SIGUSR1 ? exit_code::storage : exit_code::failed);
  }}.detach();
  bool all_answered = (*running)->stop();
  log.info("stopped", {{"all_answered", all_answered ? "yes" : "no"}});
  return all_answered ? exit_code::ok : exit_code::failed;
}

} // namespace

int main(int argc, char** argv) {
  umask(077);
  rlimit no_core{0, 0}; // a core would hold PINs and keys
  setrlimit(RLIMIT_CORE, &no_core);
  CLI::App app{"restanted: a Restante node"};
  app.footer(footer);
  app.set_version_flag("--version", "restanted " RESTANTE_VERSION);
  std::string config_file, directory, region = "local";
  unsigned port_base = 5601;
  bool example = false, check = false;
  app.add_option("--config", config_file, "TOML file to serve by");
  app.add_flag("--check", check, "only read the configuration");
  app.add_flag("--example-config", example, "print a commented configuration");
  auto* make = app.add_subcommand("init", "make a directory with configuration and keys");
  make->add_option("DIR", directory)->required();
  make->add_option("--region", region, "region of birth of mailboxes made here");
  make->add_option("--port-base", port_base, "first of five loopback ports")
      ->check(CLI::Range(1, 65'531).description(""));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_code::ok : exit_code::usage;
  }
  init_crypto();
  if (example) {
    std::cout << example_config();
    return exit_code::ok;
  }
  if (make->parsed())
    return init(directory, region, port_base);
  if (config_file.empty()) {
    std::cerr << "restanted: --config FILE is required; --help shows how to make one\n";
    return exit_code::usage;
  }
  auto config = read_config(config_file);
  if (!config)
    return complain(exit_code::usage, config.error());
  if (check) {
    std::cout << config_file << " is fine\n";
    return exit_code::ok;
  }
  return serve(*config);
}
