// What a repair saves and tells around a damaged block of a table or record of a log, and of a
// table that is another than the MANIFEST names.
#include "schemas/tenant.hpp"
#include "storage/log_file.hpp"
#include "storage/store_scratch.hpp"
#include "tests/storage/flushed_store.hpp"

using namespace restante;

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(salvage_blocks)

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

BOOST_AUTO_TEST_CASE(a_table_of_another_store_under_its_name_is_not_taken_without_a_word) {
  temp_dir directory;
  random_source one{test_seed()}, two{test_seed() + 1};
  const auto path = directory.path() / "store", there = directory.path() / "other";
  const flushed of{path, make_sample_store(path, one, 2)};
  const flushed other{there, make_sample_store(there, two, 2)};
  for (const auto in : {family::messages, family::records, family::meta}) {
    const flushed copy{directory.path() / std::string{to_string(in)}, of.sample, of.store};
    const auto table = copy.tables_of(in).front().filename();
    BOOST_REQUIRE((other.tables_of(in).front().filename() == table));
    fs::copy_file(other.store / table, copy.store / table, fs::copy_options::overwrite_existing);
    const auto report = repaired(copy.store, fs::path{copy.store}.concat("-new"));
    BOOST_TEST(any_lost(report.findings, table.string()), to_string(in)
                                                              << text_of(report.findings));
  }
}

BOOST_AUTO_TEST_SUITE_END()
