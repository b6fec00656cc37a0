// Reading and writing Cap'n Proto in one safe way; included by the codecs only.
//
// Untrusted bytes are copied to aligned words (received ZeroMQ buffers mostly are not aligned),
// read under limits, and decoded into plain structs inside one try: Cap'n Proto reports damage
// lazily, by exceptions at the accessor, so no reader may outlive `read_untrusted`.
#pragma once

#include "schemas/error.hpp"
#include "schemas/ids.hpp"
#include "schemas/limits.hpp"
#include "schemas/text.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <array>
#include <cstring>
#include <optional>

namespace restante::capnp_io {

/// Thrown by field readers, caught in read_untrusted.
struct refused {
  failure why;
};

[[noreturn]] inline void refuse(const char* reason, std::string text,
                                errc code = errc::invalid_request) {
  throw refused{{code, reason, std::move(text)}};
}

inline std::string_view view(::capnp::Text::Reader text) { return {text.begin(), text.size()}; }
inline std::string_view view(::capnp::Data::Reader data) {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}
inline ::capnp::Data::Reader blob(std::string_view bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}
inline ::capnp::Text::Reader text(const std::string& s) { return {s.c_str(), s.size()}; }

/// One line of UTF-8, at most `bytes_max` long.
inline std::string line(::capnp::Text::Reader text, size_t bytes_max, const char* field) {
  auto value = view(text);
  if (value.size() > bytes_max)
    refuse("text_too_long", std::string{field} + " is longer than " + std::to_string(bytes_max) +
                                " bytes; shorten it");
  if (!printable(value))
    refuse("text_not_utf8",
           std::string{field} + " must be one line of UTF-8 without control characters");
  return std::string{value};
}

/// Exactly 16 bytes, not all zero.
template <class Id>
Id id16_field(::capnp::Data::Reader raw, const char* field) {
  auto id = Id::from(view(raw));
  if (!id || id->zero())
    refuse("id_malformed", std::string{field} + " must be 16 bytes, not all zero");
  return *id;
}

/// Sixteen bytes of a value we wrote ourselves.
template <class Id>
Id own_id(::capnp::Data::Reader raw) {
  auto id = Id::from(view(raw));
  if (!id)
    refuse("id_malformed", "a stored id has the wrong length");
  return *id;
}

/// A number of ErrorCode. One this version does not know is `unsupported`.
inline errc error_code(uint16_t number) {
  return number >= 1 && number <= static_cast<uint16_t>(errc::storage_failure)
             ? static_cast<errc>(number)
             : errc::unsupported;
}

/// Reads `bytes` as a message with root `Root` and returns read(root). Every fault of the bytes is
/// a failure.
template <class Root, class Read>
auto read_untrusted(std::string_view bytes, size_t bytes_max, Read read)
    -> result<decltype(read(std::declval<typename Root::Reader>()))> {
  if (bytes.empty())
    return fail(errc::invalid_request, "envelope_empty", "the envelope frame is empty");
  if (bytes.size() > bytes_max)
    return fail(errc::invalid_request, "envelope_too_large",
                "the envelope is longer than " + std::to_string(bytes_max) +
                    " bytes; media belongs into frames of its own");
  if (bytes.size() % sizeof(::capnp::word) != 0)
    return fail(errc::invalid_request, "envelope_truncated",
                "the envelope is not a whole number of 8-byte words");
  uint32_t segments = 0;
  std::memcpy(&segments, bytes.data(), sizeof segments);
  if (segments >= limits::segments_max)
    return fail(errc::invalid_request, "envelope_segments", "the envelope has too many segments");
  auto words = kj::heapArray<::capnp::word>(bytes.size() / sizeof(::capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  ::capnp::ReaderOptions options;
  options.traversalLimitInWords = limits::traversal_factor * words.size() + 64;
  options.nestingLimit = limits::nesting_max;
  try {
    ::capnp::FlatArrayMessageReader message{words, options};
    if (message.getEnd() != words.end())
      return fail(errc::invalid_request, "envelope_trailing_bytes",
                  "the envelope has bytes after its message");
    return read(message.getRoot<Root>());
  } catch (const refused& e) {
    return tl::unexpected<failure>{e.why};
  } catch (const kj::Exception&) {
    return fail(errc::invalid_request, "envelope_malformed",
                "the envelope is not a message of this schema (unpacked, stream framing)");
  }
}

/// The message as one frame.
inline std::string to_bytes(::capnp::MessageBuilder& builder) {
  auto segments = builder.getSegmentsForOutput();
  // One segment is the rule: write its table and words without the detour over an array.
  std::string bytes;
  if (segments.size() == 1) {
    auto raw = segments[0].asBytes();
    uint32_t table[2] = {0, static_cast<uint32_t>(segments[0].size())};
    bytes.reserve(sizeof table + raw.size());
    bytes.append(reinterpret_cast<const char*>(table), sizeof table);
    bytes.append(reinterpret_cast<const char*>(raw.begin()), raw.size());
    return bytes;
  }
  auto words = ::capnp::messageToFlatArray(segments);
  auto raw = words.asBytes();
  bytes.assign(reinterpret_cast<const char*>(raw.begin()), raw.size());
  return bytes;
}

/// Where an encoder's words go: room for a usual envelope or row beside the builder, more from the
/// heap. A builder's own first segment is 8 KiB of heap, cleared and given back for every value.
struct envelope_room {
  std::array<uint64_t, 512> words{};
};
class envelope_builder : private envelope_room, public ::capnp::MallocMessageBuilder {
public:
  envelope_builder()
      : ::capnp::MallocMessageBuilder{
            ::kj::arrayPtr(reinterpret_cast<::capnp::word*>(words.data()), words.size())} {}
};

} // namespace restante::capnp_io
