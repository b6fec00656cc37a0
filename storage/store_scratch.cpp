#include "storage/store_scratch.hpp"

#include "storage/log_file.hpp"
#include "storage/manifest_mark.hpp"
#include "storage/named_file.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/store_assembly.hpp"
#include "storage/table_mend.hpp"

#include <algorithm>
#include <fstream>
#include <set>

namespace restante {

namespace {

namespace fs = std::filesystem;

/// What the store's own MANIFEST has to say.
struct own_manifest {
  std::string name;   // the one CURRENT names or, when that is damaged, the newest; empty: none
  bool sound = false; // whole, as far as its mark says
  manifest_files named;
};

own_manifest read_manifest(const fs::path& original, const store_files& found) {
  own_manifest out;
  out.name = found.manifest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{original, ignored}) {
    const auto other = entry.path().filename().string();
    const auto number = manifest_number(other);
    if (found.manifest.empty() && number && *number >= manifest_number(out.name).value_or(0))
      out.name = other;
  }
  if (out.name.empty())
    return out;
  const auto scan = scan_log(original / out.name, [&](const log_record& record) {
    if (record.whole)
      out.named.take(record.bytes);
  });
  const auto mark = read_manifest_mark(original);
  const auto number = *manifest_number(out.name);
  // Torn at its end it may be cut, unless the mark says how far it must reach.
  const bool reaches = mark && mark->number == number ? scan && mark->bytes <= scan->whole
                                                      : scan && scan->whole == scan->size;
  out.sound =
      scan && scan->gaps.empty() && scan->whole > 0 && reaches && (!mark || mark->number <= number);
  return out;
}

/// A log without its damaged records; of a record that acknowledged rows may be in, those in front
/// of the damage. Without what does not follow on `newest`: RocksDB ends the process over it.
result<void> clean_log(const fs::path& from, const fs::path& to, bool acknowledged,
                       uint64_t& newest) {
  log_writer clean;
  const auto add = [&](std::string_view record) {
    const auto head = read_batch_head(record);
    if (head && head->rows != 0 && head->sequence <= newest)
      return;
    if (head && head->rows != 0)
      newest = head->sequence + head->rows - 1;
    clean.add(record);
  };
  auto scan = scan_log(from, [&](const log_record& record) {
    if (record.whole)
      add(record.bytes);
    else if (const auto rows = whole_rows_of(record.bytes); rows && acknowledged)
      add(*rows);
  });
  if (!scan)
    return tl::unexpected{scan.error()};
  return clean.save(to);
}

class maker {
public:
  maker(const fs::path& original, const store_files& found, const fs::path& directory,
        const store_view::progress& tell)
      : original_{original}
      , found_{found}
      , directory_{directory}
      , tell_{tell} {}

  result<scratch> make() {
    std::error_code why;
    if (!fs::create_directories(directory_, why))
      return fail(errc::storage_failure, "write_failed",
                  directory_.string() + " can't be made: " + why.message());
    uint64_t files = 0;
    for (const auto* kind : {".sst", ".blob"})
      for (const auto& file : numbered_files(original_, kind)) {
        link_or_copy(file);
        if (tell_)
          tell_("files", ++files);
      }
    for (auto& name : clean_logs(original_, found_, directory_))
      out_.unreadable.push_back(std::move(name));
    if (auto ok = mend_tables(); !ok)
      return tl::unexpected{ok.error()};
    hold_against_manifest();
    if (mended_.empty() && open_by_manifest())
      return std::move(out_);
    if (auto ok = put_together(); !ok)
      return tl::unexpected{ok.error()};
    return std::move(out_);
  }

private:
  /// RocksDB never changes a table or blob file once it is there.
  void link_or_copy(const fs::path& file) {
    std::error_code failed;
    const auto to = directory_ / file.filename();
    fs::create_hard_link(file, to, failed);
    if (failed)
      fs::copy_file(file, to, failed);
    if (failed)
      out_.unreadable.push_back(file.filename());
  }

  /// Those of the store that can't be opened. The MANIFEST does not fit them then: their sizes are
  /// others.
  result<void> mend_tables() {
    const auto tables = own_.named.tables();
    for (const auto& file : numbered_files(directory_, ".sst")) {
      const auto number = *file_number(file);
      const auto named = tables.find(number);
      if (own_.sound ? named == tables.end() : own_.named.dropped(number))
        continue;
      const auto why = unfit_table(file);
      if (!why || number_of_table(file))
        continue;
      table_origin known{number, {}, 0};
      if (named != tables.end())
        known = {number, named->second.family, named->second.family_number};
      const auto mended = fs::path{file}.concat(".mended");
      auto done = mend_table(file, mended, known);
      if (!done)
        return tl::unexpected{done.error()};
      if (!*done)
        continue;
      fs::rename(mended, file); // the original keeps its own
      mended_.insert(file.filename());
      tell_mended(file.filename(), *why, **done, named != tables.end());
      if (tell_)
        tell_("tables", number);
    }
    return {};
  }

  void tell_mended(std::string name, const std::string& why, const mended_table& has, bool named) {
    auto what = why + ": " + std::to_string(has.rows);
    if (has.rows_due)
      what += " of its " + std::to_string(*has.rows_due);
    what += " rows are read block by block";
    const auto lost = std::max(has.rows_due.value_or(has.rows), has.rows) - has.rows;
    if (has.whole)
      out_.doubted.push_back({fate::seen, std::move(name), std::move(what), {}, {}, 0, 0});
    else
      out_.doubted.push_back({fate::lost,
                              std::move(name),
                              what + ", what may have followed is lost",
                              {},
                              {},
                              0,
                              named ? std::max<uint64_t>(lost, 1) : lost});
  }

