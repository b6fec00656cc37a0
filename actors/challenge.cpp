#include "actors/challenge.hpp"

#include "schemas/big_endian.hpp"

namespace restante {

namespace {

/// Everything the answer must repeat.
std::string bound_fields(const request& what) {
  const auto& of = std::get<ask::of_mailbox>(what.what);
  std::string out;
  auto put = [&](std::string_view field) {
    out += big_endian(field.size());
    out += field;
  };
  put(what.request_id);
  put(big_endian(static_cast<uint64_t>(of.subscriber.what)));
  put(of.subscriber.text);
  put(big_endian(of.op.index()));
  const message_ref* message = nullptr;
  if (auto* from = std::get_if<op::retrieve>(&of.op))
    message = &from->message;
  if (auto* from = std::get_if<op::remove>(&of.op)) {
    message = &from->message;
    put(from->purge ? "purge" : "");
  }
  if (message != nullptr) {
    put(message->id ? message->id->view() : std::string_view{});
    put(big_endian(message->uid));
  }
  return out;
}

std::string seal(const secret_key& key, std::string_view tenant, const request& what,
                 std::string_view head) {
  auto fields = bound_fields(what);
  std::string_view parts[] = {"challenge", tenant, fields, head};
  return std::string{keyed_digest(key, parts).view()};
}

} // namespace

std::string make_challenge(const secret_key& key, std::string_view tenant, const request& what,
                           wall_ms expires_at, std::string_view nonce) {
  auto head = big_endian(static_cast<uint64_t>(expires_at)) + std::string{nonce};
  return head + seal(key, tenant, what, head);
}

wall_ms challenge_expiry(std::string_view challenge) {
  if (challenge.size() != challenge_bytes)
    return 0;
  return static_cast<wall_ms>(from_big_endian(challenge.substr(0, 8)));
}

bool challenge_holds(const secret_key& key, std::string_view tenant, const request& what,
                     std::string_view challenge, wall_ms now) {
  if (challenge_expiry(challenge) <= now)
    return false;
  return equal_constant_time(challenge.substr(16),
                             seal(key, tenant, what, challenge.substr(0, 16)));
}

} // namespace restante
