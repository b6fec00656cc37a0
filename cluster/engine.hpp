// One running node: everything wired together, in start order, and taken apart in reverse. `main`
// and the benchmarks own one; tests too, in a directory of their own.
#pragma once

#include "actors/log.hpp"
#include "actors/pin_hash.hpp"
#include "cluster/config.hpp"
#include "cluster/node_keys.hpp"

#include <functional>
#include <memory>

namespace restante {

struct engine_options {
  node_config config;
  node_keys keys;
  logger log;
  hash_cost pin_cost;
  /// Called once when the store has failed and nothing may be acknowledged any more: the process
  /// must stop, reopen the store and let it verify.
  std::function<void(const failure&)> fatal;
};

class engine {
public:
  /// Opens the store and begins to serve. Failures name what to do; nothing is left running.
  [[nodiscard]] static result<std::unique_ptr<engine>> start(engine_options options);

  ~engine();

  /// Takes no new work, waits until everything accepted is answered (at most
  /// limits::drain_timeout), and stops. False when something had to be cut off.
  bool stop();

  /// The addresses of the endpoints, in the order of the configuration, with the ports the system
  /// chose.
  [[nodiscard]] std::vector<std::string> addresses() const;

private:
  struct parts;
  explicit engine(std::unique_ptr<parts> running);
  std::unique_ptr<parts> parts_;
};

} // namespace restante
