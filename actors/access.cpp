#include "actors/access.hpp"

#include <algorithm>

namespace restante {

bool acts_for(const tenant_record& who, std::string_view owner) {
  switch (who.is) {
  case role::mvno:
    return who.name == owner;
  case role::application:
  case role::sms_gateway:
    return std::find(who.serves.begin(), who.serves.end(), owner) != who.serves.end();
  case role::operator_:
    return true;
  }
  return false;
}

bool may(const tenant_record& who, std::string_view owner, const mailbox_op& what) {
  if (who.revoked || !acts_for(who, owner) || who.is == role::sms_gateway)
    return false;
  if (std::holds_alternative<op::inspect>(what)) // names nodes and regions
    return who.is == role::operator_;
  return who.is != role::application || !std::holds_alternative<op::set_pin>(what);
}

bool administers(const tenant_record& who) { return !who.revoked && who.is == role::operator_; }

failure unknown_mailbox() {
  return {errc::not_found, "subscriber_not_found",
          "no such subscriber among yours: check the profile id, or register the device first"};
}

failure pin_denied() {
  return {errc::denied, "pin_denied",
          "number, message, challenge or PIN did not match: ask again for a new challenge"};
}

} // namespace restante
