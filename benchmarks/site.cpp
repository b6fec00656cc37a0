#include "benchmarks/site.hpp"

#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace restante::bench {

namespace {

constexpr size_t socket_path_max = sizeof(sockaddr_un::sun_path) - 1;

} // namespace

scratch::scratch(const std::filesystem::path& under) {
  // A node has a working directory and addresses of its own: they need the whole path.
  auto base =
      std::filesystem::absolute(under.empty() ? std::filesystem::temp_directory_path() : under);
  auto name = (base / "restante-bench-XXXXXX").string();
  if (name.size() + std::strlen("/admin.sock") > socket_path_max)
    throw std::runtime_error("the directory's name is too long for the sockets in it: " +
                             base.string());
  if (mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no directory can be made under " + base.string() + ": " +
                             std::generic_category().message(errno));
  path_ = name;
}

scratch::~scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string bind_address(const site& where, const std::filesystem::path& home) {
  return where.tcp ? "tcp://127.0.0.1:*" : "ipc://" + (home / "load.sock").string();
}

identity client_identity(const site& where, std::string endpoint, const secret_key& server,
                         const secret_key& client) {
  identity out;
  out.endpoint = std::move(endpoint);
  if (!where.curve)
    return out;
  out.server_key = to_z85(curve_public(server));
  out.public_key = to_z85(curve_public(client));
  out.secret_key = z85_of(client);
  return out;
}

std::string z85_of(const secret_key& key) {
  return to_z85({reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()});
}

} // namespace restante::bench
