// The disk that the tests of power loss stand on: it forgets what it may, and nothing else.
#include "tests/support/lossy_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <rocksdb/db.h>

#include <fstream>
#include <iterator>
#include <set>

using namespace restante;

namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A directory on such a disk, and the sync of its names.
struct some_files {
  temp_dir directory;
  lossy_disk disk{directory.path()};
  rocksdb::FileSystem& files = *disk.env()->GetFileSystem();
  std::unique_ptr<rocksdb::FSDirectory> entries;

  some_files() { BOOST_REQUIRE(files.NewDirectory(directory.path(), {}, &entries, nullptr).ok()); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory.path() / name; }

  void write(const std::string& name, const std::string& bytes) {
    BOOST_REQUIRE(rocksdb::WriteStringToFile(&files, bytes, path(name), true).ok());
  }
  std::unique_ptr<rocksdb::FSWritableFile> create(const std::string& name) {
    std::unique_ptr<rocksdb::FSWritableFile> made;
    BOOST_REQUIRE(files.NewWritableFile(path(name), {}, &made, nullptr).ok());
    return made;
  }
  void sync_names() { BOOST_REQUIRE(entries->Fsync({}, nullptr).ok()); }

  [[nodiscard]] std::string names() const {
    std::set<std::string> sorted;
    for (const auto& entry : fs::directory_iterator{directory.path()})
      sorted.insert(entry.path().filename());
    std::string all;
    for (const auto& name : sorted)
      all += name + " ";
    return all;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(lossy_disk_itself)

BOOST_AUTO_TEST_CASE(what_was_not_synced_is_forgotten_in_part_or_whole) {
  random_source draw{test_seed()};
  std::set<std::string> names, contents;
  for (int i = 0; i < 200; ++i) {
    some_files on;
    auto kept = on.create("kept");
    BOOST_REQUIRE(kept->Append("synced", {}, nullptr).ok());
    BOOST_REQUIRE(kept->Sync({}, nullptr).ok());
    on.write("deleted", "deleted");
    on.write("old", "old");
    on.sync_names();

    BOOST_REQUIRE(kept->Append(" tail", {}, nullptr).ok());
    kept.reset();
    on.write("made", "made");
    BOOST_REQUIRE(on.files.DeleteFile(on.path("deleted"), {}, nullptr).ok());
    BOOST_REQUIRE(on.files.RenameFile(on.path("old"), on.path("new"), {}, nullptr).ok());
    BOOST_TEST(content(on.path("kept")) == "synced tail");
    on.disk.lose_power(draw);

    names.insert(on.names());
    contents.insert(content(on.path("kept")));
    for (const char* name : {"made", "deleted", "old"})
      BOOST_TEST((!fs::exists(on.path(name)) || content(on.path(name)) == name));
  }
  const std::set<std::string> in_order{"deleted kept old ", "deleted kept made old ",
                                       "kept made old ", "kept made new "};
  BOOST_TEST(names == in_order, boost::test_tools::per_element());
  const std::set<std::string> beginnings{"synced",    "synced ",    "synced t",
                                         "synced ta", "synced tai", "synced tail"};
  BOOST_TEST(contents == beginnings, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_sync_after_a_failed_one_keeps_nothing) {
  random_source draw{test_seed()};
  std::set<std::string> contents;
  for (int i = 0; i < 50; ++i) {
    some_files on;
    auto file = on.create("file");
    on.sync_names();
    BOOST_REQUIRE(file->Append("x", {}, nullptr).ok());
    on.disk.fail_at(1, disk_fault::io_error);
    BOOST_REQUIRE(!file->Sync({}, nullptr).ok());
    BOOST_REQUIRE(file->Sync({}, nullptr).ok());
    file.reset();
    BOOST_TEST(content(on.path("file")) == "x");
    on.disk.lose_power(draw);
    contents.insert(content(on.path("file")));
  }
  BOOST_TEST(contents.contains(""));
}

BOOST_AUTO_TEST_CASE(a_short_write_leaves_half_and_nothing_happens_without_power) {
  random_source draw{test_seed()};
  some_files on;
  auto file = on.create("file");
  on.disk.fail_at(1, disk_fault::short_write);
  BOOST_TEST(file->Append("0123456789", {}, nullptr).IsNoSpace());
  BOOST_TEST(content(on.path("file")) == "01234");
  BOOST_REQUIRE(file->Sync({}, nullptr).ok());
  on.sync_names();
  on.disk.fail_at(1, disk_fault::power_off);
  BOOST_TEST(file->Append("5", {}, nullptr).IsIOError());
  BOOST_TEST(file->Sync({}, nullptr).IsIOError());
  BOOST_TEST(on.files.DeleteFile(on.path("file"), {}, nullptr).IsIOError());
  BOOST_TEST(on.disk.steps() == 3U);
  file.reset();
  on.disk.lose_power(draw);
  BOOST_TEST(content(on.path("file")) == "01234");
}

// As RocksDB does by default.
BOOST_AUTO_TEST_CASE(rows_that_rocksdb_was_not_told_to_sync_are_lost) {
  random_source draw{test_seed()};
  int lost = 0;
  for (int i = 0; i < 20; ++i) {
    temp_dir directory;
    lossy_disk disk{directory.path()};
    rocksdb::Options options;
    options.env = disk.env();
    options.create_if_missing = true;
    const auto open = [&] {
      rocksdb::DB* opened = nullptr;
      BOOST_REQUIRE(rocksdb::DB::Open(options, directory.path(), &opened).ok());
      return std::unique_ptr<rocksdb::DB>{opened};
    };
    BOOST_REQUIRE(open()->Put(rocksdb::WriteOptions{}, "key", "value").ok());
    disk.lose_power(draw);
    std::string value;
    lost += open()->Get({}, "key", &value).IsNotFound() ? 1 : 0;
  }
  BOOST_TEST(lost > 0);
}

BOOST_AUTO_TEST_SUITE_END()
