#include "actors/peer_progress.hpp"

#include "schemas/big_endian.hpp"
#include "storage/keys.hpp"

namespace restante {

namespace {

constexpr size_t numbers = 2 * sizeof(uint64_t);

} // namespace

std::string peer_progress_key(const std::string& peer) { return meta_key("peer/" + peer); }

std::string encode(const peer_progress& what) {
  auto out = big_endian(what.incarnation) + big_endian(what.acknowledged);
  for (size_t i = 0; i < partition_count; i += 8) {
    unsigned byte = 0;
    for (size_t bit = 0; bit < 8; ++bit)
      byte |= static_cast<unsigned>(what.seeded[i + bit]) << bit;
    out += static_cast<char>(byte);
  }
  return out;
}

std::optional<peer_progress> decode_peer_progress(std::string_view bytes) {
  if (bytes.size() != numbers + partition_count / 8)
    return std::nullopt;
  peer_progress out;
  out.incarnation = from_big_endian(bytes.substr(0, sizeof(uint64_t)));
  out.acknowledged = from_big_endian(bytes.substr(sizeof(uint64_t), sizeof(uint64_t)));
  for (size_t i = 0; i < partition_count; ++i)
    out.seeded[i] = (static_cast<unsigned char>(bytes[numbers + i / 8]) >> i % 8 & 1) != 0;
  return out;
}

std::string peer_seen_key(const std::string& peer) { return meta_key("seen/" + peer); }

std::string encode(const peer_seen& what) {
  return big_endian(what.incarnation) + big_endian(what.newest);
}

std::optional<peer_seen> decode_peer_seen(std::string_view bytes) {
  if (bytes.size() != numbers)
    return std::nullopt;
  return peer_seen{from_big_endian(bytes.substr(0, sizeof(uint64_t))),
                   from_big_endian(bytes.substr(sizeof(uint64_t)))};
}

} // namespace restante
