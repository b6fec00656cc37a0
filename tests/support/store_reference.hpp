// What a store has promised, kept in a map: all acknowledged commits, and at most one whose answer
// is open. Compared with the whole store, so that lost, changed, half, doubled and foreign rows all
// show. And commits at random, to be promised.
// Owner: the test of one store; one thread.
#pragma once

#include "schemas/ids.hpp"
#include "storage/keys.hpp"
#include "storage/kv_store.hpp"
#include "tests/support/random_state.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace restante {

class store_reference {
public:
  void begin(std::vector<row> rows) { open_ = std::move(rows); }
  [[nodiscard]] const std::vector<row>& open() const { return open_; }
  void acknowledge() {
    apply(open_, rows_);
    open_.clear();
  }

  /// Empty when the store holds all that was acknowledged and nothing else, with the open commit
  /// whole or without it; otherwise the first difference. What was found settles the open commit:
  /// whoever has read it may rely on it.
  [[nodiscard]] std::string settle(const kv_store& store) {
    map found;
    if (const auto read = read_all(store, found); !read)
      return read.error().text;
    const auto without = difference(rows_, found);
    auto rows = rows_;
    apply(std::exchange(open_, {}), rows);
    const auto with = difference(rows, found);
    if (with.empty())
      rows_ = std::move(rows);
    return with.empty() || without.empty() ? "" : without + " (with the open commit: " + with + ")";
  }

private:
  using map = std::map<std::pair<family, std::string>, std::string>;

  static void apply(const std::vector<row>& steps, map& to) {
    for (const auto& step : steps)
      if (step.erase)
        to.erase({step.in, step.key});
      else
        to[{step.in, step.key}] = step.value.view();
  }

  static result<void> read_all(const kv_store& store, map& to) {
    for (size_t i = 0; i < family_count; ++i) {
      const auto in = static_cast<family>(i);
      for (std::string from;;) {
        auto page = store.scan(in, {}, from, SIZE_MAX);
        if (!page)
          return tl::unexpected<failure>{page.error()};
        if (page->empty())
          break;
        from = key_after(page->back().key);
        for (auto& [key, value] : *page)
          to.emplace(std::pair{in, std::move(key)}, std::move(value));
      }
    }
    to.erase({family::meta, meta_key("format")}); // the store's own
    return {};
  }

  static std::string difference(const map& wanted, const map& found) {
    const auto [miss, extra] =
        std::mismatch(wanted.begin(), wanted.end(), found.begin(), found.end());
    const auto named = [](const auto& at, const char* what) {
      return std::string{to_string(at->first.first)} + "/" + to_hex(at->first.second) + what;
    };
    if (miss == wanted.end() && extra == found.end())
      return {};
    if (extra == found.end() || (miss != wanted.end() && miss->first < extra->first))
      return named(miss, " is missing");
    if (miss == wanted.end() || extra->first < miss->first)
      return named(extra, " is there and should not be");
    return named(miss, " has another value");
  }

  map rows_;
  std::vector<row> open_;
};

/// Bytes that differ for every number and do not compress.
[[nodiscard]] inline std::string random_value(uint64_t bytes, random_source& draw) {
  std::string out;
  while (out.size() < bytes) {
    uint64_t eight = draw.below(UINT64_MAX);
    out.append(reinterpret_cast<const char*>(&eight), sizeof eight);
  }
  out.resize(bytes);
  return out;
}

/// One to eight rows over all families, small ones and such as go to blob files; the keys are few,
/// so that values are replaced and erased. Every commit has a change of its number, and erases an
/// old one.
[[nodiscard]] inline std::vector<row> random_commit(uint64_t number, random_source& draw) {
  std::vector<row> rows;
  rows.push_back(row::put(family::changes, change_key(number), std::to_string(number)));
  if (number > 20)
    rows.push_back(row::remove(family::changes, change_key(number - 20)));
  for (uint64_t i = draw.below(7); i > 0; --i) {
    const auto in = static_cast<family>(draw.below(family_count));
    if (in == family::changes)
      continue;
    std::string key(16, static_cast<char>('a' + draw.below(2))); // of two mailboxes
    key += std::to_string(draw.below(6));
    const uint64_t bytes_max = draw.one_in(4) ? 60'000 : draw.one_in(3) ? 5000 : 200;
    if (draw.one_in(4))
      rows.push_back(row::remove(in, std::move(key)));
    else
      rows.push_back(row::put(in, std::move(key), random_value(draw.below(bytes_max), draw)));
  }
  return rows;
}

} // namespace restante
