#include "tests/simulation/promises.hpp"

#include <algorithm>

namespace restante::simulation {

namespace {

[[noreturn]] void broken(const std::string& what) { throw broken_promise{what}; }

std::string name_of(size_t box) { return "mailbox " + std::to_string(box); }
std::string name_of(int label) {
  return label < 0 ? "a purged message" : "message #" + std::to_string(label);
}

} // namespace

// --- clients
// --------------------------------------------------------------------------------------

void promises::depositing(int label, size_t box, const std::string& deposit) {
  auto [at, fresh] = messages_.try_emplace(label);
  if (!fresh)
    return;
  at->second.box = box;
  at->second.deposit = deposit;
  boxes_[box].labels[deposit].push_back(label);
}

void promises::deposited(int label, const std::string& id, size_t copies, bool replicated) {
  auto& what = messages_.at(label);
  acknowledged_ += !what.acknowledged;
  what.acknowledged = true;
  what.ids.insert(id);
  if (alone(what) && what.ids.size() > 1)
    broken(name_of(label) + " was acknowledged under two ids: deposit " + what.deposit);
  if (copies < (replicated ? 2 : 1) && !may_be_gone(what))
    broken(name_of(label) + " was acknowledged and is on " + std::to_string(copies) +
           " disks, not on " + (replicated ? "2" : "1"));
}

void promises::flagging(size_t box, const std::string& message, uint8_t bits,
                        std::optional<bool> to) {
  for (uint8_t bit = 1; bit != 0 && bit <= 8; bit = static_cast<uint8_t>(bit << 1))
    if ((bits & bit) != 0) {
      auto& there = boxes_[box].flags[{message, bit}];
      ++there.asked;
      there.to = to;
    }
}

void promises::flagged(size_t box, const std::string& message, uint8_t bits) {
  for (uint8_t bit = 1; bit != 0 && bit <= 8; bit = static_cast<uint8_t>(bit << 1))
    if ((bits & bit) != 0)
      boxes_[box].flags[{message, bit}].acknowledged = true;
}

void promises::listed(size_t box, const std::vector<int>& labels) const {
  std::set<int> once;
  for (auto label : labels) {
    auto at = messages_.find(label);
    if (at == messages_.end() || at->second.box != box)
      broken(name_of(box) + " lists " + name_of(label) + ", which nobody deposited there");
    if (!once.insert(label).second)
      broken(name_of(box) + " lists " + name_of(label) + " twice");
  }
}

void promises::handed(int label, const std::string& notification) {
  auto at = messages_.find(label);
  if (at == messages_.end())
    broken("a text about " + name_of(label) + ", which nobody deposited");
  at->second.texts.insert(notification);
  if (at->second.texts.size() > 1)
    broken("texts about " + name_of(label) +
           " have different ids: a gateway can't know them again");
}

void promises::pins_tried(size_t count, size_t allowed) const {
  if (count > allowed)
    broken(std::to_string(count) + " wrong PINs were looked at, " + std::to_string(allowed) +
           " are allowed");
}

bool promises::alone(const message& what) const {
  return boxes_.at(what.box).labels.at(what.deposit).size() == 1;
}

/// Somebody asked to purge it, or what shares its deposit id with it.
bool promises::may_be_gone(const message& what) const {
  const auto& box = boxes_.at(what.box);
  if (!alone(what) && !box.purging.empty())
    return true;
  return std::any_of(what.ids.begin(), what.ids.end(),
                     [&](const auto& id) { return box.purging.contains(id); });
}

// --- disks, at any time
// ---------------------------------------------------------------------------

void promises::look(const std::string& node, size_t box, const seen_copy& now) {
  auto& here = tombstones_[{node, box}];
  if (here.given_up != now.given_up)
    here = {now.given_up, {}}; // a copy that comes again is another one
  auto& tombstones = here.ids;
  auto& facts = boxes_[box];
  for (const auto& [id, what] : now.messages) {
    if (what.purged) {
      tombstones.insert(id);
      if (!facts.purging.contains(id) && facts.labels.size() > 0 &&
          std::none_of(facts.labels.begin(), facts.labels.end(),
                       [](const auto& each) { return each.second.size() > 1; }))
        broken(node + ": a message of " + name_of(box) + " is purged, and nobody asked for it");
      continue;
    }
    auto at = messages_.find(what.label);
    if (at == messages_.end() || at->second.box != box)
      broken(node + ": " + name_of(box) + " has " + name_of(what.label) +
             ", which nobody deposited there");
    // The other content of a deposit id that was used twice may take the id.
    if (tombstones.contains(id) && alone(at->second))
      broken(node + ": " + name_of(what.label) + " was purged here and is visible again");
    if (what.uid == 0)
      continue;
    auto [of, fresh] = facts.uids.try_emplace(what.uid, id);
    if (!fresh && of->second != id && alone(at->second))
      broken(node + ": " + name_of(what.label) + " has the number " + std::to_string(what.uid) +
             " of message " + of->second);
  }
}

void promises::shipped(const std::string& from, const std::string& to, const seen_copy& there,
                       const std::map<std::string, bool>& what) const {
  for (const auto& [id, purged] : what) {
    auto at = there.messages.find(id);
    if (at != there.messages.end() && !at->second.purged && at->second.label >= 0 &&
        !alone(messages_.at(at->second.label)))
      continue; // the other content has taken the id
    if (at == there.messages.end() || (purged && !at->second.purged))
      broken(from + " takes " + id.substr(0, 8) + (purged ? ", purged," : "") +
             " for being on the disk of " + to + ", and it is not");
  }
}

void promises::look_for_lost(size_t box, const std::vector<const seen_copy*>& everywhere) const {
  std::set<int> visible;
  for (const auto* copy : everywhere)
    for (const auto& [id, what] : copy->messages)
      visible.insert(what.label);
  for (const auto& [label, what] : messages_)
    if (what.box == box && what.acknowledged && !visible.contains(label) && !may_be_gone(what))
      broken(name_of(label) + " was acknowledged and is on no disk any more");
}

// --- after healing
// --------------------------------------------------------------------------------

void promises::settled(size_t box, const std::map<std::string, seen_copy>& copies,
                       const std::set<std::string>& wanted) const {
  for (const auto& [node, copy] : copies) {
    const bool there = copy.exists || !copy.messages.empty();
    if (wanted.contains(node) && !copy.exists)
      broken(node + " has no copy of " + name_of(box) + ", which it is to hold");
    if (!wanted.contains(node) && there)
      broken(node + " keeps " +
             (!copy.exists  ? std::to_string(copy.messages.size()) + " messages"
              : copy.sealed ? "a copy it does not serve"
                            : "a copy") +
             " of " + name_of(box) + ", which is not its to hold");
    if (copy.exists && copy.sealed)
      broken(node + " does not serve its copy of " + name_of(box));
  }
  check_same(box, copies);
  check_copy(box, copies.at(*wanted.begin()));
}

void promises::check_same(size_t box, const std::map<std::string, seen_copy>& copies) const {
  const std::pair<const std::string, seen_copy>* first = nullptr;
  for (const auto& each : copies) {
    if (!each.second.exists)
      continue;
    if (first == nullptr) {
      first = &each;
      continue;
    }
    auto differ = [&](const std::string& where) {
      broken(name_of(box) + " is not the same on " + first->first + " and " + each.first + ": " +
             where);
    };
    if (first->second.settings != each.second.settings)
      differ("settings");
    for (const auto& [id, what] : first->second.messages) {
      auto other = each.second.messages.find(id);
      if (other == each.second.messages.end())
        differ(name_of(what.label) + " is missing");
      if (other->second.bytes != what.bytes)
        differ(name_of(what.label));
    }
    if (first->second.messages.size() != each.second.messages.size())
      differ("one has more messages");
  }
  for (const auto& [node, copy] : copies)
    for (const auto& [id, what] : copy.messages)
      if (!what.purged && !what.media)
        broken(node + ": " + name_of(what.label) + " has not the media that were deposited");
}

void promises::check_copy(size_t box, const seen_copy& copy) const {
  const auto& facts = boxes_.at(box);
  for (const auto& [label, what] : messages_)
    if (what.box == box)
      check_message(label, copy);
  for (const auto& id : facts.purged) {
    auto at = copy.messages.find(id);
    const bool there = at != copy.messages.end() && !at->second.purged;
    if (there && alone(messages_.at(at->second.label)))
      broken(name_of(at->second.label) + " was purged and is visible");
  }
  if (!facts.languages.contains(copy.language) && !copy.language.empty())
    broken(name_of(box) + " has a language nobody chose: " + copy.language);
  if (!facts.locations.contains(copy.location))
    broken(name_of(box) + " is where nobody went: " + copy.location);
  check_flags(box, copy);
}

void promises::check_message(int label, const seen_copy& copy) const {
  const auto& what = messages_.at(label);
  const auto found = std::count_if(copy.messages.begin(), copy.messages.end(),
                                   [&](const auto& each) { return each.second.label == label; });
  if (found > 1)
    broken(name_of(label) + " is there " + std::to_string(found) + " times");
  if (found == 0 && what.acknowledged && !may_be_gone(what))
    broken(name_of(label) + " was acknowledged and is lost");
  if (found == 0 && what.acknowledged && alone(what) && !copy.messages.contains(*what.ids.begin()))
    broken(name_of(label) + " is gone without a tombstone");
}

/// Where one change alone was asked for and acknowledged, there is only one possible outcome.
void promises::check_flags(size_t box, const seen_copy& copy) const {
  for (const auto& [which, change] : boxes_.at(box).flags) {
    auto at = copy.messages.find(which.first);
    if (change.asked != 1 || !change.acknowledged || !change.to || at == copy.messages.end() ||
        at->second.purged || !alone(messages_.at(at->second.label)))
      continue;
    if (((at->second.flags & which.second) != 0) != *change.to)
      broken("flag " + std::to_string(which.second) + " of " + name_of(at->second.label) +
             " was changed once, and is not as it was set");
  }
}

void promises::all_told(bool calm) const {
  for (const auto& [label, what] : messages_) {
    if (!what.acknowledged)
      continue;
    if (what.told == 0)
      broken("nobody was told of " + name_of(label));
    if (calm && what.told != 1)
      broken("without any fault, the subscriber was told of " + name_of(label) + " " +
             std::to_string(what.told) + " times");
  }
}

} // namespace restante::simulation
