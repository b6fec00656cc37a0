#include "storage/store_check.hpp"

#include "storage/blob_file.hpp"
#include "storage/high_water_mark.hpp"
#include "storage/manifest_mark.hpp"
#include "storage/named_file.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/store_files.hpp"
#include "storage/store_scratch.hpp"
#include "storage/store_view.hpp"

#include <fcntl.h>
#include <rocksdb/sst_file_reader.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace restante {

namespace {

namespace fs = std::filesystem;

/// A private copy of the logs without what is damaged in them or cut short, so that RocksDB can be
/// asked about the rest and nothing changes in the store.
struct clean_log_copy {
  clean_log_copy() = default;
  clean_log_copy(const clean_log_copy&) = delete;
  clean_log_copy& operator=(const clean_log_copy&) = delete;
  ~clean_log_copy() {
    std::error_code ignored;
    if (!directory.empty())
      fs::remove_all(directory, ignored);
  }

  /// A partial copy would show losses that are none.
  result<void> make(const fs::path& original, const store_files& found) {
    std::error_code why;
    const auto under = fs::temp_directory_path(why);
    if (why)
      return unusable("The temporary directory", why);
    const auto free = fs::space(under, why).available;
    if (!why && free < found.log_bytes)
      return fail(errc::storage_full, "disk_full",
                  under.string() + " has " + std::to_string(free >> 20) +
                      " MiB free, checking damaged logs needs " +
                      std::to_string((found.log_bytes >> 20) + 1) +
                      ": make room, or name another directory in TMPDIR");
    std::string name = (under / "restante-check-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      return unusable(under.string(), {errno, std::generic_category()});
    directory = name;
    for (const auto& unreadable : clean_logs(original, found, directory))
      return fail(errc::storage_failure, "read_failed",
                  unreadable + " could not be copied to " + directory.string() +
                      " to look at its rows: is the disk failing?");
    return {};
  }

  static tl::unexpected<failure> unusable(const std::string& what, std::error_code why) {
    return fail(errc::storage_failure, "open_failed",
                what + " can't be used (" + why.message() +
                    "), and checking damaged logs takes a copy of them: name another in TMPDIR");
  }

  fs::path directory; // empty while there is none
};

bool logs_damaged(const store_files& found) {
  return std::ranges::any_of(found.damage,
                             [](const file_damage& each) { return each.file.ends_with(".log"); });
}

class checker {
public:
  explicit checker(const check_options& how) : how_{how}, directory_{how.directory} {}

  result<store_report> check() {
    auto files = look_at_files(directory_);
    if (!files)
      return tl::unexpected{files.error()};
    for (const auto& each : files->damage)
      seen(each.file, each.what);
    out_.files = 2 + numbered_files(directory_, ".log").size(); // with CURRENT and the MANIFEST
    out_.bytes = files->bytes;
    marks(*files);
    if (const bool by_manifest = std::ranges::none_of(out_.findings,
                                                      [&](const finding& each) {
                                                        return each.where == "CURRENT" ||
                                                               each.where == files->manifest;
                                                      });
        !by_manifest) {
      seen("rows", "can't be looked at without a sound MANIFEST: a repair tells what is lost");
      files_alone();
      return std::move(out_);
    }
    clean_log_copy clean;
    if (logs_damaged(*files))
      if (auto ok = clean.make(directory_, *files); !ok)
        return tl::unexpected{ok.error()};
    auto view =
        store_view::open(directory_, clean.directory.empty() ? directory_ : clean.directory);
    if (!view && clean.directory.empty()) {
      if (auto ok = clean.make(directory_, *files); !ok)
        return tl::unexpected{ok.error()};
      if (auto without = store_view::open(directory_, clean.directory)) {
        out_.findings.add({fate::unused, "the newest log",
                           "ends in a commit that is not whole and was never acknowledged, "
                           "as a power loss may leave it"});
        view = std::move(without);
      }
    }
    if (!view) {
      seen("rows", "can't be looked at (" + view.error().text + ")");
      files_alone();
      for (const auto& each : files->missing)
        if (std::ranges::find(out_.findings, each.file, &finding::where) == out_.findings.end())
          seen(each.file, each.what);
      return std::move(out_);
    }
    const auto live = (*view)->files();
    live_files(live);
    other_files(live);
    end_of_rows(**view, *files);
    const auto newest = *out_.newest_row;
    const auto acknowledged = out_.acknowledged.value_or(newest);
    judging how{.missing_rows = acknowledged - std::min(acknowledged, newest),
                .all_rows = std::max(acknowledged, newest),
                .tables_missing = false,
                .merge = how_.merge,
                .found = [&](finding each) { out_.findings.add(std::move(each)); },
                .keep = {},
                .tell = how_.tell};
    auto rows = judge_rows(**view, how);
    if (!rows)
      return tl::unexpected{rows.error()};
    out_.rows = *rows;
    out_.rows_judged = true;
    return std::move(out_);
  }

private:
  void seen(std::string where, std::string what) {
    out_.findings.add({fate::seen, std::move(where), std::move(what), {}, {}, 0});
  }

