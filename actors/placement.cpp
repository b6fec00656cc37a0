#include "actors/placement.hpp"

#include "schemas/checksum.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace restante {

namespace {

constexpr int partition_bits = 10;
static_assert(partition_count == size_t{1} << partition_bits);

constexpr size_t tolerance_percent = 5; // of the average, in both directions

/// What a step of a partition is worth in weights and handicaps, which are 32 bits wide: a member's
/// weights are that far apart, so about so much handicap wins or loses it one partition.
constexpr int step_bits = 32 - partition_bits;
/// Thirty rounds are the most that was seen. Should it swing, smaller moves end that.
constexpr int rounds_a_halving = 32;
constexpr int halvings = 8;

/// A member's weight for each partition. It draws them by lot, but they are spread evenly, from the
/// partition it wants least to that it wants most: plain draws would leave one member more high
/// weights than another, and more to level.
std::vector<int64_t> weights_of(std::string_view name) {
  std::vector<std::pair<int64_t, size_t>> drawn;
  for (size_t partition = 0; partition < partition_count; ++partition) {
    std::string text{name};
    text.push_back(static_cast<char>(partition >> 8));
    text.push_back(static_cast<char>(partition & 0xFF));
    const auto sum = checksum(text);
    drawn.emplace_back(std::accumulate(sum.bytes.begin(), sum.bytes.begin() + 4, int64_t{0},
                                       [](int64_t all, uint8_t byte) { return all << 8 | byte; }),
                       partition);
  }
  std::sort(drawn.begin(), drawn.end());
  std::vector<int64_t> weights(partition_count);
  int64_t rank = 0;
  for (const auto& [lot, partition] : drawn)
    weights[partition] = rank++ << step_bits | (lot & ((int64_t{1} << step_bits) - 1));
  return weights;
}

/// The members of one region competing for its partitions.
class contest {
public:
  /// `members` in the order of their names, at least one.
  contest(const std::vector<const member*>& members, size_t replicas)
      : members_{members.size()}
      , copies_{std::min(replicas, members.size())}
      , weights_(partition_count * members_)
      , handicaps_(members_)
      , ranks_(partition_count * members_) {
    for (size_t i = 0; i < members_; ++i) {
      const auto weights = weights_of(members[i]->name);
      for (size_t partition = 0; partition < partition_count; ++partition) {
        weights_[partition * members_ + i] = weights[partition];
        ranks_[partition * members_ + i] = i;
      }
    }
    // First who holds it, then who of these is its home: so a change of homes alone moves no data.
    level(members_, copies_);
    level(copies_, 1);
  }

  /// Numbers of the members that hold the partition, home first.
  [[nodiscard]] std::span<const size_t> winners(size_t partition) const {
    return std::span{ranks_}.subspan(partition * members_, copies_);
  }

private:
  /// Moves handicaps until every member has its part of the first `seats` in each partition, which
  /// go to the best of those ranked before `field`.
  void level(size_t field, size_t seats) {
    const auto all = seats * partition_count;
    const auto least =
        std::min(all / members_, (all * (100 - tolerance_percent) - 1) / (100 * members_) + 1);
    const auto most =
        std::max((all - 1) / members_ + 1, all * (100 + tolerance_percent) / (100 * members_));
    for (int round = 0; round < rounds_a_halving * halvings; ++round) {
      // A round gives each member half of what it lacks or has too much: all move at once.
      const auto step = int64_t{1} << (step_bits - 1 - round / rounds_a_halving);
      const auto counts = ranked(field, seats);
      bool levelled = true;
      for (size_t i = 0; i < members_; ++i) {
        const auto wanted = std::clamp(counts[i], least, most);
        levelled = levelled && wanted == counts[i];
        handicaps_[i] += (static_cast<int64_t>(wanted) - static_cast<int64_t>(counts[i])) * step;
      }
      if (levelled)
        return;
    }
  }

  /// Ranks each partition's first `field`, and counts how often each member is among the first
  /// `seats`. What is behind the copies stays unordered.
  std::vector<size_t> ranked(size_t field, size_t seats) {
    std::vector<size_t> counts(members_);
    for (size_t row = 0; row < ranks_.size(); row += members_) {
      auto* const first = &ranks_[row];
      std::partial_sort(first, first + copies_, first + field, [&](size_t a, size_t b) {
        return std::pair{-weights_[row + a] - handicaps_[a], a} <
               std::pair{-weights_[row + b] - handicaps_[b], b};
      });
      for (size_t i = 0; i < seats; ++i)
        ++counts[first[i]];
    }
    return counts;
  }

  size_t members_;
  size_t copies_;
  std::vector<int64_t> weights_;   // by partition, then member
  std::vector<int64_t> handicaps_; // by member
  std::vector<size_t> ranks_;      // by partition: all members, the winners first
};

/// Each region's members that may hold something, by name.
std::map<std::string_view, std::vector<const member*>> candidates(const membership& who) {
  std::map<std::string_view, std::vector<const member*>> all;
  for (const auto& each : who.members)
    if (each.alive)
      all[each.region].push_back(&each);
  for (auto& [region, members] : all) {
    const auto drains = [](const member* each) { return each->draining; };
    if (!std::all_of(members.begin(), members.end(), drains))
      members.erase(std::remove_if(members.begin(), members.end(), drains), members.end());
    std::sort(members.begin(), members.end(),
              [](const member* a, const member* b) { return a->name < b->name; });
  }
  return all;
}

} // namespace

size_t partition_of(const mailbox_id& id) {
  return size_t{id.bytes[0]} << (partition_bits - 8) | id.bytes[1] >> (16 - partition_bits);
}

mailbox_range range_of(size_t partition) {
  const auto first = [](size_t of) {
    mailbox_id id;
    id.bytes[0] = static_cast<uint8_t>(of >> (partition_bits - 8));
    id.bytes[1] = static_cast<uint8_t>(of << (16 - partition_bits));
    return id;
  };
  if (partition + 1 < partition_count)
    return {first(partition), first(partition + 1)};
  return {first(partition), std::nullopt};
}

placement::placement(std::shared_ptr<const membership> who, size_t replicas)
    : who_{std::move(who)} {
  for (const auto& [region, members] : candidates(*who_)) {
    const contest chosen{members, replicas};
    auto& table = holders_[std::string{region}];
    for (size_t partition = 0; partition < partition_count; ++partition) {
      const auto winners = chosen.winners(partition);
      ++shares_[members[winners.front()]->name].home;
      for (const auto winner : winners) {
        ++shares_[members[winner]->name].held;
        table.push_back(members[winner]);
      }
    }
  }
}

std::span<const member* const> placement::holders(std::string_view region, size_t partition) const {
  const auto at = holders_.find(region);
  if (at == holders_.end())
    return {};
  const auto copies = at->second.size() / partition_count;
  return std::span{at->second}.subspan(partition * copies, copies);
}

placement::share placement::partitions_of(std::string_view name) const {
  const auto at = shares_.find(name);
  return at == shares_.end() ? share{} : at->second;
}

} // namespace restante
