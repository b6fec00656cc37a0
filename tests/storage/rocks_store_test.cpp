// What only the store on disk does: opening, refusing what is not its own, keeping a reserve.
// What survives faults is in rocks_durability_test.cpp; the contract of every store is in
// kv_store_test.cpp.
#include "storage/keys.hpp"
#include "storage/rocks_failure.hpp"
#include "storage/rocks_store.hpp"
#include "tests/support/rocks_helpers.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include <fstream>
#include <tuple>

using namespace restante;

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(rocks_store_on_disk)

BOOST_AUTO_TEST_CASE(rows_are_there_when_the_store_is_opened_again) {
  temp_dir directory;
  write_changes(directory.path(), 50);
  BOOST_TEST(count_changes(*opened(directory.path())) == 50U);
  BOOST_TEST(count_changes(*opened(directory.path())) == 50U);
}

BOOST_AUTO_TEST_CASE(the_directory_and_its_missing_parents_are_made_private) {
  temp_dir directory;
  const auto deep = directory.path() / "var" / "restante";
  opened(deep / ""); // with the slash that people type
  for (const auto& made : {deep, deep.parent_path()})
    BOOST_TEST((fs::status(made).permissions() == fs::perms::owner_all), made);
  fs::permissions(deep, fs::perms{0755});
  opened(deep);
  BOOST_TEST((fs::status(deep).permissions() == fs::perms::owner_all));
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_made_is_refused) {
  temp_dir directory;
  std::ofstream{directory.path() / "file"} << "in the way";
  BOOST_TEST(refusal(directory.path() / "file").reason == std::string_view{"open_failed"});
  BOOST_TEST(refusal(directory.path() / "file" / "data").reason == std::string_view{"open_failed"});
}

BOOST_AUTO_TEST_CASE(a_second_store_on_the_same_directory_is_refused) {
  temp_dir directory;
  const auto first = opened(directory.path());
  const auto refused = refusal(directory.path());
  BOOST_TEST((refused.code == errc::storage_failure));
  BOOST_TEST(refused.reason == std::string_view{"data_in_use"});
  BOOST_TEST(refused.text.find("Another restanted uses " + directory.path().string()) == 0U);
  BOOST_TEST(reason_of(put(*first, family::meta, "still", "works")) == "stored");
}