  void marks(const store_files& files) {
    out_.acknowledged = files.acknowledged;
    if (files.mark_unread)
      seen(high_water_mark::file_name, files.mark_unread->text);
    else if (!files.acknowledged)
      out_.remarks.push_back({high_water_mark::file_name,
                              "is missing or unreadable: how far the store had acknowledged is not "
                              "known; the next start makes the mark anew"});
    if (!read_manifest_mark(directory_))
      out_.remarks.push_back({manifest_mark_name,
                              "is missing or unreadable: whether the MANIFEST lost its end is not "
                              "known; the next start makes the mark anew"});
  }

  void end_of_rows(const store_view& view, const store_files& files) {
    out_.newest_row = view.newest_row();
    if (files.acknowledged && *out_.newest_row < *files.acknowledged)
      out_.findings.add({fate::lost,
                         "rows behind " + std::to_string(*out_.newest_row),
                         "had been acknowledged, up to row " + std::to_string(*files.acknowledged) +
                             ", and are not there",
                         {},
                         {},
                         0,
                         *files.acknowledged - *out_.newest_row});
  }

  /// Against the checksums of the MANIFEST.
  void live_files(const std::vector<live_file>& files) {
    for (const auto& file : files) {
      if (how_.tell)
        how_.tell("files", out_.files);
      ++out_.files;
      const auto what = differs(directory_ / file.name, file, [&](uint64_t bytes) {
        out_.bytes += bytes;
        if (how_.tell)
          how_.tell("files", out_.files);
      });
      if (!what.empty())
        seen(file.name, what + " (" + file.family + ")");
    }
  }

  /// Named like files of the store, and none: of a flush or compaction that was cut short, or put
  /// there by somebody.
  void other_files(const std::vector<live_file>& live) {
    std::set<std::string, std::less<>> known;
    for (const auto& file : live)
      known.insert(file.name);
    for (const auto& entry : fs::directory_iterator{directory_}) {
      const auto& file = entry.path();
      const auto kind = file.extension();
      if ((kind != ".sst" && kind != ".blob" && kind != ".log") ||
          known.contains(file.filename().string()) ||
          std::ranges::any_of(out_.findings,
                              [&](const finding& each) { return each.where == file.filename(); }))
        continue;
      if (!file_number(file))
        out_.remarks.push_back({file.filename(), "is not part of the store, ignored: its name is "
                                                 "no number a file of a store has"});
      else if (kind != ".log") // logs are read, all of them
        out_.remarks.push_back({file.filename(), "is not part of the store, ignored: the MANIFEST "
                                                 "does not name it; a start may remove it"});
    }
    std::ranges::sort(out_.remarks, {}, &remark::where);
  }

  /// Without a MANIFEST: against the checksums they have inside.
  void files_alone() {
    for (const auto& file : numbered_files(directory_, ".sst")) {
      ++out_.files;
      rocksdb::SstFileReader table{rocksdb::Options{}};
      auto status = table.Open(file);
      if (status.ok())
        status = table.VerifyChecksum();
      if (!status.ok())
        seen(file.filename(), "is damaged (" + status.ToString() + ")");
    }
    for (const auto& file : numbered_files(directory_, ".blob")) {
      ++out_.files;
      const auto scan = scan_blobs(file, true, [](const blob_place&) {});
      if (!scan || scan->damaged != 0)
        seen(file.filename(),
             scan ? std::to_string(scan->damaged) + " of its records or parts are damaged"
                  : scan.error().text);
    }
  }

  const check_options& how_;
  const fs::path& directory_;
  store_report out_;
};

} // namespace

result<void> readable(const fs::path& directory) {
  std::error_code why;
  const fs::directory_iterator entries{directory, why};
  if (why)
    return fail(errc::storage_failure, "open_failed",
                directory.string() + " can't be read (" + why.message() +
                    "): run this as the user the node runs as");
  for (const auto& entry : entries) {
    const int opened = ::open(entry.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const auto denied = opened < 0 && (errno == EACCES || errno == EPERM);
    if (opened >= 0)
      ::close(opened);
    if (denied)
      return fail(errc::storage_failure, "open_failed",
                  entry.path().string() +
                      " may not be read: run this as the user the node runs as");
  }
  return {};
}

failure not_locked(const fs::path& directory, const failure& why) {
  if (std::string_view{why.reason} != "open_failed")
    return why;
  return {errc::storage_failure, "open_failed",
          "The lock file in " + directory.string() +
              " can't be written: run this as the user the node runs as; a copy that is "
              "read-only, such as a backup, copy to a writable directory first. " +
              why.text};
}

bool holds_store(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "CURRENT", ignored) ||
         fs::exists(directory / "IDENTITY", ignored) ||
         !numbered_files(directory, ".sst").empty() || !numbered_files(directory, ".log").empty() ||
         !numbered_files(directory, ".blob").empty();
}

result<store_report> check_store(const check_options& how) {
  return guarded(during::opening, how.directory.string(), [&]() -> result<store_report> {
    if (auto ok = readable(how.directory); !ok)
      return tl::unexpected{ok.error()};
    if (!holds_store(how.directory))
      return fail(errc::not_found, "no_store",
                  how.directory.string() + " holds no store: name the directory 'data' of the "
                                           "node's configuration");
    const auto lock = store_lock::take(how.directory);
    if (!lock)
      return tl::unexpected{not_locked(how.directory, lock.error())};
    return checker{how}.check();
  });
}

} // namespace restante
