// Which PINs a subscriber may choose, and how many wrong ones a mailbox bears. Pure values and
// functions: the mailbox owns its pin_attempts and stores them, the clock is the caller's.
// The rules refuse what people choose first and attackers try first, and little else: a small
// black list costs users nothing, a large one makes them write their PIN down.
#pragma once

#include "schemas/error.hpp"
#include "schemas/limits.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace restante {

/// Lengths a tenant allows; 4 <= digits_min <= digits_max <= limits::pin_digits_max.
struct pin_policy {
  int digits_min = 6;
  int digits_max = limits::pin_digits_max;
};

/// Accepts a PIN a subscriber may use from now on. A PIN is text: leading zeros count.
/// `own_numbers` are the subscriber's telephone numbers in any notation; a PIN that is a run of
/// one's digits is the first guess of whoever knows it. Dates are allowed: as many six-digit PINs
/// are dates as not worth refusing. Fails with invalid_request and pin_not_digits, pin_too_short,
/// pin_too_long, pin_trivial or pin_own_number; no text contains the PIN.
[[nodiscard]] result<void> check_new_pin(const pin_policy& policy, std::string_view pin,
                                         std::span<const std::string> own_numbers);

/// Wrong PINs in a row, and until when none is looked at: INT64_MAX is until a reset.
/// Times are milliseconds since 1970.
struct pin_attempts {
  uint32_t failures = 0;
  int64_t closed_until_ms = 0;
  friend bool operator==(const pin_attempts&, const pin_attempts&) = default;
};

/// True when a PIN may be tried now. While this is false callers verify nothing and count nothing.
[[nodiscard]] bool pin_open(const pin_attempts& attempts, int64_t now_ms);

/// Counts a wrong PIN. From limits::pin_failures_pause on each closes the mailbox for
/// limits::pin_pause, from limits::pin_failures_lock on for ever. A clock that was set back never
/// opens it earlier.
[[nodiscard]] pin_attempts after_failure(pin_attempts attempts, int64_t now_ms);

/// The state after a right PIN or a reset.
[[nodiscard]] pin_attempts after_success();

} // namespace restante
