#include "schemas/error.hpp"

namespace restante {

std::string_view to_string(errc code) {
  switch (code) {
  case errc::invalid_request:
    return "invalid_request";
  case errc::unsupported:
    return "unsupported";
  case errc::not_found:
    return "not_found";
  case errc::denied:
    return "denied";
  case errc::conflict:
    return "conflict";
  case errc::mailbox_full:
    return "mailbox_full";
  case errc::storage_full:
    return "storage_full";
  case errc::busy:
    return "busy";
  case errc::outcome_unknown:
    return "outcome_unknown";
  case errc::shutting_down:
    return "shutting_down";
  case errc::storage_failure:
    return "storage_failure";
  }
  return "unknown";
}

} // namespace restante
