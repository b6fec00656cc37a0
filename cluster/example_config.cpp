#include "cluster/example_config.hpp"

#include "cluster/config.hpp"
#include "schemas/ids.hpp"

#include <array>
#include <system_error>

namespace restante {

namespace {

constexpr uint64_t mebibyte = 1024 * 1024;

/// A TOML string in quotes.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out.append("\\u00").append(to_hex({&c, 1}));
    else if (c == '"' || c == '\\')
      out.append(1, '\\').append(1, c);
    else
      out.append(1, c);
  }
  return out + "\"";
}

/// Builds the text line by line; numbers and words come from the reader's own tables.
class config_text {
public:
  void comment(std::string_view line) { out_.append("# ").append(line).append("\n"); }
  void table(std::string_view header) {
    out_.append("\n").append(off_).append(header).append("\n");
  }
  void blank() { out_ += "\n"; }

  void key(std::string_view name, std::string_view value, std::string_view meaning) {
    comment(meaning);
    line(name, toml_string(value));
  }
  void key(std::string_view name, int64_t value, number_range range, std::string_view meaning) {
    comment(std::string{meaning} + " (" + std::to_string(range.min) + " to " +
            std::to_string(range.max) + ")");
    line(name, std::to_string(value));
  }
  void line(std::string_view name, std::string_view value) {
    out_.append(off_).append(name).append(" = ").append(value).append("\n");
  }
  /// What follows is there to be seen: a '#' without a blank behind it, to be taken away, makes it
  /// a comment.
  void switch_off() { off_ = "#"; }
  [[nodiscard]] std::string take() { return std::move(out_); }

private:
  std::string out_;
  std::string_view off_;
};

template <class Words>
std::string one_of(const Words& words) {
  std::string all;
  for (const auto& word : words)
    all.append(all.empty() ? "" : ", ").append(toml_string(word));
  return all;
}

void write_node(config_text& to, const node_config& c) {
  to.table("[node]");
  to.key("data", c.data.string(), "Directory of the store. Required. One node at a time uses it.");
  to.key("keys", c.keys.string(),
         "Directory of key files, never the same as data. Default: \"keys\" beside data.");
  to.key("region", c.region,
         "Required. 1 to 16 of a-z and 0-9: profile ids made here begin with it, so never change "
         "it.");
  to.key("language", c.language,
         "Of subscribers and tenants that chose none, such as \"en\" or \"fr-CA\".");
  to.key("worker_threads", c.worker_threads, config_ranges::worker_threads,
         "Threads that run mailboxes; 0: one for each core but one, which disk and sockets need");
  to.key("mailbox_idle_seconds", c.mailbox_idle.count(), config_ranges::idle_seconds,
         "A mailbox nobody used for so long leaves memory");
}

void write_sections(config_text& to, const node_config& c) {
  to.table("[log]");
  to.key("level", c.log_level, "One of " + one_of(config_words::log_levels) + ".");
  to.key("file", c.log_file.string(), "Empty: standard error.");
  to.table("[metrics]");
  to.key("address", c.metrics_address,
         "Where Prometheus reads, on a loopback address: it asks for no password. Empty: off.");
  to.table("[pin]");
  to.key("digits_min", c.pin_digits_min, config_ranges::pin_digits,
         "The shortest PIN a subscriber may choose, in digits");
  to.table("[storage]");
  to.key("reserve_mib", static_cast<int64_t>(c.disk_reserve_bytes / mebibyte),
         config_ranges::mebibytes,
         "Below so much free disk new messages are refused; below a quarter of it deletions too");
  to.key("cache_mib", static_cast<int64_t>(c.cache_bytes / mebibyte), config_ranges::mebibytes,
         "Memory for the store's indexes; media are left to the system's page cache");
  to.table("[sms]");
  to.key("retry_base_milliseconds", c.sms_retry_base.count(), config_ranges::retry_milliseconds,
         "First pause before a notification is offered to its gateway again; it doubles");
  to.key("retry_max_milliseconds", c.sms_retry_max.count(), config_ranges::retry_milliseconds,
         "The longest such pause; not below the first");
  to.key("give_up_hours", c.sms_give_up.count(), config_ranges::give_up_hours,
         "A notification not sent for so long is dropped; the message itself stays");
}

constexpr std::array<std::string_view, 13> endpoint_meaning{
    "Each [[endpoint]] is a socket that others connect to; one at least.",
    "kind      Who speaks there. Required.",
    "            \"mvno\": adapters and applications of carriers; \"sms\": SMS gateways;",
    "            \"admin\": the restante program of the operator.",
    "pattern   \"router\" (default): requests and replies, and events to who subscribes.",
    "            \"pull\" and \"sub\", for kind \"mvno\": adapters that only publish.",
    "security  \"curve\" (default): encrypted; a client's key says which tenant it is.",
    "            \"none\": not encrypted; on loopback and ipc addresses only.",
    "tenant    With security \"none\", and only then: the one tenant who speaks there.",
    "address   Required. tcp:// with a numeric address or * and a port, or ipc:// with a path.",
    "            Kind \"admin\" takes ipc only: permissions of the directory guard it. Relative",
    "            paths, here and above, are relative to the directory of this file.",
    "Default values may be left out."};

constexpr std::array<std::string_view, 4> cluster_meaning{
    "Without [cluster] the node is alone. To make it one of several, take away the first '#' of",
    "each line where no blank follows it. All nodes of a cluster have the same identity.key and",
    "pepper.key, each its own curve.key. Members, prefixes, replicas and grace_seconds are to be",
    "the same on all of them."};

