// What the engine asks of a store: rows in families, written all or none, on disk before the
// answer. Implemented by rocks_store and, for tests, by memory_store; one conformance suite
// (tests/storage/kv_store_test.cpp) holds both to this contract.
//
// Threads: one thread commits; any thread may read, also during a commit. A reader sees all rows
// of a commit or none of them within one get; a scan sees one moment of the whole store.
// Owner: the store actor; everything else reaches it through messages.
#pragma once

#include "schemas/chunk.hpp"
#include "schemas/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

/// One column family each. The names are on disk; the numbers are not.
enum class family : uint8_t {
  profiles,
  aliases,
  messages,
  media,
  archive,
  changes,
  outbox,
  accounts,
  records,
  meta,
};

inline constexpr size_t family_count = 10;

inline constexpr std::array<std::string_view, family_count> family_names{
    "profiles", "aliases", "messages", "media",   "archive",
    "changes",  "outbox",  "accounts", "records", "meta"};

[[nodiscard]] constexpr std::string_view to_string(family in) {
  return family_names[static_cast<size_t>(in)];
}

/// One step of a commit: a key gets a value, or is erased.
struct row {
  family in = family::meta;
  std::string key;
  chunk value;
  bool erase = false;

  [[nodiscard]] static row put(family in, std::string key, chunk value) {
    return {in, std::move(key), std::move(value), false};
  }
  [[nodiscard]] static row put(family in, std::string key, std::string value) {
    return {in, std::move(key), chunk{std::move(value)}, false};
  }
  /// Erasing a key that does not exist is no error.
  [[nodiscard]] static row remove(family in, std::string key) {
    return {in, std::move(key), {}, true};
  }
};

struct key_value {
  std::string key;
  std::string value;
  friend bool operator==(const key_value&, const key_value&) = default;
};

/// A page of a scan ends with the row that brings its values to this size.
inline constexpr size_t scan_page_bytes = 1024 * 1024;

/// Where to go on after `key`: the smallest key that is greater.
[[nodiscard]] inline std::string key_after(std::string_view key) { return std::string{key} + '\0'; }

/// The first key behind all keys with this prefix; nothing when there is no such key (the prefix
/// is empty or all 0xFF), which means: up to the end.
[[nodiscard]] inline std::optional<std::string> prefix_end(std::string_view prefix) {
  std::string end{prefix};
  while (!end.empty() && end.back() == '\xFF')
    end.pop_back();
  if (end.empty())
    return std::nullopt;
  end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

/// Who may use the disk's last reserve.
enum class commit_class : uint8_t {
  normal,    // refused with storage_full when less than the reserve would stay free
  essential, // deletions, PIN counters: go on down to a quarter of the reserve
};

class kv_store {
public:
  using group = std::span<const row>;

  kv_store() = default;
  kv_store(const kv_store&) = delete;
  kv_store& operator=(const kv_store&) = delete;
  virtual ~kv_store() = default;

  /// All rows or none, in order (the last row of a key wins), on disk when this returns without
  /// failure. No rows: success without touching the disk.
  /// `storage_full` (reason disk_reserve) and `invalid_request` are refusals: nothing was stored.
  /// `storage_failure` is indeterminate: the rows may or may not be there. Every later commit is
  /// then refused with the reason `stopped`; the owner ends, opens the store again and verifies.
  [[nodiscard]] result<void> commit(group rows, commit_class urgency = commit_class::normal) {
    return write({&rows, 1}, urgency);
  }

  /// The same for the rows of many commands at once: one batch, one fsync, no row copied.
  [[nodiscard]] result<void> commit(std::span<const group> groups,
                                    commit_class urgency = commit_class::normal) {
    return write(groups, urgency);
  }

  /// The value of a key, or nothing. The chunk owns or pins its bytes and may outlive the store.
  /// `storage_failure` (reason store_damaged) when the bytes on disk do not match their checksum.
  [[nodiscard]] virtual result<std::optional<chunk>> get(family in, std::string_view key) const = 0;

  /// Rows whose keys begin with `prefix`, from the key `from` on (inclusive; empty: the first), in
  /// byte order of keys: at most `limit`, and no more after scan_page_bytes of values. An empty
  /// page means the end; to go on, pass key_after(the last key).
  [[nodiscard]] virtual result<std::vector<key_value>>
  scan(family in, std::string_view prefix, std::string_view from, size_t limit) const = 0;

  /// The row with the greatest key, from which sequence numbers are recovered.
  [[nodiscard]] virtual result<std::optional<key_value>> last(family in) const = 0;

  /// Bytes the file system still gives to this process; 0 when it does not say.
  [[nodiscard]] virtual uint64_t free_bytes() const = 0;

private:
  virtual result<void> write(std::span<const group> groups, commit_class urgency) = 0;
};

} // namespace restante
