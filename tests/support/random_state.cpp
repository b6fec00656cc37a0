#include "tests/support/random_state.hpp"

#include <charconv>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace restante {

namespace {

std::string random_text(random_source& draw) {
  static constexpr std::string_view texts[] = {"", "a", "b", "off"};
  return std::string{draw.pick(texts)};
}

/// Unset one time in three: most deltas touch little.
stamp random_stamp(random_source& draw) {
  return draw.one_in(3) ? stamp{} : stamp{1 + draw.below(3), 1 + draw.below(2)};
}

digest random_content(random_source& draw) {
  return id_of<digest>(static_cast<uint8_t>(0xC0 + draw.below(3)));
}

last_write<std::string> random_write(random_source& draw) {
  auto at = random_stamp(draw);
  return at.unset() ? last_write<std::string>{} : last_write<std::string>{at, random_text(draw)};
}

last_write<greeting_record> random_greeting(random_source& draw) {
  auto at = random_stamp(draw);
  if (at.unset() || draw.one_in(4))
    return {at, {}};
  return {at, {media_type::amr, 1 + draw.below(2), random_content(draw)}};
}

void put(std::ostream& out, const stamp& at) { out << at.hlc << '/' << at.incarnation; }

void put(std::ostream& out, std::string_view name, const last_write<std::string>& what) {
  if (what == last_write<std::string>{})
    return;
  out << ' ' << name << '=' << to_hex(what.value) << '@';
  put(out, what.at);
}

void put(std::ostream& out, const message_record& what) {
  out << "\n  " << to_string(what.id) << " uid " << what.uid << " content "
      << to_string(what.content) << (what.purged ? " purged" : "");
  out << " '" << what.caller << "' by '" << what.deposited_by << "' format "
      << static_cast<int>(what.format) << " times " << what.called_at << ' ' << what.stored_at
      << ' ' << what.duration_ms << " parts " << what.parts.size() << " flags";
  for (const auto& flag : what.flags) {
    out << ' ' << flag.value << '@';
    put(out, flag.at);
  }
  put(out, "device", what.to_device);
  put(out, "elsewhere", what.elsewhere);
}

void put(std::ostream& out, const profile_state& what) {
  out << "'" << what.tenant << "' '" << what.region << "' born " << what.born_at << " floor "
      << what.uid_floor;
  for (const auto& name : what.aliases)
    out << ' ' << to_string(name.kind) << ':' << name.value;
  put(out, "pin", what.pin);
  put(out, "language", what.language);
  put(out, "zone", what.time_zone);
  put(out, "notifications", what.notifications);
  for (const auto& greeting : what.greetings) {
    out << " greeting " << static_cast<int>(greeting.value.type) << ' ' << greeting.value.size
        << ' ' << to_string(greeting.value.content) << '@';
    put(out, greeting.at);
  }
  for (const auto& [incarnation, share] : what.pin_shares) {
    out << " share " << incarnation << ": version " << share.version << " failures "
        << share.failures << " until " << share.closed_until << " for ";
    put(out, share.pin_at);
  }
}

} // namespace

uint64_t test_seed() {
  const char* text = std::getenv("RESTANTE_SEED");
  if (text == nullptr)
    return 20'261'120;
  std::string_view digits{text};
  uint64_t seed = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seed);
  if (error != std::errc{} || end != digits.data() + digits.size())
    throw std::invalid_argument{"RESTANTE_SEED must be a decimal number"};
  return seed;
}

message_record random_message(random_source& draw) {
  message_record out;
  out.id = id_of<message_id>(static_cast<uint8_t>(0x10 + draw.below(3)));
  out.content = random_content(draw);
  out.uid = static_cast<uint32_t>(draw.below(4));
  out.purged = draw.one_in(4);
  if (out.purged)
    return out;
  out.format = draw.one_in(2) ? message_format::voicemail : message_format::fax;
  out.caller = random_text(draw);
  out.called_at = static_cast<wall_ms>(draw.below(3));
  out.stored_at = static_cast<wall_ms>(draw.below(3));
  out.duration_ms = static_cast<uint32_t>(draw.below(3));
  out.deposited_by = random_text(draw);
  for (uint64_t parts = draw.below(3); parts > 0; --parts)
    out.parts.push_back({media_type::amr, draw.below(2), random_content(draw)});
  for (auto& flag : out.flags)
    if (auto at = random_stamp(draw); !at.unset())
      flag = {at, draw.one_in(2)};
  out.to_device = random_write(draw);
  out.elsewhere = random_write(draw);
  return out;
}

profile_state random_profile(random_source& draw) {
  profile_state out;
  out.tenant = random_text(draw);
  out.region = random_text(draw);
  out.born_at = static_cast<wall_ms>(draw.below(3));
  for (uint64_t names = draw.below(3); names > 0; --names)
    out.aliases.insert({draw.one_in(2) ? alias_kind::number : alias_kind::imei, random_text(draw)});
  out.pin = random_write(draw);
  out.language = random_write(draw);
  out.time_zone = random_write(draw);
  out.notifications = random_write(draw);
  for (auto& greeting : out.greetings)
    greeting = random_greeting(draw);
  for (uint64_t shares = draw.below(3); shares > 0; --shares)
    out.pin_shares[1 + draw.below(2)] = {1 + draw.below(3), random_stamp(draw),
                                         static_cast<uint32_t>(draw.below(3)),
                                         static_cast<wall_ms>(draw.below(2))};
  out.uid_floor = static_cast<uint32_t>(draw.below(3));
  out.location = random_write(draw);
  return out;
}

mailbox_state random_state(random_source& draw) {
  mailbox_state out;
  if (!draw.one_in(4))
    out.id = id_of<mailbox_id>(0xAB);
  if (!draw.one_in(3))
    out.profile = random_profile(draw);
  for (uint64_t messages = draw.below(4); messages > 0; --messages) {
    auto message = random_message(draw);
    out.messages.insert_or_assign(message.id, message);
  }
  return out;
}

std::string to_text(const mailbox_state& state) {
  std::ostringstream out;
  out << "mailbox " << to_string(state.id) << ": ";
  put(out, state.profile);
  for (const auto& [id, message] : state.messages)
    put(out, message);
  return out.str();
}

} // namespace restante
