#include "tests/simulation/observation.hpp"

#include "actors/peer_progress.hpp"
#include "schemas/big_endian.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"
#include "storage/mailbox_rows.hpp"

namespace restante::simulation {

std::string recording(int label) {
  auto frame = std::to_string(label) + " ";
  frame.resize(31, '.');
  std::string out = "#!AMR\n";
  for (int left = is_long(label) ? 40'000 : 3; left > 0; --left)
    out += '\x3C' + frame; // mode 7: 31 bytes behind the header
  return out;
}

std::string caller_of(int label) {
  auto digits = std::to_string(label);
  return "+1505" + std::string(7 - digits.size(), '0') + digits;
}

std::optional<int> label_in(const std::string& text) {
  const std::string before = " from +1505";
  auto at = text.find(before);
  if (!text.starts_with("New voicemail") || at == std::string::npos)
    return std::nullopt;
  return std::stoi(text.substr(at + before.size(), 7));
}

seen_copy look_at(const kv_store& disk, const mailbox_id& box, bool with_media) {
  auto found = load_mailbox(disk, box);
  if (!found)
    throw std::runtime_error("a mailbox on disk can't be read: " + found.error().text);
  seen_copy out;
  auto profile = found->profile;
  out.exists = found->exists();
  out.sealed = std::exchange(profile.sealed, false);
  out.location = profile.location.value;
  out.language = profile.language.value;
  for (const auto& [id, message] : found->messages) // a floor below them says nothing
    profile.uid_floor = std::max(profile.uid_floor, message.uid);
  out.settings = encode(profile);
  for (const auto& [id, message] : found->messages) {
    auto& seen = out.messages[to_string(id)];
    seen.uid = message.uid;
    seen.purged = message.purged;
    seen.bytes = encode(message);
    seen.flags = message.flag_bits();
    if (message.purged)
      continue;
    // Of a message whose flags came before itself nothing else is known.
    seen.label = message.called_at == 0 ? -1 : static_cast<int>(message.called_at - first_call_ms);
    if (!with_media)
      continue;
    auto bytes = disk.get(family::media, media_key(box, id, 0));
    seen.media = bytes && *bytes && (*bytes)->view() == recording(seen.label);
  }
  return out;
}

std::map<std::string, bool> shipped_to(const kv_store& disk, const std::string& peer,
                                       uint64_t peer_incarnation, const mailbox_id& box) {
  std::map<std::string, bool> out;
  auto row = disk.get(family::meta, peer_progress_key(peer));
  auto progress = row && *row ? decode_peer_progress((*row)->view()) : std::nullopt;
  if (!progress || progress->incarnation != peer_incarnation ||
      !progress->seeded[partition_of(box)])
    return out;
  // A copy that was dropped was whole on those who were at home then; more was promised to nobody.
  const auto left = disk.get(family::meta, copy_left_key(box));
  const auto dropped = left && *left ? (*left)->view() : std::string_view{};
  auto log = disk.scan(family::changes, {}, {}, SIZE_MAX);
  for (auto next = change_key(0); log && !log->empty();
       log = disk.scan(family::changes, {}, next, SIZE_MAX))
    for (const auto& entry : *log) {
      next = key_after(entry.key);
      if (parse_change_key(entry.key).value_or(UINT64_MAX) > progress->acknowledged)
        return out;
      auto what = decode_change(entry.value);
      if (!what)
        throw std::runtime_error("a change on disk can't be read: " + what.error().text);
      if (what->mailbox == box && big_endian(what->at.hlc) > dropped)
        for (const auto& [id, message] : what->delta.messages)
          out[to_string(id)] |= message.purged;
    }
  return out;
}

} // namespace restante::simulation
