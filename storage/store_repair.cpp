#include "storage/store_repair.hpp"

#include "storage/high_water_mark.hpp"
#include "storage/keys.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/rocks_store.hpp"
#include "storage/store_assembly.hpp"
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

/// Removed with whoever made it; what was renamed out of it stays.
struct workshop {
  fs::path directory;
  ~workshop() {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
};

/// A file system's own directory aside, which its root has from the beginning.
bool empty_or_missing(const fs::path& directory) {
  std::error_code why;
  if (!fs::exists(directory, why))
    return true;
  const auto theirs = [](const auto& entry) { return entry.path().filename() == "lost+found"; };
  const fs::directory_iterator entries{directory, why};
  return !why && std::all_of(begin(entries), end(entries), theirs);
}

/// An empty directory stays and is filled: it may be a mount point, or stand where its user may
/// make no other. CURRENT comes last, without which nothing opens the rest.
std::error_code move_files(const fs::path& made, const fs::path& into) {
  std::error_code why;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{made})
    files.push_back(entry.path().filename());
  for (const auto& name : files)
    if (!why && name != "CURRENT")
      fs::rename(made / name, into / name, why);
  if (!why)
    fs::rename(made / "CURRENT", into / "CURRENT", why);
  return why;
}

result<void> put_in_place(const fs::path& made, const fs::path& into) {
  std::error_code why;
  const bool there = fs::exists(into, why);
  if (there)
    why = move_files(made, into);
  else
    fs::rename(made, into, why);
  const auto changed = there ? into : into.parent_path();
  const int directory = ::open(changed.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  if (why)
    return fail(errc::storage_failure, "write_failed",
                into.string() + " can't be made: " + why.message());
  return {};
}

/// Rows that had been acknowledged and are not there.
void tell_end(repair_report& out, bool unknown) {
  const auto acknowledged = out.acknowledged.value_or(0);
  if (out.newest_row < acknowledged)
    out.findings.add(
        {unknown ? fate::seen : fate::lost,
         "rows " + std::to_string(out.newest_row + 1) + " to " + std::to_string(acknowledged),
         unknown ? "had been acknowledged; without a MANIFEST nobody can say whether all are there"
                 : "had been acknowledged and are not there: look at tenants that were added or "
                   "revoked then",
         {},
         {},
         0,
         acknowledged - out.newest_row});
  else if (out.rows.rows == 0)
    out.findings.add({fate::lost, "the store", "not one row can be read", {}, {}, 0});
}

/// Rows that stood in a damaged or missing part of a log and are in no table: what they were no
/// other row may say. `told` of them are counted as changes and charging records.
void tell_log_rows(repair_report& out, const store_files& files, const store_view& view,
                   uint64_t told) {
  for (const auto& each : files.rows_missing) {
    const auto there = view.rows_between(each.first, each.last).size();
    const auto missing = each.last - each.first + 1 - there;
    if (missing == 0 && each.first_known)
      continue;
    const auto counted = std::min(missing, told);
    told -= counted;
    out.findings.add(
        {fate::lost,
         each.log,
         std::string{"a damaged or missing part had rows "} + (each.first_known ? "" : "up to ") +
             (each.first_known ? std::to_string(each.first) + " to " : "") +
             std::to_string(each.last) +
             ", not all are elsewhere: look at tenants that were added or revoked then; texts that "
             "waited and how far followers had heard went with them",
         {},
         {},
         0,
         missing - counted});
  }
}

result<repair_report> salvage(const repair_options& how, const fs::path& into,
                              const fs::path& work) {
  const auto files = look_at_files(how.directory);
  if (!files)
    return tl::unexpected{files.error()};
  repair_report out;
  for (const auto& each : files->damage)
    out.findings.add({fate::seen, each.file, each.what, {}, {}, 0});
  if (files->mark_unread)
    out.findings.add({fate::seen,
                      high_water_mark::file_name,
                      "can't be read: whether rows at the end are missing is not known",
                      {},
                      {},
                      0});
  auto from = make_scratch(fs::absolute(how.directory), *files, work / "scratch", how.tell);
  if (!from)
    return tl::unexpected{from.error()};
  for (const auto& name : from->unreadable)
    out.findings.add({fate::seen, name, "can't be read: left out", {}, {}, 0});
  for (auto& each : from->doubted)
    out.findings.add(std::move(each));
  out.without_manifest = from->without_manifest;
  out.acknowledged = files->acknowledged;

  auto made = rocks_store::open({.directory = work / "store"});
  if (!made)
    return tl::unexpected{made.error()};
  filler fill{**made};
  out.newest_row = from->newest_row;
  const auto acknowledged = out.acknowledged.value_or(out.newest_row);
  uint64_t numbered = 0; // changes and records that are lost
  judging judge{.missing_rows = acknowledged - std::min(acknowledged, out.newest_row),
                .all_rows = std::max(acknowledged, out.newest_row),
                .tables_missing = from->assembled,
                .tables_unknown = from->without_manifest,
                .merge = how.merge,
                .found =
                    [&](finding each) {
                      if (each.becomes == fate::lost && (each.where.starts_with("changes ") ||
                                                         each.where.starts_with("records ")))
                        numbered += each.rows;
                      out.findings.add(std::move(each));
                    },
                .keep = [&](row each) { fill.take(std::move(each)); },
                .tell = how.tell};
  auto rows = judge_rows(*from->view, judge);
  if (!rows)
    return tl::unexpected{rows.error()};
  out.rows = *rows;
  tell_log_rows(out, *files, *from->view, numbered);
  const bool nothing = rows->rows == 0;
  if (nothing)
    out.newest_row = 0;
  fill.take(row::put(family::meta, meta_key(numbering_floor::name), encode(rows->floor)));
  if (auto kept = fill.finish(); !kept)
    return tl::unexpected{kept.error()};
  tell_end(out, from->end_unknown && !nothing);
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

/// Tables that are made anew beside the others.
uint64_t unfit_bytes(const fs::path& directory) {
  uint64_t sum = 0;
  for (const auto& file : numbered_files(directory, ".sst"))
    if (std::error_code gone; unfit_table(file))
      if (const auto size = fs::file_size(file, gone); !gone)
        sum += size;
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
  auto room = into;
  while (!fs::exists(room)) // is made later
    room = room.parent_path();
  const auto logs = bytes_of(from, ".log");
  const auto tables = bytes_of(from, ".sst") + bytes_of(from, ".blob");
  const auto copies = (takes_links(room, from / "LOCK") ? unfit_bytes(from) : tables) + logs;
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
  std::error_code ignored;
  if (fs::is_symlink(how.into, ignored) && !fs::exists(how.into, ignored))
    return fail(errc::conflict, "into_exists",
                how.into.string() + " is a link to nothing: name a new directory");
  auto into = fs::weakly_canonical(fs::absolute(how.into));
  if (!into.has_filename())
    into = into.parent_path();
  const auto from = fs::canonical(how.directory);
  if (auto ok = readable(from); !ok)
    return tl::unexpected{ok.error()};
  if (!holds_store(from))
    return fail(errc::not_found, "no_store", how.directory.string() + " holds no store to repair");
  const auto work =
      fs::exists(into, ignored) ? into / ".unfinished" : fs::path{into}.concat(".unfinished");
  const auto unfinished = [&] {
    return fail(errc::conflict, "repair_unfinished",
                work.string() + " is there: another repair is at work in it, or was cut short; "
                                "then remove it");
  };
  if (fs::exists(work, ignored))
    return unfinished();
  if (!empty_or_missing(into))
    return fail(errc::conflict, "into_exists",
                into.string() + " exists and is not empty: name a new directory");
  if (const auto relative = into.lexically_relative(from); *relative.begin() != "..")
    return fail(errc::conflict, "into_exists",
                into.string() + " lies in the damaged store: name a directory beside it");
  const auto lock = store_lock::take(from);
  if (!lock)
    return tl::unexpected{not_locked(from, lock.error())};
  std::error_code not_ours; // as every opening makes a store's directory
  if (fs::exists(into, ignored) &&
      (fs::permissions(into, fs::perms::owner_all, not_ours), not_ours))
    return fail(errc::storage_failure, "open_failed",
                into.string() + " can't be kept private (" + not_ours.message() +
                    "): make it the node's user's own");
  if (auto ok = check_room(from, into); !ok)
    return tl::unexpected{ok.error()};
  fs::create_directories(work.parent_path(), ignored);
  // Made by one only, of two repairs of different stores into one place.
  std::error_code why;
  if (const bool made = fs::create_directory(work, why); why)
    return fail(errc::storage_failure, "write_failed",
                work.string() + " can't be made: " + why.message());
  else if (!made)
    return unfinished();
  const workshop bench{work};
  if (work.parent_path() != into && !empty_or_missing(into)) // the other was done meanwhile
    return fail(errc::conflict, "into_exists", into.string() + " was made by another repair");
  return salvage(how, into, work);
}

} // namespace

result<repair_report> repair_store(const repair_options& how) {
  return guarded(during::opening, how.directory.string(), [&] { return repair(how); });
}

} // namespace restante
