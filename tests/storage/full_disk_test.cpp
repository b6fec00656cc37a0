// A store on a disk without room: it is refused with a type or opens, and never ends the process.
// Needs the right to mount a small tmpfs. What a node does then is in tests/cluster.
#include "storage/rocks_options.hpp"
#include "tests/support/rocks_helpers.hpp"
#include "tests/support/small_disk.hpp"

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

using namespace restante;

namespace {

namespace fs = std::filesystem;

constexpr uint64_t page_bytes = 4096;

struct disk_fixture {
  small_disk disk{1};
  fs::path data = disk.path() / "data";

  void leave(uint64_t bytes) const {
    disk.add_ballast(fs::space(disk.path()).available - bytes);
    BOOST_TEST(fs::space(disk.path()).available == bytes);
  }

  /// With so many pages of room the store opens or answers disk_full, and opens with more room.
  /// Whether it opened at once.
  [[nodiscard]] bool opens_with(uint64_t pages) const {
    leave(pages * page_bytes);
    const auto store = rocks_store::open({.directory = data});
    disk.remove_ballast();
    if (store)
      return true;
    BOOST_TEST((store.error().code == errc::storage_full), store.error().text);
    BOOST_TEST(store.error().reason == std::string_view{"disk_full"});
    opened(data);
    return false;
  }
};

uint64_t lines_in(const fs::path& file) {
  std::ifstream in{file};
  uint64_t lines = 0;
  for (std::string line; std::getline(in, line);)
    ++lines;
  return lines;
}

/// RocksDB erases the MANIFEST it made the store with, in a thread of its own once it is open: room
/// that would come back in the middle of a test.
void wait_for_one_manifest(const fs::path& data) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (std::ranges::count_if(fs::directory_iterator{data}, [](const auto& entry) {
           return entry.path().filename().string().starts_with("MANIFEST-");
         }) > 1) {
    BOOST_REQUIRE(std::chrono::steady_clock::now() < end);
    std::this_thread::yield();
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(full_disk)

BOOST_AUTO_TEST_CASE(a_store_that_finds_no_room_says_so_wherever_its_opening_ends,
                     *wants_small_disk) {
  temp_dir sound;
  write_changes(sound.path() / "data", 30);
  for (const bool fresh : {true, false}) {
    uint64_t refused = 0;
    uint64_t pages = 0;
    for (bool open = false; !open; pages += 2)
      BOOST_TEST_CONTEXT(pages << " pages of room, " << (fresh ? "a new store" : "an old one")) {
        const disk_fixture full;
        BOOST_REQUIRE(pages < 100U);
        if (!fresh)
          fs::copy(sound.path() / "data", full.data);
        open = full.opens_with(pages);
        refused += open ? 0 : 1;
        BOOST_TEST((fresh || count_changes(*opened(full.data)) == 30U));
      }
    BOOST_TEST(refused > 0U);
  }
}

BOOST_FIXTURE_TEST_CASE(a_warning_without_room_is_lost_and_ends_nothing, disk_fixture,
                        *wants_small_disk) {
  auto options = rocksdb::Options{database_options(data), {}};
  options.create_if_missing = true;
  rocksdb::DB* made = nullptr;
  BOOST_REQUIRE(rocksdb::DB::Open(options, data, &made).ok());
  const std::unique_ptr<rocksdb::DB> db{made};
  const auto warn = [&] { // in RocksDB's own words
    BOOST_TEST(db->SetOptions({{"no such option", ""}}).IsInvalidArgument());
  };
  warn();
  const auto each = lines_in(data / "LOG");
  BOOST_TEST(each > 0U);
  wait_for_one_manifest(data);
  leave(0);
  for (int i = 0; i < 2000; ++i)
    warn();
  const auto kept = lines_in(data / "LOG"); // what fitted into the file's last page
  BOOST_TEST(kept < 2000U);
  disk.remove_ballast();
  warn();
  BOOST_TEST(lines_in(data / "LOG") == kept + each);
}

BOOST_AUTO_TEST_SUITE_END()
