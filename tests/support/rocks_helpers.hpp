// Short words for tests of the store on disk. A failure that a test did not ask for ends the test
// with the store's own text.
#pragma once

#include "storage/keys.hpp"
#include "storage/rocks_store.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

inline std::unique_ptr<rocks_store> opened(const rocks_store::options& how) {
  auto store = rocks_store::open(how);
  BOOST_REQUIRE_MESSAGE(store, store.error().text);
  return std::move(*store);
}

inline std::unique_ptr<rocks_store> opened(const std::filesystem::path& directory) {
  return opened(rocks_store::options{.directory = directory});
}

inline failure refusal(const std::filesystem::path& directory) {
  const auto store = rocks_store::open({.directory = directory});
  BOOST_REQUIRE(!store);
  return store.error();
}

inline result<void> put(rocks_store& store, family in, std::string key, std::string value,
                        commit_class urgency = commit_class::normal) {
  const row step = row::put(in, std::move(key), std::move(value));
  return store.commit({&step, 1}, urgency);
}

inline std::string reason_of(const result<void>& done) {
  return done ? "stored" : done.error().reason;
}

inline bool has(const rocks_store& store, family in, std::string_view key) {
  const auto found = store.get(in, key);
  BOOST_REQUIRE_MESSAGE(found, found.error().text);
  return found->has_value();
}

inline uint64_t figure(const rocks_store& store, std::string_view name) {
  for (const auto& [each, value] : store.figures())
    if (each == name)
      return value;
  BOOST_FAIL("no figure " << name);
  return 0;
}

inline std::string value_of(uint64_t number) {
  return std::to_string(number) + std::string(500, static_cast<char>('a' + number % 26));
}

/// Writes changes 0 to count - 1, each a commit of its own, and closes the store.
inline void write_changes(const std::filesystem::path& directory, uint64_t count) {
  const auto store = opened(directory);
  for (uint64_t i = 0; i < count; ++i)
    BOOST_REQUIRE(put(*store, family::changes, change_key(i), value_of(i)));
}

/// How many changes there are; they must be those from 0 on, each with its value.
inline uint64_t count_changes(const rocks_store& store) {
  uint64_t count = 0;
  while (const auto found = store.get(family::changes, change_key(count)).value()) {
    BOOST_REQUIRE((found->view() == value_of(count)));
    ++count;
  }
  return count;
}

} // namespace restante