BOOST_AUTO_TEST_CASE(another_format_is_refused) {
  temp_dir directory;
  BOOST_REQUIRE(put(*opened(directory.path()), family::meta, meta_key("format"), "2"));
  for (int i = 0; i < 2; ++i) {
    const auto refused = refusal(directory.path());
    BOOST_TEST((refused.code == errc::storage_failure));
    BOOST_TEST(refused.reason == std::string_view{"format_unknown"});
    BOOST_TEST(refused.text.find("format '2', this version reads '1'") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_store_with_rows_but_no_format_is_refused) {
  temp_dir directory;
  {
    const auto store = opened(directory.path());
    const row no_format = row::remove(family::meta, meta_key("format"));
    BOOST_REQUIRE(store->commit({&no_format, 1}));
  }
  BOOST_TEST(refusal(directory.path()).reason == std::string_view{"format_unknown"});
}

BOOST_AUTO_TEST_CASE(a_database_of_another_program_is_refused_and_left_as_it_was) {
  temp_dir directory;
  rocksdb::Options foreign;
  foreign.create_if_missing = true;
  rocksdb::DB* made = nullptr;
  rocksdb::ColumnFamilyHandle* theirs = nullptr;
  BOOST_REQUIRE(rocksdb::DB::Open(foreign, directory.path(), &made).ok());
  BOOST_REQUIRE(made->CreateColumnFamily({}, "theirs", &theirs).ok());
  BOOST_REQUIRE(made->Put({}, theirs, "key", "value").ok());
  made->DestroyColumnFamilyHandle(theirs);
  delete made;
  BOOST_TEST(refusal(directory.path()).reason == std::string_view{"format_unknown"});
  std::vector<std::string> families;
  BOOST_REQUIRE(rocksdb::DB::ListColumnFamilies(foreign, directory.path(), &families).ok());
  BOOST_TEST(families == (std::vector<std::string>{"default", "theirs"}));
}

BOOST_AUTO_TEST_CASE(a_creation_that_was_cut_short_is_completed) {
  temp_dir directory;
  rocksdb::Options only_default;
  only_default.create_if_missing = true;
  rocksdb::DB* made = nullptr;
  BOOST_REQUIRE(rocksdb::DB::Open(only_default, directory.path(), &made).ok());
  delete made;
  const auto store = opened(directory.path());
  BOOST_TEST(reason_of(put(*store, family::media, "key", "value")) == "stored");
  BOOST_TEST(has(*store, family::meta, meta_key("format")));
}

BOOST_AUTO_TEST_CASE(below_the_reserve_only_essential_commits_and_erasing_go_on) {
  temp_dir directory;
  const auto room = opened(directory.path())->free_bytes();
  const auto store = opened({.directory = directory.path(), .reserve_bytes = 2 * room});
  const auto refused = put(*store, family::media, "normal", "x");
  BOOST_TEST(reason_of(refused) == "disk_reserve");
  BOOST_TEST((refused.error().code == errc::storage_full));
  BOOST_TEST(!has(*store, family::media, "normal"));
  BOOST_TEST(reason_of(put(*store, family::meta, "pin", "x", commit_class::essential)) == "stored");
  BOOST_TEST(has(*store, family::meta, "pin"));
  const row erase = row::remove(family::meta, "pin");
  BOOST_TEST(reason_of(store->commit({&erase, 1})) == "stored");
  BOOST_TEST(!has(*store, family::meta, "pin"));
  const std::vector<row> mixed{row::remove(family::meta, "pin"), row::put(family::meta, "a", "")};
  BOOST_TEST(reason_of(store->commit(mixed)) == "disk_reserve");
  BOOST_TEST(store->last(family::meta).value()->key == "format");
}

BOOST_AUTO_TEST_CASE(below_a_quarter_of_the_reserve_nothing_is_written) {
  temp_dir directory;
  const auto room = opened(directory.path())->free_bytes();
  const auto store = opened({.directory = directory.path(), .reserve_bytes = 8 * room});
  BOOST_TEST(reason_of(put(*store, family::meta, "pin", "x", commit_class::essential)) ==
             "disk_reserve");
  const row erase = row::remove(family::meta, "pin");
  BOOST_TEST(reason_of(store->commit({&erase, 1})) == "disk_reserve");
  BOOST_TEST(has(*store, family::meta, meta_key("format")));
}

BOOST_AUTO_TEST_CASE(a_background_failure_stops_and_forbids_resuming_unless_no_row_depends_on_it) {
  using reason = rocksdb::BackgroundErrorReason;
  const auto full = rocksdb::Status::NoSpace("full");
  const auto broken = rocksdb::Status::IOError("broken");
  const auto damaged = rocksdb::Status::Corruption("damaged");
  const std::tuple<reason, rocksdb::Status, bool> cases[] = {
      {reason::kFlush, broken, true},         {reason::kFlush, full, true},
      {reason::kWriteCallback, broken, true}, {reason::kManifestWrite, full, true},
      {reason::kCompaction, damaged, true},   {reason::kCompaction, full, false},
  };
  for (auto [why, status, stops] : cases) {
    const auto latch = std::make_shared<stop_latch>();
    const auto listener = make_failure_listener(latch);
    bool resumes = true;
    listener->OnErrorRecoveryBegin(why, status, &resumes);
    BOOST_TEST(resumes == !stops);
    listener->OnBackgroundError(why, &status);
    BOOST_TEST(latch->tripped() == stops);
    if (stops)
      BOOST_TEST(latch->refusal().text.find(status.ToString()) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(figures_count_what_was_written) {
  temp_dir directory;
  const auto store = opened(directory.path());
  const auto bytes = figure(*store, "wal_bytes");
  const auto syncs = figure(*store, "wal_syncs");
  BOOST_REQUIRE(put(*store, family::messages, "key", std::string(5000, 'x')));
  BOOST_TEST(figure(*store, "wal_bytes") >= bytes + 5000);
  BOOST_TEST(figure(*store, "wal_syncs") == syncs + 1);
  BOOST_TEST(figure(*store, "keys_messages") == 1U);
  BOOST_TEST(figure(*store, "keys_media") == 0U);
  BOOST_TEST(figure(*store, "free_bytes") > 0U);
  BOOST_TEST(figure(*store, "stopped") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
