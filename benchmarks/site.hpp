// Where a measured server listens and keeps its data: chosen once, the same for the node and the
// floor, so that a comparison of the two compares nothing else.
#pragma once

#include "bridges/curve_keys.hpp"

#include <filesystem>
#include <string>

namespace restante::bench {

struct site {
  bool tcp = false; // else ipc
  bool curve = false;
  std::filesystem::path directory; // a fresh one is made in it; empty: the system's temporary one
};

/// A new directory that goes, with all in it, when its owner does. Throws std::runtime_error.
class scratch {
public:
  explicit scratch(const std::filesystem::path& under);
  ~scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// The address to bind for a server that lives in `home`; TCP takes a free port.
[[nodiscard]] std::string bind_address(const site& where, const std::filesystem::path& home);

/// What a client needs to reach `endpoint`. The secrets are used with CURVE only.
[[nodiscard]] identity client_identity(const site& where, std::string endpoint,
                                       const secret_key& server, const secret_key& client);

/// Z85 text of a secret key, as ZeroMQ wants it.
[[nodiscard]] std::string z85_of(const secret_key& key);

} // namespace restante::bench
