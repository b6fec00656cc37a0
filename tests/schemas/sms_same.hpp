// Comparing what gateways and nodes say field by field, as same.hpp does for requests and replies.
#pragma once

#include "schemas/sms_messages.hpp"

#include <tuple>

namespace restante::sms_tests {

inline auto fields(const sms::hello& v) { return std::tie(v.credit); }
inline auto fields(const sms::mobile_originated& v) { return std::tie(v.id, v.from, v.to, v.text); }
inline auto fields(const sms::submitted& v) { return std::tie(v.id, v.status, v.detail); }
inline auto fields(const sms::delivery_receipt& v) { return std::tie(v.id, v.status, v.detail); }
inline auto fields(const sms::location_update& v) { return std::tie(v.id, v.number, v.region); }
inline auto fields(const sms::welcome&) { return std::tuple{}; }
inline auto fields(const sms::accepted&) { return std::tuple{}; }
inline auto fields(const sms::submit& v) {
  return std::tie(v.id, v.to, v.from, v.text, v.unicode, v.segments, v.expires_at);
}
/// The reason does not come back.
inline auto fields(const failure& v) { return std::tie(v.code, v.text); }

template <class Frame>
bool same(const Frame& a, const Frame& b) {
  return a.correlation == b.correlation && a.what.index() == b.what.index() &&
         std::visit(
             [&](const auto& x) {
               return fields(x) == fields(std::get<std::decay_t<decltype(x)>>(b.what));
             },
             a.what);
}

} // namespace restante::sms_tests
