#include "cluster/node_keys.hpp"

#include <sys/stat.h>

namespace restante {

namespace {

constexpr const char* names[] = {"identity.key", "pepper.key", "curve.key"};

} // namespace

result<void> create_node_keys(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error || chmod(directory.c_str(), 0700) != 0)
    return fail(errc::invalid_request, "keys_directory",
                directory.string() + ": expected a directory this user may write keys to");
  for (const auto* name : names)
    if (!std::filesystem::exists(directory / name))
      if (auto ok = write_key_file(directory / name, random_key()); !ok)
        return ok;
  return {};
}

result<node_keys> read_node_keys(const std::filesystem::path& directory) {
  auto identity = read_key_file(directory / names[0]);
  auto pepper = read_key_file(directory / names[1]);
  auto curve = read_key_file(directory / names[2]);
  for (auto* key : {&identity, &pepper, &curve})
    if (!*key)
      return tl::unexpected<failure>{key->error()};
  return node_keys{std::move(*identity), std::move(*pepper), std::move(*curve)};
}

} // namespace restante
