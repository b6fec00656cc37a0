// What would be left of a directory if the power failed now. The directory itself is what the
// process sees; beside it this keeps how much of each file was synced, and which names the last
// sync of the directory found. A file's bytes have a second, private name, so that they outlive the
// deletion of the first.
//
// Invariants: `lose_power` leaves of each file a part that begins with all synced bytes, and of
// what happened to names since the last sync of the directory a part in the order in which it
// happened. All else is drawn. Names that nobody reported here (locks, text logs) stay as they are.
// Owner: lossy_disk, under its lock.
#pragma once

#include "tests/support/random_state.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace restante {

class disk_image {
public:
  struct file {
    std::filesystem::path bytes;
    uint64_t written = 0;
    uint64_t synced = 0;
    bool sync_failed = false;

    explicit file(std::filesystem::path where) : bytes{std::move(where)} {}
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() {
      std::error_code ignored;
      std::filesystem::remove(bytes, ignored);
    }

    /// After a failed sync the system has dropped what it could not write and calls the next sync
    /// a success: nothing from there on is safe, whatever is said of it later.
    void sync() { synced = sync_failed ? synced : written; }
  };

  /// What RocksDB has in the directory already is on disk.
  explicit disk_image(std::filesystem::path directory) : directory_{std::move(directory)} {
    for (const auto& entry : std::filesystem::directory_iterator{directory_}) {
      const auto name = entry.path().filename().string();
      if (!is_database(name))
        continue;
      const auto found = create(name);
      found->written = found->synced = entry.file_size();
    }
    sync_names();
  }

  /// A file that was just made in the directory, empty; another of this name is replaced.
  std::shared_ptr<file> create(const std::string& name) {
    auto made = std::make_shared<file>(hidden_.path() / std::to_string(++files_));
    std::filesystem::create_hard_link(directory_ / name, made->bytes);
    change({{name, made}});
    return made;
  }

  /// Nothing for a name that was not reported.
  [[nodiscard]] std::shared_ptr<file> find(const std::string& name) const {
    const auto at = seen_.find(name);
    return at == seen_.end() ? nullptr : at->second;
  }

  void rename(const std::string& from, const std::string& to) {
    if (const auto moved = find(from))
      change({{from, nullptr}, {to, moved}});
  }

  void remove(const std::string& name) {
    if (find(name))
      change({{name, nullptr}});
  }

  void sync_names() {
    kept_ = seen_;
    unsynced_.clear();
  }

  /// Makes the directory what is left of it. Nobody may have its files open.
  void lose_power(random_source& draw) {
    const uint64_t names = drawn_part(unsynced_.size(), draw);
    for (uint64_t i = 0; i < names; ++i)
      apply(unsynced_[i], kept_);
    for (const auto& [name, gone] : seen_)
      std::filesystem::remove(directory_ / name);
    seen_ = kept_;
    unsynced_.clear();
    for (const auto& [name, left] : kept_) {
      left->synced += drawn_bytes(left->written - left->synced, left->synced, draw);
      left->written = left->synced;
      left->sync_failed = false;
      std::filesystem::resize_file(left->bytes, left->written);
      std::filesystem::create_hard_link(left->bytes, directory_ / name);
    }
  }

private:
  using names = std::map<std::string, std::shared_ptr<file>>;
  using step = std::vector<std::pair<std::string, std::shared_ptr<file>>>; // null: the name goes

  static constexpr uint64_t page_bytes = 4096;

  static void apply(const step& what, names& to) {
    for (const auto& [name, becomes] : what)
      if (becomes)
        to[name] = becomes;
      else
        to.erase(name);
  }

  void change(step what) {
    apply(what, seen_);
    unsynced_.push_back(std::move(what));
  }

  static bool is_database(const std::string& name) {
    return (name.front() >= '0' && name.front() <= '9') || name == "CURRENT" ||
           name == "IDENTITY" || name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-");
  }

  /// None, all or any part.
  static uint64_t drawn_part(uint64_t whole, random_source& draw) {
    const uint64_t kind = draw.below(4);
    return kind == 0 ? 0 : kind == 1 ? whole : draw.below(whole + 1);
  }

  /// The same of bytes that begin at `from`; a part ends anywhere or with a page.
  static uint64_t drawn_bytes(uint64_t whole, uint64_t from, random_source& draw) {
    const uint64_t part = drawn_part(whole, draw);
    const uint64_t end = (from + part) / page_bytes * page_bytes;
    return part < whole && draw.one_in(2) ? std::max(end, from) - from : part;
  }

  std::filesystem::path directory_;
  temp_dir hidden_;
  uint64_t files_ = 0;
  names seen_;
  names kept_;
  std::vector<step> unsynced_;
};

} // namespace restante
