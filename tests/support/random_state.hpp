// Mailbox states drawn at random for property tests. The spaces are small on purpose - three ids,
// three contents, few stamps - so that two drawn states collide in nearly every part: same message
// with another content, same stamp with another value, purged here and live there.
// Invariant: every state drawn is one a replica could hold; a purged record keeps only id, uid and
// content.
#pragma once

#include "schemas/mailbox_state.hpp"

#include <cstdint>
#include <random>
#include <string>

namespace restante {

/// RESTANTE_SEED, or a fixed number, so that a run can be repeated. Throws std::invalid_argument
/// when the variable is not a decimal number.
[[nodiscard]] uint64_t test_seed();

/// A source of draws. Not std::uniform_int_distribution, which differs between standard libraries:
/// one seed is to mean one run everywhere.
class random_source {
public:
  explicit random_source(uint64_t seed) : engine_{seed} {}

  /// 0 to `count` - 1; `count` is above zero.
  [[nodiscard]] uint64_t below(uint64_t count) { return engine_() % count; }

  /// True once in `count` draws.
  [[nodiscard]] bool one_in(uint64_t count) { return below(count) == 0; }

  template <class Container>
  [[nodiscard]] const auto& pick(const Container& from) {
    return *std::next(std::begin(from), static_cast<ptrdiff_t>(below(std::size(from))));
  }

  template <class Container>
  void shuffle(Container& what) {
    for (size_t i = what.size(); i > 1; --i)
      std::swap(what[i - 1], what[below(i)]);
  }

private:
  std::mt19937_64 engine_;
};

/// An id whose bytes are all `byte`: easy to read in a failure.
template <class Id>
[[nodiscard]] Id id_of(uint8_t byte) {
  Id out;
  out.bytes.fill(byte);
  return out;
}

[[nodiscard]] message_record random_message(random_source& draw);
[[nodiscard]] profile_state random_profile(random_source& draw);

/// Always of the same mailbox, or of none yet.
[[nodiscard]] mailbox_state random_state(random_source& draw);

/// What tells two states apart, for the message of a failed check.
[[nodiscard]] std::string to_text(const mailbox_state& state);

} // namespace restante
