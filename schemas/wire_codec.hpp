// Requests and replies as frames (schemas/request.capnp), for both ends of the socket. Decoding
// never throws and never keeps a pointer into the envelope; media chunks are passed on, not copied.
#pragma once

#include "schemas/messages.hpp"

namespace restante {

/// One ZeroMQ message without its routing id: the envelope, then the media it describes.
struct frames {
  std::string envelope;
  std::vector<chunk> media;
};

/// A request that was refused before it became one. `correlation` is 0 when even that was
/// unreadable; the reply then carries 0. Likewise the request id, which is then empty.
struct refused_request {
  uint64_t correlation = 0;
  std::string request_id;
  failure why;
};

/// Decodes what a client sent. Checks shape, sizes, texts and that the media frames are the
/// described ones; what the values mean is for the model to judge.
[[nodiscard]] tl::expected<request, refused_request> decode_request(std::string_view envelope,
                                                                    std::vector<chunk> media);

/// The client's side of decode_request.
[[nodiscard]] frames encode_request(const request& what);

/// A reply as frames. `retry_after_ms` is filled for errc::busy.
[[nodiscard]] frames encode_reply(const reply& what);

/// The client's side of encode_reply.
[[nodiscard]] result<reply> decode_reply(std::string_view envelope, std::vector<chunk> media);

/// A failure that decode_reply read, as the node that said it had it: for a node that passes the
/// answer on.
[[nodiscard]] failure as_said(failure read);

} // namespace restante
