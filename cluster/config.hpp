// What an operator decides for one node: the TOML file's tables as plain values, checked. The file
// is read once at start; nothing here changes afterwards. Owned by main, which hands the parts on.
//
// Invariants of what read_config returns: paths and ipc addresses are absolute; there is at least
// one endpoint; no two sockets ask for the same port or path; an endpoint without CURVE is local
// and bound to one tenant; operators speak over ipc only; members of a cluster that are written
// down differ in name, address, key and lane, and this node is among them. The keys are explained
// in example_config.cpp.
#pragma once

#include "actors/membership.hpp"
#include "schemas/error.hpp"
#include "schemas/limits.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restante {

/// One [[endpoint]]: a socket the node binds. Publishers connect to `sub` endpoints too.
struct endpoint_config {
  enum class kind { mvno, sms, admin };     // who speaks there
  enum class pattern { router, pull, sub }; // pull and sub: adapters of MVNOs that only publish
  enum class security { curve, none };
  kind is = kind::mvno;
  pattern how = pattern::router;
  security by = security::curve;
  std::string address; // "tcp://127.0.0.1:5601" or "ipc:///path", as ZeroMQ binds it
  std::string tenant;  // with security none: the one tenant who speaks there; otherwise empty
  friend bool operator==(const endpoint_config&, const endpoint_config&) = default;
};

/// [cluster]: this node is one of several. What holds for a source of membership only is empty with
/// the other.
struct cluster_config {
  enum class durability { local, replicated };
  enum class source { fixed, etcd };           // of membership; "static" in the file
  std::string node;                            // this node's name
  std::string listen;                          // "tcp://10.0.0.1:5610", as ZeroMQ binds it
  size_t replicas = 2;                         // copies in the home region, home included
  durability acknowledged = durability::local; // of a deposit that does not say
  std::chrono::seconds grace{5};               // a node not heard of for so long counts as gone
  source from = source::fixed;
  std::vector<member> members;   // fixed: every node, by name, this one too
  std::vector<std::string> etcd; // etcd: "http://host:port", one at least
  std::string etcd_prefix;       // etcd: of all keys there; begins and ends with '/'
  uint32_t lane = 0;             // this node's
  std::vector<std::pair<std::string, std::string>> numbering; // E.164 prefix and region
  friend bool operator==(const cluster_config&, const cluster_config&) = default;
};

struct node_config {
  std::filesystem::path data; // directory of the store
  std::filesystem::path keys; // directory of key files; by default "keys" beside `data`
  std::string region;         // 1-16 of a-z and 0-9; profile ids made here begin with it
  std::string language = "en";
  unsigned worker_threads = 0; // of the actors; 0: one for each core but one
  std::chrono::seconds mailbox_idle{60};
  std::string log_level = "info";
  std::filesystem::path log_file;                 // empty: standard error
  std::string metrics_address = "127.0.0.1:9464"; // Prometheus, loopback only; empty: off
  int pin_digits_min = 6;
  uint64_t disk_reserve_bytes = 256ULL * 1024 * 1024;
  uint64_t cache_bytes = 256ULL * 1024 * 1024;
  std::chrono::milliseconds sms_retry_base{5'000};
  std::chrono::milliseconds sms_retry_max = std::chrono::minutes{15};
  std::chrono::hours sms_give_up{24};
  std::vector<endpoint_config> endpoints;
  std::optional<cluster_config> cluster; // nothing: the node is alone
  friend bool operator==(const node_config&, const node_config&) = default;
};

/// The words of the file for each enumeration, in the order of its values.
namespace config_words {
inline constexpr std::array<std::string_view, 3> kinds{"mvno", "sms", "admin"};
inline constexpr std::array<std::string_view, 3> patterns{"router", "pull", "sub"};
inline constexpr std::array<std::string_view, 2> securities{"curve", "none"};
inline constexpr std::array<std::string_view, 6> log_levels{"trace",   "debug", "info",
                                                            "warning", "error", "critical"};
inline constexpr std::array<std::string_view, 2> durabilities{"local", "replicated"};
inline constexpr std::array<std::string_view, 2> membership_sources{"static", "etcd"};
} // namespace config_words

/// What a number in the file may be, both ends included, in the unit its key names.
struct number_range {
  int64_t min = 0;
  int64_t max = 0;
};
namespace config_ranges {
inline constexpr number_range worker_threads{0, 256};
inline constexpr number_range idle_seconds{1, 24 * 3600};
inline constexpr number_range pin_digits{4, limits::pin_digits_max};
inline constexpr number_range mebibytes{1, 1024 * 1024}; // up to 1 TiB
inline constexpr number_range retry_milliseconds{1, 24 * 3600 * 1000};
inline constexpr number_range give_up_hours{1, 30 * 24};
inline constexpr number_range replicas{1, 5};
inline constexpr number_range grace_seconds{1, 3600};
inline constexpr number_range lane{0, limits::uid_lanes_max - 1};
} // namespace config_ranges

/// Where the nodes of a cluster register in etcd when the file does not say.
inline constexpr std::string_view etcd_prefix_default = "/restante/";
/// Above this it is not a configuration but a mistaken file name.
inline constexpr size_t config_bytes_max = 1024 * 1024;
/// Each endpoint is a socket; ZeroMQ opens 1,023 of them, and bridges need some for themselves.
inline constexpr size_t endpoints_max = 256;
/// The system's limit for a socket's path is 108 bytes; ZeroMQ and a suffix of ours need a few.
inline constexpr size_t ipc_path_bytes_max = 100;

/// Reads and checks the file. Relative paths, also those of ipc addresses, are relative to the
/// file's directory. Nothing is created, resolved or connected; only the file itself is opened, and
/// never waited for.
/// Failures: invalid_request, its text "file:line:column: expected ..., found ...": one a call, the
/// first by position; what is absent counts after what is wrong, for a misspelt key is both.
[[nodiscard]] result<node_config> read_config(const std::filesystem::path& file);

} // namespace restante
