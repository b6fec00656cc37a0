// HTTP to the JSON gateways of etcd: one call at a time, tried at every endpoint in turn, and one
// watch, whose stream comes in beside the calls. Knows JSON, but not what it means. Owned by
// etcd_membership.
//
// Invariants: one thread at a time uses it, except that any may call wake() and stop(). A call ends
// within `timeout` for each endpoint. Answers and events are bounded in size. Once a call failed at
// an endpoint, the watch there is given up.
#pragma once

#include "schemas/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

class etcd_gateway {
public:
  using clock = std::chrono::steady_clock;

  /// `endpoints`: "http://host:port" or "https://host:port", one at least; `timeout` of a call at
  /// one of them. Proxies of the environment are not used.
  etcd_gateway(std::vector<std::string> endpoints, std::chrono::milliseconds timeout);
  ~etcd_gateway();
  etcd_gateway(const etcd_gateway&) = delete;
  etcd_gateway& operator=(const etcd_gateway&) = delete;

  /// What etcd answers to `body` at `path` ("/v3/kv/range"), an object.
  /// Failures: busy, no endpoint answered as etcd does, why is in the text; not_found, etcd knows
  /// no such thing; conflict, etcd refused for another reason.
  [[nodiscard]] result<nlohmann::json> call(std::string_view path, const nlohmann::json& body);

  /// Ends the watch there was, and asks for another at the endpoint that answered last.
  void watch(const nlohmann::json& create_request);

  /// False when it has ended, for whatever reason.
  [[nodiscard]] bool watching() const;

  /// Returns at `until`, or sooner: with events of the watch, whose contents are dropped; when the
  /// watch has ended; after wake() or stop().
  void wait(clock::time_point until);

  void wake();
  /// Ends what is under way; from now on calls fail and wait() returns at once.
  void stop();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace restante
