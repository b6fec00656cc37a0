#include "bridges/client.hpp"

#include <zmq_addon.hpp>

#include <chrono>

namespace restante {

namespace {

using clock = std::chrono::steady_clock;

int left_until(clock::time_point end) {
  auto left = std::chrono::duration_cast<milliseconds>(end - clock::now()).count();
  return static_cast<int>(std::max<int64_t>(left, 0));
}

} // namespace

struct dealer::impl {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::dealer};
};

dealer::dealer(const identity& who) : impl_{std::make_unique<impl>()} {
  using namespace zmq::sockopt;
  auto& socket = impl_->socket;
  socket.set(linger, 500);
  socket.set(sndhwm, 10'000);
  socket.set(rcvhwm, 10'000);
  // Not ZeroMQ's heartbeats: libzmq 4.3.4 can abort the process on its own (libzmq issue 4364).
  socket.set(tcp_keepalive, 1);
  socket.set(tcp_keepalive_idle, 5);
  socket.set(tcp_keepalive_intvl, 5);
  socket.set(tcp_keepalive_cnt, 2);
  if (!who.server_key.empty()) {
    socket.set(curve_serverkey, who.server_key);
    socket.set(curve_publickey, who.public_key);
    socket.set(curve_secretkey, who.secret_key);
  }
  socket.connect(who.endpoint);
}

dealer::~dealer() = default;
dealer::dealer(dealer&&) noexcept = default;
dealer& dealer::operator=(dealer&&) noexcept = default;

bool dealer::send(const frames& what, milliseconds patience) {
  auto& socket = impl_->socket;
  socket.set(zmq::sockopt::sndtimeo, static_cast<int>(patience.count()));
  auto flag = [&](size_t sent) {
    return sent == what.media.size() ? zmq::send_flags::none : zmq::send_flags::sndmore;
  };
  if (!socket.send(zmq::buffer(what.envelope), flag(0)))
    return false;
  for (size_t i = 0; i < what.media.size(); ++i) {
    auto view = what.media[i].view();
    (void)socket.send(zmq::buffer(view.data(), view.size()), flag(i + 1));
  }
  return true;
}

std::optional<frames> dealer::receive(milliseconds patience) {
  auto& socket = impl_->socket;
  auto end = clock::now() + patience;
  for (;;) {
    socket.set(zmq::sockopt::rcvtimeo, left_until(end));
    zmq::message_t first;
    try {
      if (!socket.recv(first))
        return std::nullopt;
    } catch (const zmq::error_t& e) {
      if (e.num() == EINTR && left_until(end) > 0)
        continue;
      return std::nullopt;
    }
    frames out;
    out.envelope = first.to_string();
    bool more = first.more();
    while (more) {
      auto next = std::make_shared<zmq::message_t>();
      (void)socket.recv(*next);
      more = next->more();
      std::string_view view{static_cast<const char*>(next->data()), next->size()};
      out.media.emplace_back(std::move(next), view);
    }
    return out;
  }
}

uint64_t client::post(operation what, std::string request_id, milliseconds deadline) {
  request asked;
  asked.correlation = ++correlation_;
  asked.request_id = request_id.empty() ? fresh_request_id() : std::move(request_id);
  asked.deadline = deadline;
  asked.what = std::move(what);
  return socket_.send(encode_request(asked)) ? asked.correlation : 0;
}

std::optional<result<reply>> client::receive(milliseconds patience) {
  auto got = socket_.receive(patience);
  if (!got)
    return std::nullopt;
  return decode_reply(got->envelope, std::move(got->media));
}

result<outcome> client::ask(operation what, std::string request_id, milliseconds patience) {
  auto end = clock::now() + patience;
  auto correlation = post(std::move(what), std::move(request_id), patience);
  while (correlation != 0) {
    auto got = receive(milliseconds{left_until(end)});
    if (!got)
      break;
    if (!*got)
      return tl::unexpected<failure>{got->error()};
    if (auto* event = std::get_if<answer::event>(&(*got)->what))
      events_.push_back(std::move(*event));
    else if ((*got)->correlation == correlation || (*got)->correlation == 0) {
      if (auto* why = std::get_if<failure>(&(*got)->what))
        return tl::unexpected<failure>{std::move(*why)};
      return std::move((*got)->what);
    }
  }
  return fail(errc::outcome_unknown, "no_answer",
              "the node did not answer in time: is it running, and is this its address and key?");
}

std::optional<answer::event> client::next_event(milliseconds patience) {
  auto end = clock::now() + patience;
  while (events_.empty()) {
    auto got = receive(milliseconds{left_until(end)});
    if (!got || !*got)
      return std::nullopt;
    if (auto* event = std::get_if<answer::event>(&(*got)->what))
      events_.push_back(std::move(*event));
  }
  auto out = std::move(events_.front());
  events_.pop_front();
  return out;
}

uint64_t gateway_client::post(decltype(sms::from_gateway::what) what) {
  auto correlation = ++correlation_;
  return socket_.send({sms::encode(sms::from_gateway{correlation, std::move(what)}), {}})
             ? correlation
             : 0;
}

std::optional<result<sms::to_gateway>> gateway_client::receive(milliseconds patience) {
  auto got = socket_.receive(patience);
  if (!got)
    return std::nullopt;
  return sms::decode_to_gateway(got->envelope);
}

std::string fresh_request_id() { return random_bytes(16); }

} // namespace restante
