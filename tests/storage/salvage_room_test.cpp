// The room a check and a repair ask for before they begin.
#include "schemas/stored_codec.hpp"
#include "tests/storage/salvage_helpers.hpp"
#include "tests/support/small_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <stdlib.h>

using namespace restante;

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(salvage_room)

namespace {

/// A store with a log of some mebibytes, damaged in the middle, and a disk with room for one.
struct little_room {
  little_room() {
    {
      const auto writing = opened(store);
      for (uint32_t i = 1; i <= 3; ++i)
        BOOST_REQUIRE(put(*writing, family::records, record_key(20'000, i),
                          encode(record{.kind = std::string(1024 * 1024, 'x')})));
    }
    const auto log = numbered_files(store, ".log").back();
    std::fstream bytes{log, std::ios::in | std::ios::out | std::ios::binary};
    bytes.seekp(static_cast<std::streamoff>(fs::file_size(log) / 2));
    bytes.put('?').put('!');
  }

  temp_dir directory;
  small_disk disk{1};
  fs::path store = directory.path() / "store";
};

/// Where temporary files go, until the end of the test.
struct temporary_files_in {
  explicit temporary_files_in(const fs::path& there) { ::setenv("TMPDIR", there.c_str(), 1); }
  temporary_files_in(const temporary_files_in&) = delete;
  temporary_files_in& operator=(const temporary_files_in&) = delete;
  ~temporary_files_in() { ::setenv("TMPDIR", before.c_str(), 1); }
  const std::string before = fs::temp_directory_path();
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_repair_into_a_disk_without_room_is_refused_before_it_begins, little_room,
                        *wants_small_disk) {
  for (const auto& into : {disk.path() / "new", disk.path() / "not" / "yet" / "there"}) {
    const auto refused = repair_store({store, into, merge_sample, {}});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::storage_full));
    BOOST_TEST(refused.error().text.find(disk.path().string() + " has ") == 0U,
               refused.error().text);
  }
  BOOST_TEST(fs::is_empty(disk.path()));
  const auto report = repaired(store, directory.path() / "new");
  BOOST_TEST(report.findings.size() > 0U);
}

// On another disk nothing can be linked: the damaged store, the new one and its log are all there
// at once.
BOOST_AUTO_TEST_CASE(a_repair_gets_by_with_the_room_it_asks_for_and_says_how_much_that_is,
                     *wants_small_disk) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  uint32_t written = 0;
  for (const uint32_t upto : {16, 48}) { // the first go to tables when it is opened again
    const auto writing = opened(store);
    while (written < upto)
      BOOST_REQUIRE(put(*writing, family::records, record_key(20'000, ++written),
                        encode(record{.kind = sample::noise(draw, 1024 * 1024)})));
  }
  const small_disk small{200};
  const auto refused = repair_store({store, small.path() / "new", merge_sample, {}});
  BOOST_REQUIRE(!refused);
  unsigned long needed = 0, copies = 0, made = 0, reserve = 0;
  const auto& text = refused.error().text;
  BOOST_REQUIRE_MESSAGE(
      std::sscanf(
          text.c_str() + text.find(" a repair"),
          " a repair may need %lu (copies %lu, the new store and its log %lu, kept free %lu)",
          &needed, &copies, &made, &reserve) == 4,
      text);
  BOOST_TEST((copies + made + reserve >= needed && copies + made + reserve <= needed + 3));
  BOOST_TEST(fs::is_empty(small.path()));
  const small_disk enough{needed};
  const auto report = repaired(store, enough.path() / "new");
  BOOST_TEST(report.findings.empty(), text_of(report.findings));
  BOOST_TEST(scanned(*opened(enough.path() / "new"), family::records).first.size() == 48U);
  // Beside the store the tables are linked.
  BOOST_TEST(repaired(store, directory.path() / "new").rows.last_record == 48U);
  BOOST_TEST(std::ranges::distance(fs::directory_iterator{directory.path()}) == 2);
}

BOOST_AUTO_TEST_CASE(a_repair_fills_an_empty_directory_that_is_a_mount_point, *wants_small_disk) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  const auto sample = make_sample_store(store, draw);
  const small_disk mounted{400};
  fs::create_directory(mounted.path() / "lost+found"); // as a new file system has it
  const auto report = repaired(store, mounted.path());
  BOOST_TEST(holds_what_can_be_had(mounted.path(), sample, report) == 0U);
  BOOST_TEST(!fs::exists(mounted.path() / ".unfinished"));
  BOOST_TEST(std::ranges::distance(fs::directory_iterator{directory.path()}) == 1);
  const auto again = repair_store({store, mounted.path(), merge_sample, {}});
  BOOST_TEST((!again && again.error().reason == std::string_view{"into_exists"}));
}

BOOST_FIXTURE_TEST_CASE(a_check_of_damaged_logs_wants_room_for_their_copy, little_room,
                        *wants_small_disk) {
  {
    const temporary_files_in full{disk.path()};
    const auto refused = check_store({store, merge_sample, {}});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::storage_full));
    BOOST_TEST(refused.error().text.find(disk.path().string() + " has ") == 0U,
               refused.error().text);
    BOOST_TEST(refused.error().text.find("TMPDIR") != std::string::npos);
    BOOST_TEST(fs::is_empty(disk.path()));
  }
  BOOST_TEST(checked(store).rows_judged);
}

BOOST_AUTO_TEST_SUITE_END()
