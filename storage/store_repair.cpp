#include "storage/store_repair.hpp"

#include "storage/keys.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/rocks_store.hpp"
#include "storage/store_files.hpp"
#include "storage/store_scratch.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace restante {

namespace {

namespace fs = std::filesystem;

constexpr size_t commit_bytes = 4 * 1024 * 1024;
constexpr size_t commit_rows = 4096;
constexpr uint64_t mebibyte = 1024 * 1024;

/// Collects rows into commits of the new store; after a failure it takes nothing more.
class filler {
public:
  explicit filler(rocks_store& to) : to_{to} {}

  void take(row each) {
    if (failed_)
      return;
    bytes_ += each.key.size() + each.value.size();
    rows_.push_back(std::move(each));
    if (bytes_ >= commit_bytes || rows_.size() >= commit_rows)
      flush();
  }

  result<void> finish() {
    flush();
    if (failed_)
      return tl::unexpected{*failed_};
    return {};
  }

private:
  void flush() {
    if (failed_ || rows_.empty())
      return;
    if (auto done = to_.commit(rows_); !done)
      failed_ = done.error();
    rows_.clear();
    bytes_ = 0;
  }

  rocks_store& to_;
  std::vector<row> rows_;
  size_t bytes_ = 0;
  std::optional<failure> failed_;
};

/// Removed with whoever made it, unless it was renamed.
struct workshop {
  fs::path directory;
  ~workshop() {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
};

bool empty_or_missing(const fs::path& directory) {
  std::error_code ignored;
  return !fs::exists(directory, ignored) || fs::is_empty(directory, ignored);
}

result<void> put_in_place(const fs::path& made, const fs::path& into) {
  std::error_code why;
  fs::remove(into, why); // an empty directory
  fs::rename(made, into, why);
  const int above = ::open(into.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (above >= 0) {
    ::fsync(above);
    ::close(above);
  }
  if (why)
    return fail(errc::storage_failure, "write_failed",
                into.string() + " can't be made: " + why.message());
  return {};
}

result<repair_report> salvage(const repair_options& how, const fs::path& into,
                              const fs::path& work) {
  const auto files = look_at_files(how.directory);
  if (!files)
    return tl::unexpected{files.error()};
  repair_report out;
  for (const auto& each : files->damage)
    out.findings.push_back({fate::seen, each.file, each.what, {}, {}, 0});
  auto from = make_scratch(fs::absolute(how.directory), *files, work / "scratch");
  if (!from)
    return tl::unexpected{from.error()};
  for (const auto& name : from->unreadable)
    out.findings.push_back({fate::seen, name, "can't be read: left out", {}, {}, 0});
  out.without_manifest = from->without_manifest;
  out.acknowledged = files->acknowledged;

  auto made = rocks_store::open({.directory = work / "store"});
  if (!made)
    return tl::unexpected{made.error()};
  filler fill{**made};
  const auto newest = from->view->newest_row();
  const auto acknowledged = out.acknowledged.value_or(newest);
  judging judge{acknowledged - std::min(acknowledged, newest), how.merge,
                [&](finding each) { out.findings.push_back(std::move(each)); },
                [&](row each) { fill.take(std::move(each)); }, how.tell};
  auto rows = judge_rows(*from->view, judge);
  if (!rows)
    return tl::unexpected{rows.error()};
  out.rows = *rows;
  // Put together of nothing, what is there is the scratch's own: the format, and a row number.
  const bool nothing = out.without_manifest && rows->rows <= 1;
  if (!nothing)
    out.newest_row = newest;
  fill.take(row::put(family::meta, meta_key(numbering_floor::name), encode(rows->floor)));
  if (auto kept = fill.finish(); !kept)
    return tl::unexpected{kept.error()};
  if (out.acknowledged && out.newest_row < *out.acknowledged)
    out.findings.push_back(
        {fate::lost,
         "rows " + std::to_string(out.newest_row + 1) + " to " + std::to_string(*out.acknowledged),
         "had been acknowledged and are not there",
         {},
         {},
         0,
         *out.acknowledged - out.newest_row});
  else if (nothing)
    out.findings.push_back({fate::lost, "the store", "not one row can be read", {}, {}, 0});
  made->reset(); // closed before it moves
  if (auto ok = put_in_place(work / "store", into); !ok)
    return tl::unexpected{ok.error()};
  return out;
}

uint64_t bytes_of(const fs::path& directory, std::string_view kind) {
  uint64_t sum = 0;
  for (const auto& file : numbered_files(directory, kind))
    if (fs::is_regular_file(file))
      sum += fs::file_size(file);
  return sum;
}

/// Tried, as a file system mounted twice has one number and no links between the two places.
bool takes_links(const fs::path& directory, const fs::path& of) {
  const auto probe = directory / (".restante-link-" + std::to_string(::getpid()));
  std::error_code failed;
  fs::create_hard_link(of, probe, failed);
  if (failed)
    return false;
  fs::remove(probe, failed);
  return true;
}

/// What the log of the new store takes. Beyond 256 MiB its rows go to tables, and while that is
/// under way it grows on. RocksDB takes room ahead for a log, the largest memory table and a tenth,
/// and begins the next log before it lets go of the last when a memory table is full.
uint64_t new_log_bytes(uint64_t rows) {
  constexpr uint64_t most = 512 * mebibyte, ahead = 141 * mebibyte, memory_table = 32 * mebibyte;
  return std::min(rows, most) + (rows < memory_table ? ahead : 2 * ahead);
}

/// Whether there is room for the most a repair takes at once: its view of the damaged store, and
/// the new one while its rows are in tables and still in its log.
result<void> check_room(const fs::path& from, const fs::path& into) {
  auto room = into.parent_path();
  while (!fs::exists(room)) // is made later
    room = room.parent_path();
  const auto logs = bytes_of(from, ".log");
  const auto tables = bytes_of(from, ".sst") + bytes_of(from, ".blob");
  const auto copies = (takes_links(room, from / "LOCK") ? 0 : tables) +
                      2 * logs; // clean ones, and tables of them when there is no MANIFEST
  const auto store = tables + logs + new_log_bytes(tables + logs);
  const auto reserve = rocks_store::options{}.reserve_bytes;
  const auto needed = copies + store + reserve;
  const auto free = fs::space(room).available;
  if (free >= needed)
    return {};
  const auto mib = [](uint64_t bytes) { return std::to_string((bytes >> 20) + 1); };
  return fail(errc::storage_full, "disk_full",
              room.string() + " has " + std::to_string(free >> 20) +
                  " MiB free, a repair may need " + mib(needed) + " (copies " + mib(copies) +
                  ", the new store and its log " + mib(store) + ", kept free " + mib(reserve) +
                  "): make room or name a directory on another disk");
}

result<repair_report> repair(const repair_options& how) {
  auto into = fs::weakly_canonical(fs::absolute(how.into));
  if (!into.has_filename())
    into = into.parent_path();
  const auto from = fs::canonical(how.directory);
  if (auto ok = readable(from); !ok)
    return tl::unexpected{ok.error()};
  if (!holds_store(from))
    return fail(errc::not_found, "no_store", how.directory.string() + " holds no store to repair");
  if (!empty_or_missing(into))
    return fail(errc::conflict, "into_exists",
                into.string() + " exists and is not empty: name a new directory");
  if (const auto relative = into.lexically_relative(from); *relative.begin() != "..")
    return fail(errc::conflict, "into_exists",
                into.string() + " lies in the damaged store: name a directory beside it");
  const auto lock = store_lock::take(from);
  if (!lock)
    return tl::unexpected{not_locked(from, lock.error())};
  const auto work = fs::path{into}.concat(".unfinished");
  std::error_code ignored;
  if (fs::exists(work, ignored))
    return fail(errc::conflict, "repair_unfinished",
                work.string() + " is left of a repair that was cut short: remove it");
  if (auto ok = check_room(from, into); !ok)
    return tl::unexpected{ok.error()};
  const workshop bench{work};
  return salvage(how, into, work);
}

} // namespace

result<repair_report> repair_store(const repair_options& how) {
  return guarded(during::opening, how.directory.string(), [&] { return repair(how); });
}

} // namespace restante
