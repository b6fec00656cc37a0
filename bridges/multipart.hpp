// Sending messages of several frames without copying their media: ZeroMQ reads them where they are,
// and until it has, they count as unsent.
#pragma once

#include "actors/budget.hpp"
#include "schemas/wire_codec.hpp"

#include <zmq.hpp>

namespace restante {

/// Whether the bytes of media count as unsent here, or somebody made room for them before they were
/// read and holds it by their buffers.
enum class media_bytes { counted_here, counted_before };

/// Sends a message, all of it or nothing, and never waits. `routing_id`: of whom a ROUTER sends to,
/// else empty. False: the socket would have had to wait. Throws zmq::error_t as the socket does: a
/// ROUTER with mandatory routing EHOSTUNREACH when the receiver is gone.
[[nodiscard]] bool send_message(zmq::socket_t& by, std::string_view routing_id, const frames& what,
                                const std::shared_ptr<meter>& unsent,
                                media_bytes media = media_bytes::counted_here);

} // namespace restante
