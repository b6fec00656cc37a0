#include "storage/store_files.hpp"

#include "storage/high_water_mark.hpp"
#include "storage/log_file.hpp"
#include "storage/manifest_files.hpp"
#include "storage/manifest_mark.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/store_view.hpp"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace restante {

namespace {

namespace fs = std::filesystem;

/// RocksDB counts in 64 bits, on from the greatest number any file there has.
constexpr uint64_t file_number_max = uint64_t{1} << 62;

std::optional<uint64_t> number_in(std::string_view digits) {
  uint64_t number = 0;
  const auto* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end ? std::optional{number} : std::nullopt;
}

/// The number RocksDB takes from a name, if it takes it for one of its own.
std::optional<uint64_t> counted_number(const fs::path& file) {
  const auto name = file.filename().string();
  for (const std::string_view prefix : {"MANIFEST-", "OPTIONS-"})
    if (name.starts_with(prefix))
      return number_in(std::string_view{name}.substr(prefix.size()));
  const auto kind = file.extension();
  return kind == ".sst" || kind == ".blob" || kind == ".log" ? number_in(file.stem().string())
                                                             : std::nullopt;
}

std::string to(uint64_t from, uint64_t last) {
  return std::to_string(from) + " to " + std::to_string(last);
}

std::string bytes_damaged(const log_scan::gap& where) {
  return "bytes " + to(where.begin, where.end) + " are damaged";
}

/// A batch that does not follow on the one before it.
struct jump {
  uint64_t at = 0; // in the file
  uint64_t first = 0;
  uint64_t last = 0;
};

class looker {
public:
  explicit looker(const fs::path& directory) : directory_{directory} {}

  result<store_files> look() {
    marks();
    if (auto ok = manifest(); !ok)
      return tl::unexpected{ok.error()};
    const bool sound = found_.damage.empty();
    const auto logs = numbered_files(directory_, ".log");
    closed_logs(logs);
    front_lost_ = std::ranges::any_of(named_.closed_logs(), [&](const auto& closed) {
      return closed.second != 0 && (logs.empty() || closed.first < *file_number(logs.front()));
    });
    newest_named_ = sound ? named_.newest_row() : UINT64_MAX;
    if (found_.damage.empty()) // otherwise the MANIFEST may name too much
      tables_and_blobs();
    for (const auto& file : logs)
      if (*file_number(file) < named_.oldest_log())
        continue; // its rows are in tables; RocksDB removes such logs, the newest first
      else if (auto ok = log(file); !ok)
        return tl::unexpected{ok.error()};
    const auto& mark = found_.acknowledged;
    if (mark && found_.newest && *found_.newest < *mark)
      note(last_log_, "the logs end at row " + std::to_string(*found_.newest) + ", row " +
                          std::to_string(*mark) + " had been acknowledged");
    numbers_beyond();
    return std::move(found_);
  }

private:
  void note(const std::string& file, std::string what) {
    found_.damage.push_back({file, std::move(what)});
  }

  void marks() {
    const std::string name = high_water_mark::file_name;
    std::error_code ignored;
    if (!fs::exists(directory_ / name, ignored))
      return; // the caller knows whether there should be one
    high_water_mark mark;
    if (auto read = mark.open(directory_))
      found_.acknowledged = *read;
    else
      found_.mark_unread = read.error();
  }

  /// Why a file that is there can't be opened: its rights, and no damage.
  static std::error_code not_opened(const fs::path& file) {
    const int opened = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const int why = opened < 0 ? errno : 0;
    if (opened >= 0)
      ::close(opened);
    return {why == ENOENT ? 0 : why, std::generic_category()};
  }

