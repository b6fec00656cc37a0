// A registration before anything is read: who is registered, for whom, under which aliases. Pure.
#pragma once

#include "actors/mailbox_model.hpp"

namespace restante {

struct registration_plan {
  std::string owner; // tenant whose subscriber it becomes
  std::set<alias> aliases;
  mailbox_id mailbox; // the same on every node for the same first alias
};

/// Normalises the identifiers, checks the PIN and the time zone, finds the owner.
[[nodiscard]] result<registration_plan> plan_registration(const mailbox_environment& env,
                                                          const tenant_record& who,
                                                          const ask::register_device& what);

/// A subscriber named by number or IMEI, as an alias.
[[nodiscard]] result<alias> alias_of(const subscriber_ref& who, const tenant_record& asking);

} // namespace restante
