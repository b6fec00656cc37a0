// The client's side of a node's sockets: what the command line, the walk-through, the benchmarks
// and the tests use. One thread at a time. An adapter in another language does the same with a
// DEALER socket (bridges/README.md).
#pragma once

#include "bridges/curve_keys.hpp"
#include "schemas/sms_messages.hpp"
#include "schemas/wire_codec.hpp"

#include <deque>
#include <memory>

namespace restante {

/// A DEALER socket that sends and receives whole messages.
class dealer {
public:
  explicit dealer(const identity& who);
  ~dealer();
  dealer(dealer&&) noexcept;
  dealer& operator=(dealer&&) noexcept;

  /// False when the socket's queue is full or the node is unreachable within `patience`.
  [[nodiscard]] bool send(const frames& what, milliseconds patience = milliseconds{5'000});

  /// The next message: its first frame and the rest. Nothing when none comes in time.
  [[nodiscard]] std::optional<frames> receive(milliseconds patience);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Asks a node and waits for the answer that belongs to the question; events that come meanwhile
/// are kept for next_event().
class client {
public:
  explicit client(const identity& who) : socket_{who} {}

  /// Sends an operation with a fresh correlation and waits. A request id is made when it is empty.
  /// The node's refusal comes back as the failure; silence as errc::outcome_unknown, reason
  /// "no_answer".
  [[nodiscard]] result<outcome> ask(operation what, std::string request_id = {},
                                    milliseconds patience = milliseconds{10'000});

  /// Sends without waiting; the correlation, or 0 when it could not be sent.
  uint64_t post(operation what, std::string request_id = {},
                milliseconds deadline = milliseconds{0});

  /// The next answer or event, whatever its correlation.
  [[nodiscard]] std::optional<result<reply>> receive(milliseconds patience);

  /// The next event of a subscription.
  [[nodiscard]] std::optional<answer::event> next_event(milliseconds patience);

private:
  dealer socket_;
  uint64_t correlation_ = 0;
  std::deque<answer::event> events_;
};

/// An SMS gateway's side.
class gateway_client {
public:
  explicit gateway_client(const identity& who) : socket_{who} {}

  /// Sends a frame; its correlation.
  uint64_t post(decltype(sms::from_gateway::what) what);

  [[nodiscard]] std::optional<result<sms::to_gateway>> receive(milliseconds patience);

private:
  dealer socket_;
  uint64_t correlation_ = 0;
};

/// Sixteen random bytes: a request id.
[[nodiscard]] std::string fresh_request_id();

} // namespace restante
