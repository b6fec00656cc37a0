// The node's own secrets, as files beside the data and never in it:
//   identity.key   keys the ids of mailboxes and messages; the same on all nodes of a cluster
//   pepper.key     hashed into every PIN: a stolen store alone cannot be searched
//   curve.key      the CURVE secret clients know the node by
// Losing one is losing what it protects, so a node with data never makes new ones.
#pragma once

#include "schemas/crypto.hpp"

#include <filesystem>

namespace restante {

struct node_keys {
  secret_key identity;
  secret_key pepper;
  secret_key curve;
};

/// Makes the directory (0700) and the files (0600) that are missing.
[[nodiscard]] result<void> create_node_keys(const std::filesystem::path& directory);

/// Reads all three. `invalid_request` names the file that is missing, exposed or malformed.
[[nodiscard]] result<node_keys> read_node_keys(const std::filesystem::path& directory);

} // namespace restante
