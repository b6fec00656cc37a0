#include "bridges/multipart.hpp"

namespace restante {

namespace {

/// What a queued message takes besides its bytes, roughly: counted, so that many small ones are as
/// bounded as few large ones.
constexpr size_t message_cost = 512;

/// Keeps a chunk alive while ZeroMQ sends it, and counts `cost` as unsent until then.
struct lent {
  chunk bytes;
  lease unsent;
};

void give_back(void*, void* hint) { delete static_cast<lent*>(hint); }

zmq::message_t lend(chunk bytes, const std::shared_ptr<meter>& unsent, size_t cost) {
  auto* what = new lent{std::move(bytes), {unsent, cost}};
  auto view = what->bytes.view();
  // ZeroMQ does not write through this pointer.
  return {const_cast<char*>(view.data()), view.size(), give_back, what};
}

} // namespace

bool send_message(zmq::socket_t& by, std::string_view routing_id, const frames& what,
                  const std::shared_ptr<meter>& unsent, media_bytes media) {
  using zmq::send_flags;
  const auto last = send_flags::dontwait, more = send_flags::dontwait | send_flags::sndmore;
  // The first frame fails when the receiver is gone or its queue is full; the frames behind it are
  // then never begun, and none of them fails after it.
  if (!routing_id.empty() && !by.send(zmq::buffer(routing_id), more))
    return false;
  if (!by.send(lend(chunk{what.envelope}, unsent, what.envelope.size() + message_cost),
               what.media.empty() ? last : more))
    return false;
  for (size_t i = 0; i < what.media.size(); ++i) {
    const auto bytes = media == media_bytes::counted_here ? what.media[i].size() : 0;
    (void)by.send(lend(what.media[i], unsent, bytes + message_cost),
                  i + 1 == what.media.size() ? last : more);
  }
  return true;
}

} // namespace restante