constexpr std::array<std::string_view, 4> member_meaning{
    "One for each node of the cluster, this one too, 16 at most. All keys are required, and no two",
    "members share a name, address, key or lane. Address: where the others reach it. Public key:",
    "that of its curve.key, 32 bytes in hex, as `restanted init` says it. Lane: its messages get",
    "numbers that no other lane gives out, so it never changes and no other node ever gets it."};

void write_endpoints(config_text& to, const node_config& c) {
  to.blank();
  for (const auto line : endpoint_meaning)
    to.comment(line);
  for (const auto& endpoint : c.endpoints) {
    to.table("[[endpoint]]");
    to.line("kind", toml_string(config_words::kinds[static_cast<size_t>(endpoint.is)]));
    to.line("pattern", toml_string(config_words::patterns[static_cast<size_t>(endpoint.how)]));
    to.line("security", toml_string(config_words::securities[static_cast<size_t>(endpoint.by)]));
    if (!endpoint.tenant.empty())
      to.line("tenant", toml_string(endpoint.tenant));
    to.line("address", toml_string(endpoint.address));
  }
}

/// A cluster of two in the region of `c`, switched off.
void write_cluster(config_text& to, const node_config& c) {
  const cluster_config defaults;
  const auto node = [&](int number) {
    return toml_string(c.region + "-" + std::to_string(number));
  };
  const auto address = [](int number) {
    return toml_string("tcp://10.0.0." + std::to_string(number) + ":5610");
  };
  const auto lanes = " (" + std::to_string(config_ranges::lane.min) + " to " +
                     std::to_string(config_ranges::lane.max) + ")";
  to.blank();
  for (const auto line : cluster_meaning)
    to.comment(line);
  to.switch_off();
  to.table("[cluster]");
  to.comment("Required. This node's name: 1 to 64 of a-z, 0-9 and '-'.");
  to.line("node", node(1));
  to.comment("Required. Where the other nodes connect, always with CURVE: tcp:// with a numeric");
  to.comment("address or * and a port that no endpoint has.");
  to.line("listen", address(1));
  to.key("replicas", static_cast<int64_t>(defaults.replicas), config_ranges::replicas,
         "Copies of a mailbox in its home region, that of its home included");
  to.comment(
      "What an acknowledgement means when the deposit does not say: \"local\", it is on this");
  to.key("durability", config_words::durabilities[static_cast<size_t>(defaults.acknowledged)],
         "node's disk; \"replicated\", on that of another too.");
  to.key("grace_seconds", defaults.grace.count(), config_ranges::grace_seconds,
         "A node not heard of for so long counts as gone");
  to.key("membership", config_words::membership_sources[static_cast<size_t>(defaults.from)],
         "\"static\": the members are listed below; \"etcd\": they register there.");
  to.comment(
      "With \"etcd\", and only then: the addresses of its JSON gateways (required), where in");
  to.comment("its keys the nodes register, and this node's lane (required): see below" + lanes +
             ".");
  to.line("#etcd", "[\"http://127.0.0.1:2379\"]");
  to.line("#etcd_prefix", toml_string(etcd_prefix_default));
  to.line("#lane", "0");
  for (const int number : {1, 2}) {
    to.table("[[cluster.member]]");
    if (number == 1)
      for (const auto line : member_meaning)
        to.comment(line);
    to.line("name", node(number));
    to.line("region", toml_string(c.region));
    to.line("address", address(number));
    to.line("public_key", toml_string(std::string(64, static_cast<char>('0' + number))));
    to.line("lane", std::to_string(number - 1));
  }
  to.table("[[cluster.numbering]]");
  to.comment(
      "The home region of new subscribers by their numbers: the longest prefix counts. Of a");
  to.comment("number without one it is the region of the node that is asked.");
  to.line("region", toml_string(c.region));
  to.line("prefixes", "[\"+33\", \"+49\"]");
}

std::string text_of(const node_config& c) {
  config_text to;
  to.comment("Configuration of a Restante node: TOML, read once at start.");
  write_node(to, c);
  write_sections(to, c);
  write_endpoints(to, c);
  write_cluster(to, c);
  return to.take();
}

node_config node_with(std::string_view region, unsigned port_base, std::string admin_address) {
  using e = endpoint_config;
  const auto local = [](unsigned port) { return "tcp://127.0.0.1:" + std::to_string(port); };
  node_config c;
  c.data = "data";
  c.keys = "keys";
  c.region = region;
  c.endpoints = {
      {e::kind::mvno, e::pattern::router, e::security::curve, local(port_base), {}},
      {e::kind::mvno, e::pattern::pull, e::security::curve, local(port_base + 1), {}},
      {e::kind::mvno, e::pattern::sub, e::security::curve, local(port_base + 2), {}},
      {e::kind::sms, e::pattern::router, e::security::curve, local(port_base + 3), {}},
      {e::kind::admin, e::pattern::router, e::security::none, std::move(admin_address), "operator"},
  };
  return c;
}

} // namespace

std::string example_config() { return text_of(node_with("eu1", 5601, "ipc://admin.sock")); }

std::string config_for_directory(const std::filesystem::path& dir, std::string_view region,
                                 unsigned port_base) {
  std::error_code no_directory;
  const auto socket = std::filesystem::absolute(dir, no_directory) / "admin.sock";
  auto c = node_with(region, port_base, "ipc://" + socket.string());
  c.metrics_address = "127.0.0.1:" + std::to_string(port_base + 4);
  return text_of(c);
}

} // namespace restante
