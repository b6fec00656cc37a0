#include "actors/parcel.hpp"

#include "schemas/checksum.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

#include <algorithm>

namespace restante {

namespace {

peer::media_row row_of(const message_id& id, size_t part, const chunk& bytes) {
  return {id, static_cast<uint8_t>(part), bytes.size(), false, bytes};
}

peer::media_row row_of(greeting_kind kind, const chunk& bytes) {
  return {std::nullopt, static_cast<uint8_t>(kind), bytes.size(), false, bytes};
}

bool there(const last_write<greeting_record>& greeting) {
  return greeting.value.type != media_type::unknown;
}

bool is(const std::optional<chunk>& bytes, const digest& content) {
  return bytes && checksum(bytes->view()) == content;
}

/// A part of a seed.
change part_of(const mailbox_state& box) {
  change out;
  out.mailbox = out.delta.id = box.id;
  out.what = cause::seeded;
  out.owner = box.profile.tenant;
  out.region = box.profile.region;
  out.location = box.profile.location.value;
  return out;
}

} // namespace

std::vector<row_name> media_with(const change& what) {
  std::vector<row_name> out;
  const auto& delta = what.delta;
  if (what.what == cause::deposited)
    for (const auto& [id, message] : delta.messages)
      for (size_t part = 0; part < message.parts.size(); ++part)
        out.push_back({family::media, media_key(what.mailbox, id, static_cast<uint8_t>(part))});
  for (uint8_t kind = 0; kind < greeting_kinds; ++kind)
    if (there(delta.profile.greetings[kind]))
      out.push_back({family::media, greeting_key(what.mailbox, kind)});
  return out;
}

parcel_ptr pack(uint64_t sequence, std::string bytes, change what,
                const std::vector<std::optional<chunk>>& values) {
  auto out = std::make_shared<parcel>();
  out->sequence = sequence;
  out->what = std::move(what);
  auto& delta = out->what.delta;
  size_t next = 0;
  if (out->what.what == cause::deposited)
    for (auto at = delta.messages.begin(); at != delta.messages.end();) {
      bool whole = true;
      std::vector<peer::media_row> rows;
      for (size_t part = 0; part < at->second.parts.size(); ++part, ++next)
        if (is(values[next], at->second.parts[part].content))
          rows.push_back(row_of(at->first, part, *values[next]));
        else
          whole = false;
      if (whole)
        std::move(rows.begin(), rows.end(), std::back_inserter(out->entry.media));
      out->incomplete = out->incomplete || !whole;
      at = whole ? std::next(at) : delta.messages.erase(at);
    }
  for (uint8_t kind = 0; kind < greeting_kinds; ++kind)
    if (const auto& greeting = delta.profile.greetings[kind];
        there(greeting) && is(values[next++], greeting.value.content))
      out->entry.media.push_back(row_of(static_cast<greeting_kind>(kind), *values[next - 1]));
  out->entry.change = out->incomplete ? encode(out->what) : std::move(bytes);
  out->bytes = bytes_of(out->entry);
  return out;
}

parcel_ptr pack(const commit_request& written) {
  const auto& rows = written.rows;
  const auto step = std::find_if(rows.begin(), rows.end(),
                                 [](const row& each) { return each.in == family::changes; });
  if (step == rows.end())
    return nullptr;
  const auto sequence = parse_change_key(step->key);
  auto what = decode_change(step->value.view());
  if (!sequence || !what)
    return nullptr;
  std::vector<std::optional<chunk>> values;
  for (const auto& name : media_with(*what)) {
    const auto there = std::find_if(rows.begin(), rows.end(), [&](const row& each) {
      return each.in == name.in && each.key == name.key && !each.erase;
    });
    if (there == rows.end())
      return nullptr;
    // A copy: what came from a client counts as under way for as long as its bytes are kept.
    values.emplace_back(std::string{there->value.view()});
  }
  return pack(*sequence, std::string{step->value.view()}, std::move(*what), values);
}

bool held_by(const mailbox_id& id, std::string_view home, std::string_view location,
             const placement& places, std::string_view peer) {
  auto partition = partition_of(id);
  auto holds = [&](std::string_view region) {
    auto holders = places.holders(region, partition);
    return std::any_of(holders.begin(), holders.end(),
                       [&](const member* each) { return each->name == peer; });
  };
  return holds(home) || (!location.empty() && holds(location));
}

interest interest_of(const change& what, const placement& places, const member& peer) {
  if (held_by(what.mailbox, what.region, what.location, places, peer.name) ||
      (!what.left.empty() && held_by(what.mailbox, what.left, {}, places, peer.name)))
    return interest::everything;
  return what.delta.profile.aliases.empty() ? interest::nothing : interest::names;
}

peer::entry names_in(const change& what) {
  change out;
  out.mailbox = out.delta.id = what.mailbox;
  out.what = cause::seeded;
  out.owner = what.owner;
  out.region = what.region;
  out.delta.profile.aliases = what.delta.profile.aliases;
  return {encode(out), {}};
}

seed_part next_part(const mailbox_state& box, const std::optional<message_id>& after) {
  constexpr size_t header = 512; // about what one takes
  constexpr size_t rows_max = limits::batch_media_max - greeting_kinds;
  seed_part out{part_of(box), {}, after, true};
  size_t bytes = 0;
  for (auto at = after ? box.messages.upper_bound(*after) : box.messages.begin();
       at != box.messages.end(); ++at) {
    const auto& [id, message] = *at;
    auto more = header;
    for (const auto& part : message.parts)
      more += part.size;
    if (bytes != 0 && (bytes + more > limits::batch_bytes_max ||
                       out.media.size() + message.parts.size() > rows_max)) {
      out.last = false;
      return out;
    }
    bytes += more;
    for (size_t part = 0; part < message.parts.size(); ++part)
      if (!message.awaits(part)) // who gets the record awaits them too
        out.media.push_back({family::media, media_key(box.id, id, static_cast<uint8_t>(part))});
    out.what.delta.messages.emplace(id, message);
    out.through = id;
  }
  out.what.delta.profile = box.profile;
  out.what.delta.profile.sealed = false;
  for (uint8_t kind = 0; kind < greeting_kinds; ++kind)
    if (there(box.profile.greetings[kind]))
      out.media.push_back({family::media, greeting_key(box.id, kind)});
  return out;
}

bool fits(const seed_part& part, const std::vector<std::optional<chunk>>& values) {
  const auto& delta = part.what.delta;
  for (size_t i = 0; i < part.media.size(); ++i) {
    auto place = parse_media_key(part.media[i].key);
    auto kind = place ? greeting_kind_of(*place) : std::nullopt;
    if (!place ||
        !is(values[i], kind ? delta.profile.greetings[*kind].value.content
                            : delta.messages.at(place->message).parts[place->part].content))
      return false;
  }
  return true;
}

peer::entry fill(const seed_part& part, const std::vector<std::optional<chunk>>& values) {
  peer::entry out{encode(part.what), {}};
  for (size_t i = 0; i < part.media.size(); ++i) {
    auto place = parse_media_key(part.media[i].key);
    if (!values[i] || !place)
      continue;
    auto kind = greeting_kind_of(*place);
    out.media.push_back(kind ? row_of(static_cast<greeting_kind>(*kind), *values[i])
                             : row_of(place->message, place->part, *values[i]));
  }
  return out;
}

size_t bytes_of(const peer::entry& what) {
  auto out = what.change.size();
  for (const auto& row : what.media)
    out += row.bytes.size();
  return out;
}

} // namespace restante