  result<void> manifest() {
    std::ifstream in{directory_ / "CURRENT", std::ios::binary};
    std::string name(64, '\0');
    in.read(name.data(), static_cast<std::streamsize>(name.size()));
    name.resize(static_cast<size_t>(in.gcount()));
    const bool ended = name.ends_with('\n');
    name.resize(name.size() - (ended ? 1 : 0));
    const auto number = manifest_number(name);
    std::error_code missing;
    if (const auto why = in.is_open() ? std::error_code{} : not_opened(directory_ / "CURRENT"))
      return fail(errc::storage_failure, "open_failed",
                  (directory_ / "CURRENT").string() + " can't be read (" + why.message() +
                      "): look at its rights and its disk, and run this as the user the node "
                      "runs as.");
    if (!ended || !number || !fs::is_regular_file(directory_ / name, missing)) {
      note("CURRENT", !fs::exists(directory_ / "CURRENT", missing) ? "is missing"
                      : ended && number ? "names " + name + ", which is not there"
                                        : "names no MANIFEST");
      return {};
    }
    found_.manifest = name;
    const auto mark = read_manifest_mark(directory_);
    auto scan = scan_log(directory_ / name, [&](const log_record& record) {
      if (record.whole)
        named_.take(record.bytes);
    });
    if (!scan)
      return tl::unexpected{scan.error()};
    found_.bytes += scan->size;
    for (const auto& gap : scan->gaps)
      note(name, bytes_damaged(gap));
    if (mark && mark->number > *number)
      note("CURRENT",
           "names " + name + ", number " + std::to_string(mark->number) + " was there already");
    else if (mark && mark->number == *number && scan->whole < mark->bytes)
      note(name, "is whole up to byte " + std::to_string(scan->whole) + ", byte " +
                     std::to_string(mark->bytes) + " had been written");
    else if (scan->whole == 0)
      note(name, "has no whole record");
    return {};
  }

  /// As RocksDB asks it of what the MANIFEST says; without that, a log that is gone and was not the
  /// last looks like rows that went to tables.
  void closed_logs(const std::vector<fs::path>& there) {
    for (const auto& [number, bytes] : named_.closed_logs()) {
      const auto at =
          std::ranges::find(there, number, [](const fs::path& file) { return *file_number(file); });
      const auto name = numbered_name(number, ".log");
      std::error_code ignored;
      found_.closed_logs[name] = bytes;
      if (at == there.end())
        note(name, "is missing: it held rows that were acknowledged");
      else if (const auto size = fs::file_size(*at, ignored); size < bytes)
        note(name, "is " + std::to_string(size) + " bytes long, " + std::to_string(bytes) +
                       " had been written: it held rows that were acknowledged");
    }
  }

  /// RocksDB asks it of tables, of blob files only when they are read.
  void tables_and_blobs() {
    for (const auto& [name, bytes] : named_.tables_and_blobs()) {
      std::error_code missing;
      const auto size = fs::file_size(directory_ / name, missing);
      if (missing)
        found_.missing.push_back(
            {name, fs::exists(directory_ / name) ? missing.message() : "is missing"});
      else if (size < bytes)
        found_.missing.push_back(
            {name, "is " + std::to_string(size) + " bytes long, was " + std::to_string(bytes)});
    }
  }

  result<void> log(const fs::path& file) {
    if (std::error_code ignored; !fs::is_regular_file(file, ignored)) {
      note(file.filename().string(),
           std::string{"is "} + (fs::is_directory(file, ignored) ? "a directory" : "no file") +
               ", not a log: move it away");
      return {};
    }
    last_log_ = file.filename().string();
    std::vector<jump> jumps;
    bool repeats = false;
    auto scan = scan_log(file, [&](const log_record& record) {
      const auto head = record.whole ? read_batch_head(record.bytes) : std::nullopt;
      front_lost_ |= record.whole && !any_whole_ && record.begin != 0;
      any_whole_ |= record.whole;
      if (!head || head->rows == 0)
        return;
      if (!found_.newest && front_lost_)
        first_row(head->sequence);
      const uint64_t due = found_.newest.value_or(head->sequence - 1) + 1;
      if (head->sequence < due) {
        if (!std::exchange(repeats, true))
          note(last_log_, "byte " + std::to_string(record.begin) + " has row " +
                              std::to_string(head->sequence) + " behind row " +
                              std::to_string(due - 1) +
                              ": a copy, or a log of another time or store. It is left out");
        return;
      }
      if (!found_.newest || head->sequence != due)
        found_.whole_from = head->sequence;
      if (head->sequence > due) {
        jumps.push_back({record.begin, due, head->sequence - 1});
        found_.rows_missing.push_back({last_log_, due, head->sequence - 1});
      }
      found_.newest = head->sequence + head->rows - 1;
    });
    if (!scan)
      return tl::unexpected{scan.error()};
    const auto closed = named_.closed_logs().find(*file_number(file));
    front_lost_ |= !any_whole_ && closed != named_.closed_logs().end() && closed->second != 0;
    found_.bytes += scan->size;
    found_.log_bytes += scan->size;
    for (const auto& gap : scan->gaps) {
      const auto lost = std::find_if(jumps.begin(), jumps.end(),
                                     [&](const jump& each) { return each.at == gap.end; });
      note(last_log_, bytes_damaged(gap) + (lost == jumps.end() ? "" : rows_lost(*lost)));
      if (lost != jumps.end())
        jumps.erase(lost);
    }
    for (const auto& each : jumps)
      note(last_log_, "byte " + std::to_string(each.at) + rows_lost(each));
    return {};
  }

