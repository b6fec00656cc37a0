// Many questions to a node at a time, each asked again under its own request id after silence or a
// passing refusal, because the node may be starting. Owned by the checker.
#pragma once

#include "bridges/client.hpp"

#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace restante::crash {

struct question {
  operation what;
  std::string request_id;
};

class asking {
public:
  explicit asking(const identity& who) : node_{who} {}

  /// Asks make(0) to make(count - 1), 128 at a time, and hands each final answer to take(index,
  /// outcome), once. Throws std::runtime_error when the node is silent for 30 seconds.
  template <class Make, class Take>
  void all(size_t count, Make make, Take take) {
    size_t asked = 0, silent = 0;
    std::unordered_map<uint64_t, size_t> index_of; // by correlation
    std::unordered_set<size_t> open;
    auto post = [&](size_t index) {
      question next = make(index);
      index_of[node_.post(std::move(next.what), std::move(next.request_id))] = index;
    };
    while (asked < count || !open.empty()) {
      for (; asked < count && open.size() < window; ++asked) {
        open.insert(asked);
        post(asked);
      }
      auto got = node_.receive(pause);
      if (!got || !*got) {
        if (++silent == silences_max)
          throw std::runtime_error("the node does not answer");
        for (auto index : open)
          post(index);
        continue;
      }
      silent = 0;
      auto found = index_of.extract((*got)->correlation);
      if (found.empty() || open.count(found.mapped()) == 0)
        continue; // answered already
      if (passes((*got)->what)) {
        post(found.mapped());
        continue;
      }
      open.erase(found.mapped());
      take(found.mapped(), std::move((*got)->what));
    }
  }

private:
  static constexpr size_t window = 128;
  static constexpr milliseconds pause{1'000};
  static constexpr size_t silences_max = 30;

  static bool passes(const outcome& got) {
    const auto* why = std::get_if<failure>(&got);
    return why != nullptr && (why->code == errc::busy || why->code == errc::outcome_unknown ||
                              why->code == errc::shutting_down);
  }

  client node_;
};

} // namespace restante::crash
