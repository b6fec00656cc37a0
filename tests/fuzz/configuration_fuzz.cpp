// The node's configuration file. Input: the file.
#include "cluster/config.hpp"
#include "cluster/config_address.hpp"
#include "schemas/text.hpp"
#include "tests/fuzz/input.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

using namespace restante;
using namespace restante::fuzz;

namespace {

/// A file in memory with a path: the parser opens what operators name.
class memory_file {
public:
  memory_file() : fd_{::memfd_create("configuration", MFD_CLOEXEC)} {}
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  ~memory_file() { ::close(fd_); }

  void write(std::string_view bytes) const {
    if (::ftruncate(fd_, 0) != 0 ||
        ::pwrite(fd_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
      std::abort();
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
  int fd_;
};

/// Takes a number and a colon.
bool take_number(std::string_view& text) {
  const auto colon = text.find(':');
  const auto number = text.substr(0, colon);
  if (colon == text.npos || number.empty() || number.front() == '0' ||
      !std::all_of(number.begin(), number.end(), [](unsigned char c) { return std::isdigit(c); }))
    return false;
  text.remove_prefix(colon + 1);
  return true;
}

void check_refusal(const failure& why, const std::string& path) {
  promise(why.code == errc::invalid_request, "a wrong file is no invalid request");
  promise(std::string_view{why.reason}.starts_with("config_"), "an unknown reason");
  promise(why.text.starts_with(path + ":"), "a refusal does not name the file");
  std::string_view rest = why.text;
  rest.remove_prefix(path.size() + 1);
  const bool has_line = take_number(rest);
  promise(has_line && take_number(rest), "a refusal names no line and column");
  promise(rest.starts_with(" expected ") && rest.find("found") != rest.npos,
          "a refusal does not say what was expected and found");
  promise(printable(why.text), "a refusal can't be printed");
}

bool loopback(std::string_view address) {
  const auto parsed = parse_tcp_address(address);
  return parsed && parsed->loopback;
}

void check_cluster(const cluster_config& cluster, const std::string& region) {
  const bool fixed = cluster.from == cluster_config::source::fixed;
  promise(!cluster.node.empty() && parse_tcp_address(cluster.listen), "a node nobody can reach");
  promise(cluster.replicas >= 1 && cluster.replicas <= 5, "too many copies, or none");
  promise(cluster.grace.count() >= 1 && cluster.grace.count() <= 3600, "nobody is ever gone");
  promise(cluster.lane < limits::uid_lanes_max, "a lane is out of bounds");
  promise(fixed == cluster.etcd.empty() && fixed == cluster.etcd_prefix.empty() &&
              fixed != cluster.members.empty() && cluster.members.size() <= limits::uid_lanes_max,
          "members come from both sources, or from none");
  size_t self = 0;
  for (const auto& one : cluster.members) {
    promise(!one.name.empty() && one.public_key.size() == 32 && parse_tcp_address(one.address),
            "a member is incomplete");
    self += one.name == cluster.node && one.region == region && one.lane == cluster.lane;
    for (const auto& other : cluster.members)
      promise(&one == &other || (one.name != other.name && one.address != other.address &&
                                 one.public_key != other.public_key && one.lane != other.lane),
              "two members are taken for one");
  }
  promise(!fixed || self == 1, "a node is no member of its cluster");
  for (const auto& [prefix, where] : cluster.numbering)
    promise(prefix.size() >= 2 && prefix.size() <= 16 && prefix.front() == '+' && !where.empty(),
            "a prefix is none");
}

void check_config(const node_config& config) {
  promise(config.data.is_absolute() && config.keys.is_absolute(), "a path is not absolute");
  promise(config.data != config.keys, "data and keys are in one place");
  promise(!config.region.empty() && config.region.size() <= 16, "a region is out of bounds");
  promise(config.worker_threads <= 256, "too many threads");
  promise(config.mailbox_idle.count() >= 1 && config.mailbox_idle <= std::chrono::hours{24},
          "mailboxes are never idle, or always");
  promise(config.cache_bytes >= 1 << 20 && config.cache_bytes <= 1ULL << 40, "a cache of any size");
  promise(config.sms_give_up.count() >= 1 && config.sms_give_up.count() <= 30 * 24,
          "texts are tried for ever, or never");
  promise(config.pin_digits_min >= 4 && config.pin_digits_min <= limits::pin_digits_max,
          "PINs are out of bounds");
  promise(config.sms_retry_base <= config.sms_retry_max, "retries are upside down");
  promise(!config.endpoints.empty() && config.endpoints.size() <= endpoints_max,
          "endpoints are out of bounds");
  if (config.cluster)
    check_cluster(*config.cluster, config.region);
  using kind = endpoint_config::kind;
  using security = endpoint_config::security;
  for (const auto& endpoint : config.endpoints) {
    const bool ipc = endpoint.address.starts_with("ipc:///");
    promise(ipc || endpoint.address.starts_with("tcp://"), "an address is neither ipc nor tcp");
    promise(ipc || endpoint.is != kind::admin, "operators speak over TCP");
    promise(endpoint.is == kind::mvno || endpoint.how == endpoint_config::pattern::router,
            "an answer has no way back");
    promise((endpoint.by == security::curve) == endpoint.tenant.empty(),
            "an endpoint has both keys and a tenant of its own, or neither");
    promise(endpoint.by == security::curve || ipc || loopback(endpoint.address),
            "an endpoint without keys is open to the network");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const memory_file file;
  file.write(view(data, size));
  const auto path = file.path();
  if (const auto config = read_config(path))
    check_config(*config);
  else
    check_refusal(config.error(), path);
  return 0;
}
