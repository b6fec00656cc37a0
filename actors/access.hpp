// Who may do what to whose mailbox: the one place that says so. Pure.
//
//   role         | own subscribers | subscribers of tenants it serves        | anybody's
//   mvno         | everything      | -                                       | -
//   application  | -               | everything but the PIN                  | -
//   sms gateway  | -               | - (its texts act for the texting number)| -
//   operator     | everything      | everything                              | everything
#pragma once

#include "schemas/messages.hpp"

namespace restante {

/// Whether `who` may act for subscribers of `owner`.
[[nodiscard]] bool acts_for(const tenant_record& who, std::string_view owner);

/// Whether `who` may do `what` to a mailbox of `owner`. A refusal must look like `unknown_mailbox`.
[[nodiscard]] bool may(const tenant_record& who, std::string_view owner, const mailbox_op& what);

/// Whether `who` may administer the node.
[[nodiscard]] bool administers(const tenant_record& who);

/// The answer for a subscriber that does not exist and for one of another tenant: the same bytes.
[[nodiscard]] failure unknown_mailbox();

/// The answer for everything that goes wrong with a challenge, a PIN, or what they protect.
[[nodiscard]] failure pin_denied();

} // namespace restante
