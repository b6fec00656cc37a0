#include "actors/passing.hpp"

#include "schemas/limits.hpp"

namespace restante {

namespace {

/// As long as the longest a client may ask for, and what the way back takes.
constexpr auto patience = limits::deadline_max + std::chrono::seconds{5};

failure interrupted() {
  return {errc::outcome_unknown, "peer_interrupted",
          "the node that serves this mailbox did not answer: it may or may not have been done; "
          "retry with the same request id"};
}

} // namespace

bool passing::pass(const std::string& peer, const std::string& tenant, request what,
                   request_share_ptr held, clock::time_point now, then answer) {
  auto& to = links_[peer];
  if (!to.up || to.requests >= limits::passed_on_max)
    return false;
  const auto correlation = last_ + 1;
  what.correlation = correlation;
  auto as = encode_request(what);
  size_t bytes = as.envelope.size();
  for (const auto& frame : as.media)
    bytes += frame.size();
  if (to.bytes != 0 && to.bytes + bytes > limits::passed_on_bytes_max) // one alone always may
    return false;
  last_ = correlation;
  ++to.requests;
  to.bytes += bytes;
  open_.emplace_hint(open_.end(), correlation,
                     open{peer, bytes, now + patience, std::move(held), std::move(answer)});
  send_({peer, true, peer::forward{correlation, tenant, what.deadline, std::move(as)}});
  return true;
}

void passing::connected(const std::string& peer, bool up) {
  links_[peer].up = up;
  end([&](const open& each) { return each.peer == peer; }); // of the connection before
}

void passing::take(const std::string& peer, const peer::answer& what) {
  auto at = open_.find(what.correlation);
  if (at == open_.end() || at->second.peer != peer)
    return; // too late
  auto read = decode_reply(what.what.envelope, what.what.media);
  if (!read)
    return close(at, interrupted());
  if (auto* why = std::get_if<failure>(&read->what))
    *why = as_said(std::move(*why));
  close(at, std::move(read->what));
}

void passing::end_overdue(clock::time_point now) {
  end([&](const open& each) { return each.until <= now; });
}

void passing::end_all() {
  end([](const open&) { return true; });
}

/// What is answered may pass something on at once.
template <class Which>
void passing::end(Which which) {
  std::vector<uint64_t> ended;
  for (const auto& [correlation, each] : open_)
    if (which(each))
      ended.push_back(correlation);
  for (auto correlation : ended)
    close(open_.find(correlation), interrupted());
}

void passing::close(std::map<uint64_t, open>::iterator at, outcome what) {
  auto done = std::move(at->second);
  open_.erase(at);
  auto& of = links_[done.peer];
  --of.requests;
  of.bytes -= done.bytes;
  done.answer(std::move(what));
}

} // namespace restante
