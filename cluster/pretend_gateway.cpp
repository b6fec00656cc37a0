#include "cluster/pretend_gateway.hpp"

#include <chrono>

namespace restante {

namespace {

constexpr uint32_t credit = 32;

} // namespace

uint64_t pretend_gateway::post(decltype(sms::from_gateway::what) what, question kind) {
  const auto correlation = socket_.post(std::move(what));
  if (correlation != 0)
    waiting_.emplace(correlation, kind);
  return correlation;
}

void pretend_gateway::greet() {
  // A node that was restarted answers nothing it was asked before.
  std::erase_if(waiting_, [](const auto& entry) { return entry.second != question::text; });
  post(sms::hello{credit}, question::hello);
}

uint64_t pretend_gateway::type(const std::string& from, const std::string& to,
                               const std::string& text) {
  return post(sms::mobile_originated{fresh_request_id(), from, to, text}, question::text);
}

std::optional<result<pretend_gateway::happening>> pretend_gateway::next(milliseconds patience) {
  using clock = std::chrono::steady_clock;
  const auto end = clock::now() + patience;
  do {
    const auto left = std::chrono::duration_cast<milliseconds>(end - clock::now());
    auto got = socket_.receive(std::max(left, milliseconds{0}));
    if (!got)
      return std::nullopt;
    if (!*got)
      return result<happening>{tl::unexpected{got->error()}};
    if (auto found = take(std::move(**got)))
      return found;
  } while (clock::now() < end);
  return std::nullopt;
}

std::optional<result<pretend_gateway::happening>> pretend_gateway::take(sms::to_gateway what) {
  if (auto* submit = std::get_if<sms::submit>(&what.what)) {
    post(sms::submitted{submit->id, sms::submit_status::accepted, "taken over"}, question::report);
    if (!seen_.insert(submit->id).second)
      return std::nullopt;
    post(sms::delivery_receipt{submit->id, sms::delivery_status::delivered, "on the phone"},
         question::report);
    return result<happening>{std::move(*submit)};
  }
  const auto at = waiting_.find(what.correlation);
  const bool text = at != waiting_.end() && at->second == question::text;
  if (at != waiting_.end())
    waiting_.erase(at);
  if (auto* why = std::get_if<failure>(&what.what)) {
    if (text)
      return result<happening>{verdict{what.correlation, std::move(*why)}};
    return result<happening>{tl::unexpected{std::move(*why)}};
  }
  if (std::holds_alternative<sms::welcome>(what.what))
    return result<happening>{welcomed{}};
  return text ? std::optional{result<happening>{verdict{what.correlation, {}}}} : std::nullopt;
}

} // namespace restante
