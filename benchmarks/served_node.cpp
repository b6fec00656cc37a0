#include "benchmarks/served_node.hpp"

#include "benchmarks/mailboxes.hpp"
#include "benchmarks/meter.hpp"
#include "benchmarks/progress.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

namespace restante::bench {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::seconds;
constexpr seconds start_patience{120}, stop_patience{60}, settle_patience{60};
constexpr milliseconds pause{2};
// Of one CPU: above what looking through the outbox takes while no SMS gateway empties it.
constexpr double quiet_share = 0.1;

double since(clock::time_point then) {
  return std::chrono::duration<double>(clock::now() - then).count();
}

std::filesystem::path program() {
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename("restanted");
}

} // namespace

served_node::served_node(const std::filesystem::path& under) : home_{under} {
  try {
    start();
    add_tenant(address("admin"), curve_public(random_key()));
  } catch (...) {
    if (process_ != 0) // no destructor will do it
      kill();
    throw;
  }
}

served_node::~served_node() {
  if (process_ != 0)
    kill();
}

std::string served_node::address(const char* name) const {
  return "ipc://" + (home_.path() / name).string() + ".sock";
}

void served_node::configure(const tuning& how) const {
  std::ofstream out{home_.path() / "restante.toml"};
  out << "[node]\ndata = \"data\"\nkeys = \"keys\"\nregion = \"bench\"\n"
      << "mailbox_idle_seconds = " << how.mailbox_idle.count() << "\n"
      << "[metrics]\naddress = \"\"\n[storage]\ncache_mib = " << how.cache_mib << "\n";
  for (auto [kind, name, tenant] :
       {std::tuple{"mvno", "load", tenant_name}, std::tuple{"admin", "admin", "operator"}})
    out << "[[endpoint]]\nkind = \"" << kind << "\"\nsecurity = \"none\"\ntenant = \"" << tenant
        << "\"\naddress = \"" << address(name) << "\"\n";
}

void served_node::spawn(const tuning& how) {
  // Ready before the fork: the child of a process with threads may allocate nothing.
  auto path = program().string(), config = (home_.path() / "restante.toml").string();
  auto log = (home_.path() / "restanted.log").string();
  const char* arguments[] = {path.c_str(), "--config", config.c_str(), nullptr};
  std::vector<char*> environment;
  std::string memory = "MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0"; // read by jemalloc
  for (char** entry = environ; *entry != nullptr; ++entry)
    environment.push_back(*entry);
  if (how.exact_memory)
    environment.push_back(memory.data());
  environment.push_back(nullptr);
  process_ = fork();
  if (process_ < 0)
    throw std::runtime_error("no process can be started");
  if (process_ > 0)
    return;
  prctl(PR_SET_PDEATHSIG, SIGKILL); // a benchmark that dies leaves no node behind
  setpgid(0, 0);                    // Ctrl-C is the benchmark's
  int to = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  dup2(to, STDOUT_FILENO);
  dup2(to, STDERR_FILENO);
  execve(path.c_str(), const_cast<char**>(arguments), environment.data());
  _exit(127);
}

double served_node::start(const tuning& how) {
  configure(how);
  forget_files();
  auto began = clock::now();
  spawn(how);
  auto answers = [&] {
    if (has_ended())
      throw std::runtime_error("restanted ended instead of serving: " + last_words());
    // A client that connects too early tries again only after 0.1 s; a new one does so at once.
    milliseconds wait{20 + static_cast<int>(since(began) * 50)};
    return client{identity{{}, address("admin"), {}, {}, {}}}
        .ask(ask::ping{}, {}, wait)
        .has_value();
  };
  if (!eventually(start_patience, pause, answers))
    throw std::runtime_error("restanted does not come up: " + last_words());
  return since(began);
}

/// Drops the page cache of every file of the store, as after the machine's own start.
void served_node::forget_files() const {
  ::sync(); // only what is on disk can be dropped
  if (!std::filesystem::exists(home_.path() / "data"))
    return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{home_.path() / "data"}) {
    int file = entry.is_regular_file() ? open(entry.path().c_str(), O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
      continue;
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }
}

bool served_node::has_ended() {
  if (process_ != 0 && waitpid(process_, nullptr, WNOHANG) == process_)
    process_ = 0;
  return process_ == 0;
}

void served_node::stop() {
  ::kill(process_, SIGTERM);
  if (!eventually(stop_patience, pause, [&] { return has_ended(); }))
    throw std::runtime_error("restanted does not end: " + last_words());
}

void served_node::kill() {
  ::kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

client served_node::connect() const {
  return client{identity{tenant_name, address("load"), {}, {}, {}}};
}

uint64_t served_node::status(const std::string& name) const {
  client asks{identity{"operator", address("admin"), {}, {}, {}}};
  auto got = asks.ask(ask::status{});
  if (!got)
    throw std::runtime_error(got.error().text);
  for (const auto& [known, value] : std::get<answer::status>(*got).figures)
    if (known == name)
      return std::stoull(value);
  throw std::runtime_error("the node has no figure " + name);
}

void served_node::settle() const {
  (void)eventually(settle_patience, milliseconds{0}, [&] {
    meter used{process_};
    std::this_thread::sleep_for(seconds{1});
    return used.cpu_seconds() < quiet_share * used.seconds();
  });
}

uint64_t served_node::log_bytes() const {
  uint64_t out = 0;
  for (const auto& entry : std::filesystem::directory_iterator{home_.path() / "data"})
    if (entry.path().extension() == ".log")
      out += entry.file_size();
  return out;
}

std::string served_node::last_words() const {
  std::ifstream log{home_.path() / "restanted.log"};
  std::string line, last = "it said nothing; is it built beside restante-bench?";
  while (std::getline(log, line))
    last = line;
  return last;
}

} // namespace restante::bench
