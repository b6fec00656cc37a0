// Files the disk does not give: each answer is a failure that names the file, and never what an
// empty or shorter file would be. A directory and /proc/self/mem are files that open and refuse to
// be read, as those on a dying disk do.
#include "storage/blob_file.hpp"
#include "storage/high_water_mark.hpp"
#include "storage/log_file.hpp"
#include "tests/storage/salvage_helpers.hpp"

#include <boost/test/unit_test.hpp>

using namespace restante;

namespace fs = std::filesystem;

namespace {

struct bad_disk {
  bad_disk() {
    fs::create_directory(directory.path() / "000001.blob");
    fs::create_symlink("/proc/self/mem", directory.path() / "000002.blob");
    files = numbered_files(directory.path(), ".blob");
  }

  temp_dir directory;
  std::vector<fs::path> files;
};

void check_unreadable(const failure& why, const fs::path& file) {
  BOOST_TEST(why.reason == std::string_view{"read_failed"});
  BOOST_TEST((why.code == errc::storage_failure));
  BOOST_TEST(why.text.starts_with(file.string() + " can't be read"), why.text);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(unreadable_files, bad_disk)

BOOST_AUTO_TEST_CASE(a_blob_file_that_cannot_be_read_is_a_failure_of_the_disk) {
  BOOST_REQUIRE(files.size() == 2U);
  for (const auto& file : files)
    for (const bool values : {false, true}) {
      const auto scanned =
          scan_blobs(file, values, [](const blob_place&) { BOOST_FAIL("read what is not there"); });
      BOOST_REQUIRE(!scanned);
      check_unreadable(scanned.error(), file);
      const auto read = read_blob(file, {"key", 62, 100});
      BOOST_REQUIRE(!read);
      check_unreadable(read.error(), file);
    }
}

BOOST_AUTO_TEST_CASE(a_blob_that_ends_early_is_a_failure_too) {
  const auto file = directory.path() / "000003.blob";
  std::ofstream{file} << std::string(100, 'x');
  const auto read = read_blob(file, {"key", 62, 100});
  BOOST_TEST((!read && read.error().reason == std::string_view{"read_failed"}));
  BOOST_TEST(read_blob(file, {"key", 62, 38}).value() == std::string(38, 'x'));
}

BOOST_AUTO_TEST_CASE(a_log_that_cannot_be_read_is_a_failure_of_the_disk) {
  for (const auto& file : files) {
    const auto scanned =
        scan_log(file, [](const log_record&) { BOOST_FAIL("read what is not there"); });
    BOOST_REQUIRE(!scanned);
    check_unreadable(scanned.error(), file);
  }
}

// As if there were none, the store would open without its protection.
BOOST_AUTO_TEST_CASE(a_mark_that_cannot_be_read_refuses_the_store) {
  const auto store = directory.path() / "store";
  write_changes(store, 4);
  fs::remove(store / high_water_mark::file_name);
  fs::create_symlink("/proc/self/mem", store / high_water_mark::file_name);
  BOOST_TEST(refusal(store).reason == std::string_view{"open_failed"});
}

// Who may not read it, or has a failing disk, must not move the store aside as if it were damaged.
BOOST_AUTO_TEST_CASE(a_current_that_cannot_be_read_is_no_damage) {
  const auto store = directory.path() / "store";
  write_changes(store, 4);
  fs::remove(store / "CURRENT");
  fs::create_symlink("CURRENT", store / "CURRENT");
  for (const auto& why : {refusal(store), check_store({store, merge_sample, {}}).error(),
                          repair_store({store, directory.path() / "new", {}, {}}).error()}) {
    BOOST_TEST(why.reason == std::string_view{"open_failed"});
    BOOST_TEST(why.text.find("CURRENT can't be read (") != std::string::npos, why.text);
  }
}

BOOST_AUTO_TEST_CASE(
    a_repair_goes_on_without_a_mark_that_cannot_be_read_and_a_start_says_what_to_do) {
  random_source draw{test_seed()};
  const auto store = directory.path() / "store", into = directory.path() / "new";
  const auto sample = make_sample_store(store, draw);
  fs::remove(store / high_water_mark::file_name);
  fs::create_directory(store / high_water_mark::file_name);
  BOOST_TEST(refusal(store).text.find("Moved away, the next start") != std::string::npos);
  const auto found = checked(store).findings;
  BOOST_REQUIRE_MESSAGE(found.size() == 1U, text_of(found));
  BOOST_TEST(found[0].where == high_water_mark::file_name);
  const auto report = repaired(store, into);
  BOOST_TEST(holds_what_can_be_had(into, sample, report) == 0U);
  BOOST_REQUIRE_MESSAGE(report.findings.size() == 1U, text_of(report.findings));
  BOOST_TEST(report.findings[0].where == high_water_mark::file_name);
}

BOOST_AUTO_TEST_CASE(a_check_names_the_blob_file_the_disk_does_not_give) {
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  make_sample_store(store, draw);
  fs::remove(store / "CURRENT"); // so that the files are judged by what is inside them
  const auto blobs = file_of(store, "blob", draw);
  fs::remove(blobs);
  fs::create_directory(blobs);
  const auto found = checked(store).findings;
  BOOST_TEST(std::ranges::any_of(found,
                                 [&](const finding& each) {
                                   return each.where == blobs.filename() &&
                                          each.what.find("can't be read") != std::string::npos;
                                 }),
             text_of(found));
}

BOOST_AUTO_TEST_SUITE_END()
