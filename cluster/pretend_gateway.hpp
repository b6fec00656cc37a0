// An SMS gateway without a telephone network behind it: it takes over every text and says it was
// delivered. What the console and the walk-through do with phones, they do by way of this.
#pragma once

#include "bridges/client.hpp"

#include <set>
#include <variant>

namespace restante {

class pretend_gateway {
public:
  explicit pretend_gateway(const identity& who) : socket_{who} {}

  /// What the node answered to a text a phone sent.
  struct verdict {
    uint64_t correlation = 0;
    std::optional<failure> refused; // nothing: taken over
  };
  /// The node knows this gateway (again) and will hand it texts.
  struct welcomed {};
  using happening = std::variant<sms::submit, verdict, welcomed>;

  /// Says hello, without waiting; also renews a session the node has forgotten.
  void greet();

  /// A phone sends a text; the correlation of the verdict to come.
  uint64_t type(const std::string& from, const std::string& to, const std::string& text);

  /// The next thing of interest. A text is acknowledged as accepted and delivered before it is
  /// returned, and returned once, however often the node hands it over. Nothing when none comes in
  /// time; a failure for what the node refuses or nobody can read.
  [[nodiscard]] std::optional<result<happening>> next(milliseconds patience);

  /// Questions the node has not answered yet.
  [[nodiscard]] size_t unanswered() const { return waiting_.size(); }

private:
  enum class question : uint8_t { hello, text, report };
  uint64_t post(decltype(sms::from_gateway::what) what, question kind);
  std::optional<result<happening>> take(sms::to_gateway what);

  gateway_client socket_;
  std::map<uint64_t, question> waiting_;
  std::set<notification_id> seen_;
};

} // namespace restante