  /// What stood in front of the first row there is: the MANIFEST has the newest of when it was last
  /// written to, which may have been later.
  void first_row(uint64_t number) {
    if (number < 2)
      return;
    const auto before = std::min(newest_named_, number - 2);
    found_.rows_missing.push_back({last_log_, before + 1, number - 1, before == newest_named_});
  }

  /// Behind them the numbers would begin anew, and name files that are there.
  void numbers_beyond() {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{directory_, ignored})
      if (counted_number(entry.path()).value_or(0) > file_number_max)
        note(entry.path().filename(), "has a number no store gets to: it is not of this store, "
                                      "and leaves no numbers for new files. Move it away");
  }

  std::string rows_lost(const jump& over) {
    return ": rows " + to(over.first, over.last) + " are missing";
  }

  fs::path directory_;
  std::string last_log_;
  uint64_t newest_named_ = 0; // row, by a sound MANIFEST
  bool any_whole_ = false;    // record of any log
  bool front_lost_ = false;   // records in front of the first whole one
  manifest_files named_;
  store_files found_;
};

} // namespace

struct store_lock::held {
  rocksdb::FileLock* lock = nullptr;
  ~held() {
    if (lock)
      rocksdb::Env::Default()->UnlockFile(lock);
  }
};

store_lock::store_lock(std::unique_ptr<held> lock) : held_{std::move(lock)} {}
store_lock::~store_lock() = default;

result<store_lock> store_lock::take(const std::filesystem::path& directory) {
  auto taken = std::make_unique<held>();
  const auto status = rocksdb::Env::Default()->LockFile(directory / "LOCK", &taken->lock);
  if (!status.ok())
    return tl::unexpected{failure_of(status, during::opening, directory.string())};
  return store_lock{std::move(taken)};
}

std::string numbered_name(uint64_t number, const char* kind) {
  char name[32];
  std::snprintf(name, sizeof name, "%06llu%s", static_cast<unsigned long long>(number), kind);
  return name;
}

std::optional<uint64_t> file_number(const fs::path& file) {
  const auto number = number_in(file.stem().string());
  return number && *number <= file_number_max ? number : std::nullopt;
}

std::vector<fs::path> numbered_files(const fs::path& directory, std::string_view extension) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{directory, ignored})
    if (entry.path().extension() == extension && file_number(entry.path()))
      files.push_back(entry.path());
  std::ranges::sort(files, {}, [](const fs::path& file) { return *file_number(file); });
  return files;
}

result<store_files> look_at_files(const fs::path& directory) { return looker{directory}.look(); }

result<void> check_before_opening(const fs::path& directory) {
  const auto lock = store_lock::take(directory); // files of a running node change while one looks
  if (!lock)
    return tl::unexpected{lock.error()};
  auto found = look_at_files(directory);
  if (!found)
    return tl::unexpected{found.error()};
  if (found->mark_unread)
    return tl::unexpected{*found->mark_unread};
  found->damage.insert(found->damage.end(), found->missing.begin(), found->missing.end());
  if (found->damage.empty()) {
    // Logs without one whole row: torn when nothing had been acknowledged since the tables were
    // written, damaged otherwise. What the tables have only the database can say.
    if (!found->acknowledged || found->newest || found->log_bytes == 0)
      return {};
    const auto tables = store_view::open(directory, directory);
    if (tables && (*tables)->newest_row() >= *found->acknowledged)
      return {};
    found->damage.push_back({"the log", "has no whole row, and acknowledged rows are missing"});
  }
  const auto& first = found->damage.front();
  return fail(errc::storage_failure, "store_damaged",
              "The store in " + directory.string() + " is damaged (" + first.file + ": " +
                  first.what + "). " + damage_advice(directory.string()));
}

} // namespace restante
