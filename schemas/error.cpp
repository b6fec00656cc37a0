#include "schemas/error.hpp"

#include <algorithm>
#include <mutex>
#include <set>

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

const char* reason_constant(std::string_view reason, const char* unknown) {
  // More than there are; the lengths and letters of ours.
  constexpr size_t most = 1024, length_max = 64;
  static std::mutex guard;
  static std::set<std::string, std::less<>> known; // nodes of a set stay where they are
  const bool ours = !reason.empty() && reason.size() <= length_max &&
                    std::all_of(reason.begin(), reason.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                    });
  if (!ours)
    return unknown;
  std::lock_guard lock{guard};
  auto at = known.find(reason);
  if (at == known.end()) {
    if (known.size() >= most)
      return unknown;
    at = known.emplace(reason).first;
  }
  return at->c_str();
}

} // namespace restante
