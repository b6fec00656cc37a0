// Comparing what nodes say to each other field by field, as same.hpp does for requests and replies.
#pragma once

#include "schemas/peer_messages.hpp"

#include <tuple>

namespace restante::peer_tests {

inline auto fields(const peer::hello& v) {
  return std::tie(v.cluster, v.version_min, v.version_max, v.capabilities, v.node, v.region, v.lane,
                  v.incarnation, v.newest, v.now);
}
inline auto fields(const peer::welcome& v) {
  return std::tie(v.version, v.capabilities, v.node, v.incarnation, v.seen_incarnation,
                  v.seen_newest);
}
inline auto fields(const peer::alive& v) {
  return std::tie(v.draining, v.newest, v.acknowledged, v.complete);
}
inline auto fields(const peer::media_row& v) {
  return std::tie(v.message, v.part, v.size, v.in_pieces, v.bytes);
}
inline auto fields(const frames& v) { return std::tie(v.envelope, v.media); }
inline auto fields(const peer::applied& v) { return std::tie(v.number); }
inline auto fields(const peer::compare& v) { return std::tie(v.number, v.mailboxes); }
inline auto fields(const peer::differ& v) { return std::tie(v.number, v.mailboxes, v.leaving); }

template <class T>
bool same(const T& a, const T& b) {
  return fields(a) == fields(b);
}
inline bool same(const peer::piece& a, const peer::piece& b) {
  return a.mailbox == b.mailbox && same(a.row, b.row) && a.offset == b.offset;
}
inline bool same(const peer::entry& a, const peer::entry& b) {
  return a.change == b.change && std::equal(a.media.begin(), a.media.end(), b.media.begin(),
                                            b.media.end(), same<peer::media_row>);
}
inline bool same(const peer::batch& a, const peer::batch& b) {
  return a.number == b.number && a.behind == b.behind &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const auto& x, const auto& y) { return same(x, y); });
}
inline bool same(const peer::forward& a, const peer::forward& b) {
  return a.correlation == b.correlation && a.tenant == b.tenant && a.deadline == b.deadline &&
         same(a.what, b.what);
}
inline bool same(const peer::answer& a, const peer::answer& b) {
  return a.correlation == b.correlation && same(a.what, b.what);
}
/// `b` came by the wire: the reason is in its text, behind the explanation.
inline bool same(const failure& a, const failure& b) {
  return a.code == b.code && b.text == a.text + " [" + a.reason + "]";
}
inline bool same(const peer::stopped& a, const peer::stopped& b) {
  return a.number == b.number && same(a.why, b.why);
}
inline bool same(const peer::message& a, const peer::message& b) {
  return a.index() == b.index() &&
         std::visit([&](const auto& x) { return same(x, std::get<std::decay_t<decltype(x)>>(b)); },
                    a);
}

} // namespace restante::peer_tests
