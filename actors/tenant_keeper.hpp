// The part of the directory that adds and revokes tenants, for the operator or as another node of
// the cluster has them.
//
// Invariants: of two records of one tenant the one of the higher version stays, on every node
// alike, in whatever order they are heard; while a change of a tenant is on its way to the disk
// there is no other. Owner: the directory.
#pragma once

#include "actors/directory.hpp"

#include <set>

namespace restante {

class tenant_keeper {
public:
  tenant_keeper(directory_actor::pointer self, const directory_options& options)
      : self_{self}
      , options_{options} {}

  /// A version of 0: the operator's; otherwise another node's, which is taken when it is later.
  caf::result<answered> add(const tenant_record& what);
  caf::result<answered> revoke(const std::string& name);

private:
  caf::result<answered> put(tenant_record what);

  directory_actor::pointer self_;
  const directory_options& options_;
  std::set<std::string> writing_; // names, and the keys they are to have
};

} // namespace restante
