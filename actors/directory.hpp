// The DIRECTORY: everything that concerns more than one mailbox - aliases, registration, tenants,
// listings, the node's status. It is the only one that claims aliases, so two registrations can
// never give one number to two mailboxes; the mailbox itself writes the claimed rows.
//
// Invariants: an alias in `claiming` belongs to one registration under way; every registration is
// answered once and then lets go of its aliases; the tenant registry follows the disk.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log.hpp"

#include <functional>

namespace restante {

struct directory_options {
  store_writer_actor writer;
  store_reader_actor reader;
  pin_hasher_actor hasher;
  node_actor node;
  environment_ptr environment;
  std::shared_ptr<tenant_registry> tenants;
  logger log;
  /// Further figures for the status answer.
  std::function<std::vector<std::pair<std::string, std::string>>()> figures;
};

directory_actor spawn_directory(caf::actor_system& system, directory_options options);

/// The profile id that names a subscriber, without asking anybody; nothing for other kinds of
/// names. Malformed ones are not found, like unknown ones.
[[nodiscard]] std::optional<result<profile_id>> direct_profile(const subscriber_ref& who);

/// Reads the tenants that are on disk, at start.
[[nodiscard]] result<std::vector<tenant_record>> load_tenants(const kv_store& store);

/// Checks a tenant that is to be added.
[[nodiscard]] result<void> check_tenant(const tenant_record& tenant, const tenant_registry& known);

} // namespace restante