  /// A table with a damaged block shows its cost in the rows. One whose blocks are sound and which
  /// is another than the MANIFEST names was put in its place: its rows may be of any time.
  void hold_against_manifest() {
    const auto tables = own_.named.tables();
    for (const auto& file : numbered_files(directory_, ".sst")) {
      if (mended_.contains(file.filename()))
        continue; // told
      const auto number = number_of_table(file);
      const auto named = number ? tables.find(*number) : tables.end();
      if (named == tables.end())
        continue; // told of when it is missed, or not part of the store
      const auto& [family, rows, bytes, checksum, family_number] = named->second;
      auto what = differs(file, {{}, family, checksum, bytes}, [&](uint64_t) {
        if (tell_)
          tell_("tables", *number);
      });
      if (what.empty())
        continue;
      const bool other = blocks_are_sound(file);
      what += other ? ", and is whole: another was put in its place. What it has of '" + family +
                          "' is taken, what the right one had is lost"
                    : ": what can be read of '" + family + "' is taken";
      out_.doubted.push_back({other ? fate::lost : fate::seen, file.filename(), std::move(what)});
    }
    if (!own_.sound)
      return; // it may name blob files that went since
    for (const auto& [name, bytes] : own_.named.tables_and_blobs())
      if (std::error_code missing; name.ends_with(".blob"))
        if (const auto size = fs::file_size(directory_ / name, missing); missing || size != bytes)
          out_.doubted.push_back({fate::seen, name,
                                  missing ? "is missing"
                                          : "is " + std::to_string(size) + " bytes long, was " +
                                                std::to_string(bytes)});
  }

  bool open_by_manifest() {
    std::error_code failed;
    if (!own_.sound || !fs::copy_file(original_ / own_.name, directory_ / own_.name, failed))
      return false;
    std::ofstream{directory_ / "CURRENT"} << own_.name << '\n';
    auto view = store_view::open(directory_, directory_);
    // A table that cannot be opened hides the rows of others, and a log the MANIFEST no longer
    // counts on may hold what a refused opening had read.
    if (!view || (*view)->blinded() || (*view)->newest_row() < found_.newest.value_or(0))
      return false;
    out_.newest_row = (*view)->newest_row();
    out_.view = std::move(*view);
    return true;
  }

  result<void> put_together() {
    out_.assembled = true;
    out_.without_manifest = !own_.sound;
    auto made = assemble(directory_, {own_.named, own_.sound});
    if (!made)
      return tl::unexpected{made.error()};
    for (auto& each : *made)
      out_.doubted.push_back(std::move(each));
    // Logs the MANIFEST counts on no more have rows that may have been erased since. But a refused
    // opening may have given up logs it had not read to the end.
    const auto given_up = set_aside_logs();
    if (auto ok = view_assembled(); !ok)
      return ok;
    const auto due = std::max(found_.newest.value_or(0), found_.acknowledged.value_or(0));
    if (given_up.empty() || out_.newest_row >= due)
      return {};
    for (const auto& log : given_up)
      fs::rename(aside(log), log);
    return view_assembled();
  }

  result<void> view_assembled() {
    auto view = store_view::open_assembled(directory_, tell_);
    if (!view)
      return tl::unexpected{view.error()};
    if (found_.newest)
      (*view)->know_rows(found_.whole_from, *found_.newest);
    out_.view = std::move(*view);
    out_.newest_row = std::max(out_.view->newest_row(), own_.named.newest_row());
    out_.end_unknown = !own_.sound && !found_.newest && out_.view->some_rows_unnumbered();
    return {};
  }

  static fs::path aside(const fs::path& log) { return fs::path{log}.concat(".aside"); }

  std::vector<fs::path> set_aside_logs() {
    std::vector<fs::path> out;
    for (const auto& log : numbered_files(directory_, ".log"))
      if (*file_number(log) < own_.named.oldest_log()) {
        fs::rename(log, aside(log));
        out.push_back(log);
      }
    return out;
  }

  const fs::path& original_;
  const store_files& found_;
  const fs::path& directory_;
  const store_view::progress& tell_;
  const own_manifest own_ = read_manifest(original_, found_);
  std::set<std::string> mended_; // tables
  scratch out_;
};

} // namespace

std::vector<std::string> clean_logs(const fs::path& original, const store_files& found,
                                    const fs::path& directory) {
  std::vector<std::string> unreadable;
  uint64_t newest = 0;
  for (const auto& file : numbered_files(original, ".log")) {
    const auto name = file.filename().string();
    if (std::error_code ignored; !fs::is_regular_file(file, ignored))
      continue; // nothing of it is a row
    // Without damage, what is cut at the end was promised to nobody; with no whole row at all,
    // nobody knows.
    const bool damaged =
        !found.newest || std::ranges::any_of(found.damage, [&](const file_damage& each) {
          return each.file == name;
        });
    if (!clean_log(file, directory / name, damaged, newest))
      unreadable.push_back(name);
  }
  // RocksDB opens by the MANIFEST only when they are there and long enough; it passes over zeros.
  for (const auto& [name, bytes] : found.closed_logs) {
    std::ofstream{directory / name, std::ios::app | std::ios::binary}.close();
    if (std::error_code failed; fs::file_size(directory / name, failed) < bytes)
      fs::resize_file(directory / name, bytes, failed);
  }
  return unreadable;
}

result<scratch> make_scratch(const fs::path& original, const store_files& found,
                             const fs::path& directory, const store_view::progress& tell) {
  return guarded(during::opening, original.string(), [&] {
    return maker{original, found, directory, tell}.make();
  });
}

} // namespace restante
