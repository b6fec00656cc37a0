// What can go wrong, from the caller's side. A code exists only because a caller reacts to it
// differently; the reason says which check refused (it labels counters and logs); the text says
// what was expected and what to do, and never repeats a PIN, media or a full number.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace restante {

/// Numbers travel on the wire (schemas/common.capnp, ErrorCode): append only, never renumber.
enum class errc : uint8_t {
  invalid_request = 1, // correct the request; sending it again unchanged fails again
  unsupported,         // this node does not know the operation; use an older form
  not_found,           // no such subscriber or message, or not this tenant's
  denied,              // number, message, challenge or PIN did not match: ask for a new challenge
  conflict,            // the id or alias already stands for something else; choose another
  mailbox_full,        // the subscriber must delete something first
  storage_full,        // nothing was stored; retry when the operator has made room
  busy,                // nothing was stored; retry after a pause
  outcome_unknown,     // may have been stored: retry with the SAME request id
  shutting_down,       // nothing was stored; reconnect and retry
  storage_failure,     // the disk or its contents are damaged: an operator must look
};

/// The name of a code as programs and people read it, such as "not_found".
std::string_view to_string(errc code);

struct failure {
  errc code = errc::invalid_request;
  /// A short constant such as "media_magic_mismatch"; must point to static storage.
  const char* reason = "unspecified";
  /// For the caller, one sentence.
  std::string text;
  friend bool operator==(const failure& a, const failure& b) {
    return a.code == b.code && std::string_view{a.reason} == b.reason && a.text == b.text;
  }
};

/// A constant for a reason that came from elsewhere, so that it can be passed on: `unknown` for
/// what is no reason, or when more different ones came than this version has itself.
[[nodiscard]] const char* reason_constant(std::string_view reason,
                                          const char* unknown = "refused_elsewhere");

template <class T>
using result = tl::expected<T, failure>;

/// Shorthand for returning a failure from a function with a result.
inline tl::unexpected<failure> fail(errc code, const char* reason, std::string text) {
  return tl::unexpected<failure>{failure{code, reason, std::move(text)}};
}

/// Process exit codes of every program; the README's table repeats them.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed = 1;      // the operation was refused; the reason is on stderr
inline constexpr int usage = 2;       // command line or configuration is wrong
inline constexpr int storage = 3;     // the data directory is in use, damaged or of another format
inline constexpr int unreachable = 4; // no answer from the node in time
} // namespace exit_code

} // namespace restante
