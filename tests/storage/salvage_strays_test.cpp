// Files that a store should not have, and damage beside what is read: neither costs a row nor stops
// a check.
#include "tests/storage/flushed_store.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

using namespace restante;

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(salvage_strays)

// RocksDB ends the process over it.
BOOST_AUTO_TEST_CASE(a_log_that_is_there_twice_is_told_and_costs_nothing) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  const auto sample = make_sample_store(store, draw);
  fs::copy_file(numbered_files(store, ".log").back(), store / "999999.log");
  BOOST_TEST(refusal(store).text.find("999999.log: byte 0 has row") != std::string::npos);
  const auto found = checked(store).findings;
  BOOST_REQUIRE_MESSAGE(found.size() == 1U, text_of(found));
  BOOST_TEST(found[0].where == "999999.log");
  const auto report = repaired(store, directory.path() / "new");
  BOOST_TEST(report.lost_rows() == 0U, text_of(report.findings));
  BOOST_TEST(holds_what_can_be_had(directory.path() / "new", sample, report) == 0U);
}

BOOST_AUTO_TEST_CASE(a_file_named_like_a_log_that_nobody_can_read_stops_nothing) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  const auto sample = make_sample_store(store, draw);
  BOOST_REQUIRE(::mkfifo((store / "999999.log").c_str(), 0600) == 0);
  const auto found = checked(store).findings;
  BOOST_REQUIRE_MESSAGE(found.size() == 1U, text_of(found));
  BOOST_TEST(found[0].what == "is no file, not a log: move it away");
  const auto report = repaired(store, directory.path() / "new");
  BOOST_TEST(report.lost_rows() == 0U, text_of(report.findings));
  BOOST_TEST(holds_what_can_be_had(directory.path() / "new", sample, report) == 0U);
}

BOOST_AUTO_TEST_CASE(media_behind_a_damaged_head_are_kept) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  const auto sample = make_sample_store(store, draw);
  opened(store); // all rows go to tables
  const auto blobs = numbered_files(store, ".blob");
  BOOST_REQUIRE(!blobs.empty());
  for (const uint64_t at : {38U, 62U}) // within the first record's head, and its key
    flip(blobs.front(), at);
  const auto report = repaired(store, directory.path() / "new");
  BOOST_TEST(report.lost_rows() == 0U, text_of(report.findings));
  BOOST_TEST(holds_what_can_be_had(directory.path() / "new", sample, report) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
