// Tables beside logs that still hold the same rows, tables that can't be opened, and which of them
// there should be: what a repair makes of these, with and without the MANIFEST.
#include "schemas/tenant.hpp"
#include "storage/log_file.hpp"
#include "storage/numbering_floor.hpp"
#include "storage/rocks_options.hpp"
#include "storage/store_scratch.hpp"
#include "tests/storage/salvage_helpers.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <set>

using namespace restante;

namespace fs = std::filesystem;
namespace data = boost::unit_test::data;

namespace {

/// The database as a node has it while it runs: what was in the log is in memory, and stays there.
class running {
public:
  explicit running(const fs::path& store, uint64_t table_bytes = 0) {
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

constexpr family in_use[] = {family::profiles, family::aliases, family::messages, family::media,
                             family::changes,  family::outbox,  family::records,  family::meta};

/// Tables of every family, some of two, whose rows are still in a log, and others in that log only.
/// Made once, and copied.
struct flushed {
  static const flushed& original() {
    static const temp_dir directory;
    static const flushed one{directory.path() / "store", 2};
    return one;
  }

  flushed(const fs::path& to, size_t openings) : store{to} {
    random_source draw{test_seed()};
    sample = make_sample_store(store, draw, openings);
    running node{store};
    for (const auto in : {family::messages, family::media, family::changes, family::profiles})
      node.flush(in);
  }

  /// As it was closed: each opening's rows are in tables, those of the last in the log.
  flushed(fs::path at, sample_store has) : store{std::move(at)}, sample{std::move(has)} {}

  explicit flushed(const fs::path& to) : flushed{to, original().sample, original().store} {}
  flushed(fs::path to, sample_store has, const fs::path& from)
      : flushed{std::move(to), std::move(has)} {
    fs::copy(from, store, fs::copy_options::recursive);
  }

  [[nodiscard]] fs::path manifest() const {
    random_source draw{0};
    return file_of(store, "MANIFEST", draw);
  }

  [[nodiscard]] std::vector<fs::path> tables_of(family in) const {
    std::vector<fs::path> out;
    for (const auto& file : numbered_files(store, ".sst")) {
      rocksdb::SstFileReader table{{}};
      BOOST_REQUIRE(table.Open(file).ok());
      if (table.GetTableProperties()->column_family_name == to_string(in))
        out.push_back(file);
    }
    return out;
  }

  fs::path store;
  sample_store sample;
};

void flip(const fs::path& file, uint64_t at) {
  std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
  bytes.seekg(static_cast<std::streamoff>(at));
  const auto old = static_cast<char>(bytes.get());
  bytes.seekp(static_cast<std::streamoff>(at));
  bytes.put(static_cast<char>(old ^ 8));
}

/// The rows of a repaired store as they were acknowledged, and how many others there are, or none
/// where one was; those a repair makes anew aside.
std::map<family, size_t> wrong_rows(const fs::path& repaired, const sample_rows& expected) {
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
void keeps_all(const flushed& of, bool end_known = true) {
  const auto into = fs::path{of.store}.concat("-new");
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

bool any_lost(const finding_list& all, std::string_view where) {
  return std::ranges::any_of(all, [&](const finding& each) {
    return each.becomes == fate::lost && each.where.starts_with(where);
  });
}

const char* const names[] = {"profiles", "aliases", "messages", "media",
                             "changes",  "outbox",  "records",  "meta"};
const char* const ends[] = {"bit flipped", "cut", "emptied", "removed", "another copied over it"};

void destroy(const fs::path& table, std::string_view how, const fs::path& other) {
  if (how == "bit flipped")
    flip(table, fs::file_size(table) - 5);
  else if (how == "cut")
    fs::resize_file(table, fs::file_size(table) / 2);
  else if (how == "emptied")
    fs::resize_file(table, 0);
  else if (how == "removed")
    fs::remove(table);
  else
    fs::copy_file(other, table, fs::copy_options::overwrite_existing);
}

} // namespace

BOOST_AUTO_TEST_SUITE(salvage_tables)

BOOST_AUTO_TEST_CASE(rows_in_tables_and_still_in_the_log_are_kept_once_without_a_manifest) {
  temp_dir directory;
  const auto each = [&](const std::string& name, const std::function<void(const flushed&)>& harm) {
    const flushed copy{directory.path() / name};
    BOOST_REQUIRE(copy.tables_of(family::messages).size() == 2U);
    harm(copy);
    BOOST_TEST_CONTEXT(name)
    keeps_all(copy);
  };
  each("untouched", [](const flushed&) {});
  for (const auto part : {3, 5, 9})
    each("bit in the MANIFEST, one " + std::to_string(part) + "th",
         [&](const flushed& of) { flip(of.manifest(), fs::file_size(of.manifest()) / part); });
  each("MANIFEST cut",
       [](const flushed& of) { fs::resize_file(of.manifest(), fs::file_size(of.manifest()) / 2); });
  each("MANIFEST zeroed", [](const flushed& of) {
    const auto size = fs::file_size(of.manifest());
    fs::resize_file(of.manifest(), 0);
    fs::resize_file(of.manifest(), size);
  });
  each("MANIFEST gone", [](const flushed& of) { fs::remove(of.manifest()); });
  each("CURRENT gone", [](const flushed& of) { fs::remove(of.store / "CURRENT"); });
  each("both gone", [](const flushed& of) {
    fs::remove(of.manifest());
    fs::remove(of.store / "CURRENT");
  });
}

// A crash between a compaction's record and the removal of what it took in leaves both; its outputs
// are of one range of ages, and one after the other of keys.
BOOST_AUTO_TEST_CASE(tables_of_a_compaction_and_those_it_was_made_of_do_not_disagree) {
  temp_dir directory;
  const flushed of{directory.path() / "store", 3};
  const auto kept = directory.path() / "kept";
  fs::create_directory(kept);
  for (const auto* kind : {".sst", ".blob"})
    for (const auto& file : numbered_files(of.store, kind))
      fs::copy_file(file, kept / file.filename());
  {
    running node{of.store, 4096};
    for (const auto in : in_use)
      node.compact(in);
  }
  BOOST_REQUIRE(of.tables_of(family::messages).size() > 2U);
  fs::remove(of.manifest());
  fs::copy(of.store, directory.path() / "outputs", fs::copy_options::recursive);
  for (const auto& file : fs::directory_iterator{kept})
    fs::copy_file(file, of.store / file.path().filename(), fs::copy_options::skip_existing);
  keeps_all(of, false);
  auto outputs = of;
  outputs.store = directory.path() / "outputs";
  keeps_all(outputs, false);
}

// What was deleted does not come back with a table whose rows have numbers, when a compaction took
// those of the newer ones.
BOOST_AUTO_TEST_CASE(tables_left_over_bring_nothing_back_that_was_purged) {
  temp_dir directory;
  const flushed of{directory.path() / "store", 3};
  const auto oldest = directory.path() / "oldest";
  fs::create_directory(oldest);
  for (const auto in : {family::messages, family::media}) {
    const auto table = of.tables_of(in).front();
    fs::copy_file(table, oldest / table.filename());
  }
  for (const auto& file : numbered_files(of.store, ".blob"))
    fs::copy_file(file, oldest / file.filename());
  opened(of.store); // all rows go to tables
  {
    running node{of.store};
    for (const auto in : in_use)
      node.compact(in);
  }
  fs::remove(of.manifest());
  for (const auto& file : fs::directory_iterator{oldest})
    fs::copy_file(file, of.store / file.path().filename(), fs::copy_options::skip_existing);
  const auto into = fs::path{of.store}.concat("-new");
  const auto report = repaired(of.store, into);
  auto wrong = wrong_rows(into, of.sample.rows);
  wrong.erase(family::profiles); // their floors are raised
  BOOST_TEST_CONTEXT(text_of(report.findings)) {
    BOOST_TEST(wrong.empty());
    BOOST_TEST(std::ranges::any_of(report.findings, [](const finding& each) {
      return each.where == "messages" && each.what.starts_with("its row is older");
    }));
    BOOST_TEST(checked(into).findings.empty());
  }
}

BOOST_DATA_TEST_CASE(no_row_goes_with_a_table_without_a_word, data::make(names) * data::make(ends),
                     name, how) {
  const auto in = static_cast<family>(std::ranges::find(family_names, std::string_view{name}) -
                                      family_names.begin());
  temp_dir directory;
  for (const bool manifest : {true, false}) {
    const flushed of{directory.path() / (manifest ? "with" : "without")};
    const auto table = of.tables_of(in).front();
    destroy(table, how, of.tables_of(in == family::meta ? family::records : family::meta).front());
    if (!manifest)
      fs::remove(of.manifest());
    const auto into = fs::path{of.store}.concat("-new");
    const auto report = repaired(of.store, into);
    const auto wrong = wrong_rows(into, of.sample.rows);
    BOOST_TEST_CONTEXT(to_string(in) << " " << how << (manifest ? "" : ", without a MANIFEST")
                                     << text_of(report.findings)) {
      // Texts that were handed over, and those that wait and are gone, leave the same behind.
      const bool no_trace = !manifest && how == std::string_view{"removed"};
      if (!no_trace)
        BOOST_TEST(any_lost(report.findings, table.filename().string()));
      else if (!wrong.empty() && in != family::outbox)
        BOOST_TEST((any_lost(report.findings, "") || in == family::aliases));
      // Only what stood there is lost, and what cannot be without it.
      for (const auto& [where, rows] : wrong)
        BOOST_TEST((where == in || in == family::profiles || in == family::messages ||
                    where == family::profiles ||
                    (in == family::media && where == family::messages)),
                   rows << " rows of " << to_string(where) << " are wrong");
      const auto after = checked(into);
      BOOST_TEST(after.findings.empty(), text_of(after.findings));
    }
  }
}

// Blob files without one table that points to them: their media are found, and nothing ends early.
BOOST_DATA_TEST_CASE(a_family_may_lose_all_its_tables, data::make(names), name) {
  const auto in = static_cast<family>(std::ranges::find(family_names, std::string_view{name}) -
                                      family_names.begin());
  temp_dir directory;
  for (const bool all : {false, true})
    for (const bool manifest : {true, false}) {
      const flushed of{directory.path() / ((all ? "all " : "one ") + std::to_string(manifest))};
      opened(of.store); // all rows go to tables
      for (const auto& table : all ? numbered_files(of.store, ".sst") : of.tables_of(in))
        destroy(table, all || manifest ? "cut" : "removed", {});
      if (!manifest)
        fs::remove(of.manifest());
      const auto into = fs::path{of.store}.concat("-new");
      const auto report = repaired(of.store, into);
      BOOST_TEST_CONTEXT(name << (all ? ", and all others" : "")
                              << (manifest ? "" : ", without a MANIFEST")
                              << text_of(report.findings)) {
        if (all || (in != family::outbox && in != family::aliases))
          BOOST_TEST((report.lost_rows() > 0U || report.findings.all(fate::rebuilt) > 0U));
        BOOST_TEST(checked(into).findings.empty());
        if (all || in != family::media)
          continue;
        const auto store = opened(into);
        size_t in_blobs = 0;
        for (const auto& message : of.sample.messages) {
          bool large = true;
          for (const auto& key : message.media)
            large &= of.sample.rows.at({family::media, key}).size() >= 4096;
          if (!large)
            continue;
          ++in_blobs;
          BOOST_TEST(has(*store, family::messages, message.key));
        }
        BOOST_TEST(in_blobs > 0U);
      }
    }
}

// No change and no charging record says that it was there.
BOOST_AUTO_TEST_CASE(a_tenant_in_a_damaged_record_of_a_log_is_missed) {
  temp_dir directory;
  const flushed of{directory.path() / "store"};
  constexpr const char* tenants[] = {"first", "second", "third"};
  {
    const auto store = opened(of.store); // a new log
    for (const auto* name : tenants)
      BOOST_REQUIRE(store->commit(std::vector<row>{
          row::put(family::meta, meta_key("tenant/" + std::string{name}),
                   encode(tenant_record{
                       .name = name, .public_key = std::string(32, 'k'), .region = "US"}))}));
  }
  const auto log = numbered_files(of.store, ".log").back();
  std::vector<uint64_t> begins;
  BOOST_REQUIRE(scan_log(log, [&](const log_record& each) { begins.push_back(each.begin); }));
  BOOST_REQUIRE(begins.size() >= 3U);
  for (size_t which = 0; which < 2; ++which)
    for (const bool manifest : {true, false}) {
      const auto name = std::to_string(which) + (manifest ? "" : ", without a MANIFEST");
      const flushed copy{directory.path() / name, of.sample, of.store};
      flip(copy.store / log.filename(), begins[begins.size() - 3 + which] + 30);
      if (!manifest)
        fs::remove(copy.manifest());
      const auto into = fs::path{copy.store}.concat("-new");
      const auto report = repaired(copy.store, into);
      BOOST_TEST_CONTEXT(name << text_of(report.findings)) {
        BOOST_TEST(any_lost(report.findings, log.filename().string()));
        if (manifest)
          BOOST_TEST(report.lost_rows() == 1U);
        const auto store = opened(into);
        for (size_t i = 0; i < 3; ++i)
          BOOST_TEST(has(*store, family::meta, meta_key("tenant/" + std::string{tenants[i]})) ==
                     (i != which));
      }
    }
}

// A damaged block hides what stood in it: no row of another table, and nothing that a log has.
BOOST_AUTO_TEST_CASE(rows_in_a_log_are_not_lost_with_the_block_of_a_table) {
  temp_dir directory;
  random_source draw{test_seed()};
  const flushed of{directory.path() / "store",
                   make_sample_store(directory.path() / "store", draw, 2)};
  for (const auto in : in_use)
    for (const bool last : {true, false})
      for (const bool manifest : {true, false}) {
        const auto name = std::string{to_string(in)} + (last ? " last" : " first") +
                          (manifest ? "" : ", without a MANIFEST");
        const flushed copy{directory.path() / name, of.sample, of.store};
        const auto table = copy.tables_of(in).front();
        rocksdb::SstFileReader reader{{}};
        BOOST_REQUIRE(reader.Open(table).ok());
        const auto blocks = reader.GetTableProperties()->data_size;
        std::set<std::string> in_table;
        const std::unique_ptr<rocksdb::Iterator> rows{reader.NewIterator({})};
        for (rows->SeekToFirst(); rows->Valid(); rows->Next())
          in_table.insert(rows->key().ToString());
        flip(table, last ? blocks - 20 : 20);
        if (!manifest)
          fs::remove(copy.manifest());
        const auto into = fs::path{copy.store}.concat("-new");
        const auto report = repaired(copy.store, into);
        const auto store = opened(into);
        size_t in_logs = 0;
        BOOST_TEST_CONTEXT(name << text_of(report.findings)) {
          for (const auto& [row, value] : of.sample.rows)
            if (row.first == in && !in_table.contains(row.second) && row.second != "incarnation") {
              ++in_logs;
              BOOST_TEST(has(*store, in, row.second), to_hex(row.second) << " is in a log");
            }
          if (in != family::profiles && in != family::aliases && in != family::meta)
            BOOST_TEST(in_logs > 0U);
          BOOST_TEST(!any_lost(report.findings, "rows "));
          const auto floor = decode_numbering_floor(
              store->get(family::meta, meta_key(numbering_floor::name)).value()->view());
          BOOST_TEST(
              (floor.change >= of.sample.last_change && floor.record >= of.sample.last_change));
        }
      }
}

BOOST_AUTO_TEST_CASE(a_damaged_block_hides_no_row_of_another_table) {
  temp_dir directory;
  const flushed of{directory.path() / "store"};
  opened(of.store); // all rows go to tables
  for (const auto in :
       {family::messages, family::media, family::changes, family::records, family::outbox})
    for (const bool manifest : {true, false}) {
      const auto name = std::string{to_string(in)} + (manifest ? "" : ", without a MANIFEST");
      const flushed copy{directory.path() / name, of.sample, of.store};
      const auto tables = copy.tables_of(in);
      BOOST_REQUIRE(tables.size() > 1U);
      std::set<std::string> elsewhere;
      for (size_t i = 1; i < tables.size(); ++i) {
        rocksdb::SstFileReader reader{{}};
        BOOST_REQUIRE(reader.Open(tables[i]).ok());
        const std::unique_ptr<rocksdb::Iterator> rows{reader.NewIterator({})};
        for (rows->SeekToFirst(); rows->Valid(); rows->Next())
          elsewhere.insert(rows->key().ToString());
      }
      flip(tables[0], 20);
      if (!manifest)
        fs::remove(copy.manifest());
      const store_files files = *look_at_files(copy.store);
      const auto scratch = make_scratch(copy.store, files, directory.path() / (name + "-view"), {});
      BOOST_REQUIRE(scratch);
      std::map<std::string, std::string> there;
      row_cursor rows{*scratch->view, in};
      for (std::string last; rows.valid(); rows.next()) {
        BOOST_TEST((rows.key() > last), to_hex(rows.key()) << " behind " << to_hex(last));
        last = rows.key();
        there[last] = rows.value();
      }
      BOOST_TEST_CONTEXT(name) {
        BOOST_TEST(!rows.gaps().empty());
        for (const auto& [row, value] : of.sample.rows)
          if (row.first == in && elsewhere.contains(row.second))
            BOOST_TEST((there.contains(row.second) && there[row.second] == value));
      }
    }
}

BOOST_AUTO_TEST_CASE(a_table_under_another_name_is_read_and_tables_that_changed_names_too) {
  temp_dir directory;
  const flushed renamed{directory.path() / "renamed"}, swapped{directory.path() / "swapped"};
  const auto table = renamed.tables_of(family::records).front();
  fs::rename(table, renamed.store / "000999.sst");
  keeps_all(renamed);
  const auto one = swapped.tables_of(family::messages)[0], two = swapped.tables_of(family::meta)[0];
  fs::rename(one, swapped.store / "kept");
  fs::rename(two, one);
  fs::rename(swapped.store / "kept", two);
  keeps_all(swapped);
}

// Without a MANIFEST nothing names them, and the tables that are left have no gap in their numbers.
BOOST_DATA_TEST_CASE(the_newest_numbers_are_missed_and_not_given_out_again,
                     data::make({"changes", "records"}) *
                         data::make({"table gone, no MANIFEST", "last block damaged"}),
                     name, how) {
  const auto in = name == std::string_view{"changes"} ? family::changes : family::records;
  const bool gone = how != std::string_view{"last block damaged"};
  temp_dir directory;
  const flushed of{directory.path() / "store"};
  opened(of.store); // all rows go to tables
  const auto tables = of.tables_of(in);
  BOOST_REQUIRE(tables.size() > 1U);
  if (gone) {
    fs::remove(tables.back());
    fs::remove(of.manifest());
  } else {
    rocksdb::SstFileReader reader{{}};
    BOOST_REQUIRE(reader.Open(tables.back()).ok());
    flip(tables.back(), reader.GetTableProperties()->data_size - 20);
  }
  const auto into = fs::path{of.store}.concat("-new");
  const auto report = repaired(of.store, into);
  BOOST_TEST_CONTEXT(name << ": " << how << text_of(report.findings)) {
    BOOST_TEST(std::ranges::any_of(report.findings, [&](const finding& each) {
      return each.where.starts_with(name + std::string{" from "});
    }));
    BOOST_TEST((in != family::changes || any_lost(report.findings, "changes from ")));
    const auto row = opened(into)->get(family::meta, meta_key(numbering_floor::name)).value();
    const auto floor = decode_numbering_floor(row->view());
    BOOST_TEST((floor.change >= of.sample.last_change && floor.record >= of.sample.last_change));
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_went_with_a_table_are_not_given_out_again) {
  temp_dir directory;
  for (const bool manifest : {true, false}) {
    const flushed of{directory.path() / (manifest ? "with" : "without")};
    for (const auto in : {family::changes, family::records})
      for (const auto& table : of.tables_of(in))
        fs::remove(table);
    for (const auto& log : numbered_files(of.store, ".log"))
      fs::resize_file(log, 0);
    if (!manifest)
      fs::remove(of.manifest());
    const auto into = fs::path{of.store}.concat("-new");
    const auto report = repaired(of.store, into);
    BOOST_TEST(report.lost_rows() > 0U);
    const auto row = opened(into)->get(family::meta, meta_key(numbering_floor::name)).value();
    const auto floor = decode_numbering_floor(row->view());
    BOOST_TEST(floor.change >= of.sample.last_change);
    BOOST_TEST(floor.record >= of.sample.last_change);
  }
}

BOOST_AUTO_TEST_SUITE_END()
