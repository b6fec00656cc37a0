// A store whose tables and log have the same rows, as one that was ended while it ran: made once,
// copied, and held against what a repair makes of it. Owner: a test.
#pragma once

#include "storage/numbering_floor.hpp"
#include "storage/rocks_options.hpp"
#include "tests/storage/salvage_helpers.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <set>

namespace restante {

/// The database as a node has it while it runs: what was in the log is in memory, and stays there.
class running {
public:
  explicit running(const std::filesystem::path& store, uint64_t table_bytes = 0) {
    auto options = database_options(store);
    options.avoid_flush_during_recovery = true;
    const auto cache = rocksdb::NewLRUCache(1024 * 1024);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (size_t i = 0; i < family_count; ++i)
      families.emplace_back(std::string{family_names[i]},
                            family_options(static_cast<family>(i), cache));
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options(family::meta, cache));
    for (auto& each : families) {
      each.options.disable_auto_compactions = true;
      if (table_bytes != 0)
        each.options.target_file_size_base = table_bytes;
    }
    rocksdb::DB* opened = nullptr;
    ok(rocksdb::DB::Open(options, store, families, &handles_, &opened));
    db_.reset(opened);
  }

  ~running() {
    for (auto* handle : handles_)
      db_->DestroyColumnFamilyHandle(handle);
  }

  /// As when a family's memory is full: its rows go to a table, and stay in the log for the others.
  void flush(family in) { ok(db_->Flush({}, at(in))); }

  void compact(family in) { ok(db_->CompactRange({}, at(in), nullptr, nullptr)); }

private:
  static void ok(const rocksdb::Status& status) {
    BOOST_REQUIRE_MESSAGE(status.ok(), status.ToString());
  }
  rocksdb::ColumnFamilyHandle* at(family in) { return handles_[static_cast<size_t>(in)]; }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

inline constexpr family in_use[] = {family::profiles, family::aliases, family::messages,
                                    family::media,    family::changes, family::outbox,
                                    family::records,  family::meta};

/// Tables of every family, some of two, whose rows are still in a log, and others in that log only.
/// Made once, and copied.
struct flushed {
  static const flushed& original() {
    static const temp_dir directory;
    static const flushed one{directory.path() / "store", 2};
    return one;
  }

  flushed(const std::filesystem::path& to, size_t openings) : store{to} {
    random_source draw{test_seed()};
    sample = make_sample_store(store, draw, openings);
    running node{store};
    for (const auto in : {family::messages, family::media, family::changes, family::profiles})
      node.flush(in);
  }

  /// As it was closed: each opening's rows are in tables, those of the last in the log.
  flushed(std::filesystem::path at, sample_store has)
      : store{std::move(at)}
      , sample{std::move(has)} {}

  explicit flushed(const std::filesystem::path& to)
      : flushed{to, original().sample, original().store} {}
  flushed(std::filesystem::path to, sample_store has, const std::filesystem::path& from)
      : flushed{std::move(to), std::move(has)} {
    std::filesystem::copy(from, store, std::filesystem::copy_options::recursive);
  }

  [[nodiscard]] std::filesystem::path manifest() const {
    random_source draw{0};
    return file_of(store, "MANIFEST", draw);
  }

  [[nodiscard]] std::vector<std::filesystem::path> tables_of(family in) const {
    std::vector<std::filesystem::path> out;
    for (const auto& file : numbered_files(store, ".sst")) {
      rocksdb::SstFileReader table{{}};
      BOOST_REQUIRE(table.Open(file).ok());
      if (table.GetTableProperties()->column_family_name == to_string(in))
        out.push_back(file);
    }
    return out;
  }

  std::filesystem::path store;
  sample_store sample;
};

inline void flip(const std::filesystem::path& file, uint64_t at) {
  std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
  bytes.seekg(static_cast<std::streamoff>(at));
  const auto old = static_cast<char>(bytes.get());
  bytes.seekp(static_cast<std::streamoff>(at));
  bytes.put(static_cast<char>(old ^ 8));
}

/// The rows of a repaired store as they were acknowledged, and how many others there are, or none
/// where one was; those a repair makes anew aside.
inline std::map<family, size_t> wrong_rows(const std::filesystem::path& repaired,
                                           const sample_rows& expected) {
  const auto store = opened(repaired);
  std::map<family, size_t> wrong;
  const auto own = [](family in, const std::string& key) {
    return in == family::meta && (key == numbering_floor::name || key == "incarnation");
  };
  sample_rows there;
  for (const auto in : in_use)
    for (const auto& each : scanned(*store, in).first)
      there[{in, each.key}] = each.value;
  for (const auto& [name, value] : expected)
    if (!own(name.first, name.second) && !(there.contains(name) && there.at(name) == value))
      ++wrong[name.first];
  for (const auto& [name, value] : there)
    if (!own(name.first, name.second) && !expected.contains(name))
      ++wrong[name.first];
  return wrong;
}

/// Nothing is missing or other than it was, and nothing is said of any row.
inline void keeps_all(const flushed& of, bool end_known = true) {
  const auto into = std::filesystem::path{of.store}.concat("-new");
  const auto report = repaired(of.store, into);
  BOOST_TEST_CONTEXT(text_of(report.findings)) {
    BOOST_TEST(std::ranges::all_of(report.findings,
                                   [](const auto& each) { return each.becomes == fate::seen; }));
    auto wrong = wrong_rows(into, of.sample.rows);
    if (!end_known) // then their floors are raised
      wrong.erase(family::profiles);
    BOOST_TEST(wrong.empty());
    const auto after = checked(into);
    BOOST_TEST(after.findings.empty(), text_of(after.findings));
  }
}

inline bool any_lost(const finding_list& all, std::string_view where) {
  return std::ranges::any_of(all, [&](const finding& each) {
    return each.becomes == fate::lost && each.where.starts_with(where);
  });
}

} // namespace restante
