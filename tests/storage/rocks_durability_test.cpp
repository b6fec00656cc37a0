// What the store on disk keeps through failed syncs, kills and damaged files: all it acknowledged,
// or a refusal. Power loss is in power_loss_test.cpp, every failing step in
// storage_faults_test.cpp.
#include "storage/high_water_mark.hpp"
#include "storage/keys.hpp"
#include "storage/rocks_store.hpp"
#include "tests/support/faulty_disk.hpp"
#include "tests/support/rocks_helpers.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

using namespace restante;

namespace {

namespace fs = std::filesystem;

constexpr const char* child_directory = "RESTANTE_TEST_DIRECTORY";
constexpr const char* child_pipe = "RESTANTE_TEST_PIPE";
constexpr uint64_t mebibyte = 1024 * 1024;

fs::path largest(const fs::path& directory, std::string_view extension) {
  fs::path found;
  for (const auto& entry : fs::directory_iterator{directory})
    if (entry.path().extension() == extension &&
        (found.empty() || entry.file_size() > fs::file_size(found)))
      found = entry.path();
  BOOST_REQUIRE_MESSAGE(!found.empty(), "no " << extension << " file");
  return found;
}

void flip_bit(const fs::path& file, uint64_t offset, int bit = 4) {
  std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
  bytes.seekg(static_cast<std::streamoff>(offset));
  const auto old = static_cast<char>(bytes.get());
  bytes.seekp(static_cast<std::streamoff>(offset));
  bytes.put(static_cast<char>(old ^ (1 << bit)));
  bytes.flush();
  BOOST_REQUIRE(bytes.good());
}

/// Where a record of a log below 32 KiB begins: 4 bytes of checksum, 2 of length, 1 of type, then
/// what the checksum is of (with the type).
uint64_t record_offset(const fs::path& log, int number) {
  std::ifstream bytes{log, std::ios::binary};
  uint64_t offset = 0;
  for (int i = 0; i < number; ++i) {
    bytes.seekg(static_cast<std::streamoff>(offset + 4));
    const auto low = static_cast<uint64_t>(bytes.get());
    const auto high = static_cast<uint64_t>(bytes.get());
    offset += 7 + low + 256 * high;
  }
  BOOST_REQUIRE(bytes.good());
  return offset;
}

bool stopped(const rocks_store& store) {
  return std::ranges::count(store.figures(), std::pair{std::string{"stopped"}, uint64_t{1}}) == 1;
}

/// This program again, running only the test below that writes until it is killed. Not a plain
/// fork: RocksDB's threads of the earlier tests would be missing in the child.
class writing_child {
public:
  explicit writing_child(const fs::path& directory) {
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    pipe_ = ends[0];
    constexpr int pipe_in_child = 17;
    ::unsetenv("BOOST_TEST_LOGGER"); // the child would write over this program's own log
    ::unsetenv("BOOST_TEST_RUN_FILTERS");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], pipe_in_child);
    std::string name = "storage_tests";
    std::string only = "--run_test=rocks_durability/writes_until_it_is_killed";
    char* arguments[] = {name.data(), only.data(), nullptr};
    ::setenv(child_directory, directory.c_str(), 1);
    ::setenv(child_pipe, std::to_string(pipe_in_child).c_str(), 1);
    const int failed =
        ::posix_spawn(&process_, "/proc/self/exe", &actions, nullptr, arguments, environ);
    ::unsetenv(child_directory);
    ::unsetenv(child_pipe);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    BOOST_REQUIRE_EQUAL(failed, 0);
  }
  writing_child(const writing_child&) = delete;
  writing_child& operator=(const writing_child&) = delete;
  ~writing_child() {
    kill();
    ::close(pipe_);
  }

  /// The number of the next change the child was told is stored; nothing after its end.
  std::optional<uint64_t> next() {
    uint64_t number = 0;
    if (::read(pipe_, &number, sizeof number) != sizeof number)
      return std::nullopt;
    return number;
  }

  void kill() {
    if (process_ <= 0)
      return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

private:
  pid_t process_ = 0;
  int pipe_ = -1;
};

} // namespace

BOOST_AUTO_TEST_SUITE(rocks_durability)

BOOST_AUTO_TEST_CASE(a_store_that_lost_its_current_file_is_refused_not_emptied) {
  temp_dir directory;
  write_changes(directory.path(), 10);
  fs::rename(directory.path() / "CURRENT", directory.path() / "kept");
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(refusal(directory.path()).reason == std::string_view{"store_damaged"});
  BOOST_TEST(!fs::exists(directory.path() / "CURRENT"));
  fs::rename(directory.path() / "kept", directory.path() / "CURRENT");
  BOOST_TEST(count_changes(*opened(directory.path())) == 10U);
}

BOOST_AUTO_TEST_CASE(every_commit_syncs_the_log_before_it_answers) {
  temp_dir directory;
  faulty disk;
  const auto store = opened({.directory = directory.path(), .env = disk.env.get()});
  for (uint64_t i = 0; i < 5; ++i) {
    const uint64_t before = disk.switches.log_syncs;
    BOOST_REQUIRE(put(*store, family::changes, change_key(i), "x"));
    BOOST_TEST(disk.switches.log_syncs == before + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_failed_sync_stops_the_store_until_it_is_opened_again) {
  temp_dir directory;
  faulty disk;
  {
    const auto store = opened({.directory = directory.path(), .env = disk.env.get()});
    BOOST_REQUIRE(put(*store, family::changes, change_key(0), value_of(0)));
    disk.switches.fail_log_syncs = true;
    const auto failed = put(*store, family::changes, change_key(1), value_of(1));
    BOOST_TEST(reason_of(failed) == "write_failed");
    BOOST_TEST((failed.error().code == errc::storage_failure));
    disk.switches.fail_log_syncs = false;
    const auto later = put(*store, family::changes, change_key(2), value_of(2));
    BOOST_TEST(reason_of(later) == "stopped");
    BOOST_TEST((later.error().code == errc::storage_failure));
    const row erase = row::remove(family::changes, change_key(0));
    BOOST_TEST(reason_of(store->commit({&erase, 1}, commit_class::essential)) == "stopped");
    BOOST_TEST(stopped(*store));
    BOOST_TEST(has(*store, family::changes, change_key(0)));
  }
  const auto store = opened(directory.path());
  BOOST_TEST(store->verify().has_value());
  BOOST_TEST(count_changes(*store) >= 1U); // whether the second is there is open
  BOOST_TEST(!has(*store, family::changes, change_key(2)));
  BOOST_TEST(reason_of(put(*store, family::changes, change_key(2), value_of(2))) == "stored");
}

BOOST_AUTO_TEST_CASE(a_flush_that_fails_in_the_background_stops_the_store_for_good) {
  temp_dir directory;
  faulty disk;
  uint64_t stored = 0;
  {
    const auto store = opened({.directory = directory.path(), .env = disk.env.get()});
    disk.switches.fail_blob_files = true;
    const std::string media(8 * mebibyte, 'm');
    // A flush begins at 128 MiB; without room for its file at most four such buffers fill up.
    while (stored < 100 && put(*store, family::media, std::to_string(stored), media))
      ++stored;
    BOOST_TEST(stored >= 8U);
    BOOST_REQUIRE(stored < 100U);
    disk.switches.fail_blob_files = false;
    BOOST_TEST(reason_of(put(*store, family::media, "later", "x")) == "stopped");
  }
  const auto store = opened(directory.path());
  for (uint64_t i = 0; i < stored; ++i)
    BOOST_TEST(has(*store, family::media, std::to_string(i)));
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_the_log_is_refused_not_skipped) {
  for (bool marked : {true, false}) { // the log's own checksums must do without the mark
    temp_dir directory;
    write_changes(directory.path(), 300);
    const auto log = largest(directory.path(), ".log");
    flip_bit(log, fs::file_size(log) / 2);
    if (!marked)
      fs::remove(directory.path() / high_water_mark::file_name);
    for (int i = 0; i < 2; ++i) {
      const auto refused = refusal(directory.path());
      BOOST_TEST((refused.code == errc::storage_failure));
      BOOST_TEST(refused.reason == std::string_view{"store_damaged"});
      BOOST_TEST(refused.text.find("seeded from a replica") != std::string::npos);
    }
  }
}

// RocksDB alone takes the first flip for the rest of an older log and the second for a torn end,
// and opens without any of the rows behind them.
BOOST_AUTO_TEST_CASE(a_damaged_record_header_in_the_log_is_refused_not_taken_for_its_end) {
  constexpr int length_byte = 5;
  constexpr int type_byte = 6;
  for (const auto& [byte, bit] : {std::pair{type_byte, 2}, std::pair{length_byte, 7}}) {
    temp_dir directory;
    write_changes(directory.path(), 20);
    const auto log = largest(directory.path(), ".log");
    flip_bit(log, record_offset(log, 10) + byte, bit);
    for (int i = 0; i < 2; ++i)
      BOOST_TEST(refusal(directory.path()).reason == std::string_view{"store_damaged"});
  }
}

BOOST_AUTO_TEST_CASE(a_log_that_lost_its_last_acknowledged_record_is_refused) {
  temp_dir directory;
  write_changes(directory.path(), 20);
  const auto log = largest(directory.path(), ".log");
  fs::resize_file(log, fs::file_size(log) - 1);
  BOOST_TEST(refusal(directory.path()).reason == std::string_view{"store_damaged"});
}

BOOST_AUTO_TEST_CASE(a_torn_record_that_nobody_was_told_of_is_dropped_and_nothing_else) {
  for (uint64_t torn : {1U, 100U, 500U}) {
    temp_dir directory;
    const auto mark = directory.path() / high_water_mark::file_name;
    const auto older = directory.path() / "older";
    {
      const auto store = opened(directory.path());
      for (uint64_t i = 0; i < 300; ++i) {
        if (i == 299)
          fs::copy_file(mark, older);
        BOOST_REQUIRE(put(*store, family::changes, change_key(i), value_of(i)));
      }
    }
    fs::rename(older, mark); // as when the power fails before the last commit is answered
    const auto log = largest(directory.path(), ".log");
    fs::resize_file(log, fs::file_size(log) - torn);
    BOOST_TEST(count_changes(*opened(directory.path())) == 299U);
    BOOST_TEST(count_changes(*opened(directory.path())) == 299U);
  }
}

BOOST_AUTO_TEST_CASE(a_mark_that_is_missing_or_cut_short_is_made_anew) {
  temp_dir directory;
  const auto mark = directory.path() / high_water_mark::file_name;
  write_changes(directory.path(), 5);
  const auto whole = fs::file_size(mark);
  fs::remove(mark);
  BOOST_TEST(count_changes(*opened(directory.path())) == 5U);
  BOOST_TEST(fs::file_size(mark) == whole);
  fs::resize_file(mark, whole / 2);
  BOOST_TEST(count_changes(*opened(directory.path())) == 5U);
  fs::resize_file(mark, 0);
  fs::resize_file(mark, whole); // all zero
  BOOST_TEST(count_changes(*opened(directory.path())) == 5U);
  flip_bit(mark, 0); // a much higher number, if it were believed
  BOOST_TEST(count_changes(*opened(directory.path())) == 5U);
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_media_is_never_served_and_verify_finds_it) {
  temp_dir directory;
  {
    const auto store = opened(directory.path());
    BOOST_REQUIRE(put(*store, family::media, "key", std::string(100'000, 'm')));
    BOOST_REQUIRE(put(*store, family::media, "small", "m"));
  }
  BOOST_REQUIRE(opened(directory.path())->verify()); // moves the rows from the log to files
  const auto blobs = largest(directory.path(), ".blob");
  flip_bit(blobs, fs::file_size(blobs) / 2);
  const auto store = opened(directory.path());
  const auto read = store->get(family::media, "key");
  BOOST_REQUIRE(!read);
  BOOST_TEST((read.error().code == errc::storage_failure));
  BOOST_TEST(read.error().reason == std::string_view{"store_damaged"});
  BOOST_TEST(!store->scan(family::media, "", "", 10).has_value());
  BOOST_TEST(has(*store, family::media, "small"));
  const auto verified = store->verify();
  BOOST_REQUIRE(!verified);
  BOOST_TEST(verified.error().reason == std::string_view{"store_damaged"});
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_a_table_is_found_by_verify) {
  temp_dir directory;
  write_changes(directory.path(), 300);
  BOOST_REQUIRE(opened(directory.path())->verify());
  const auto table = largest(directory.path(), ".sst");
  flip_bit(table, 100);
  const auto store = opened(directory.path());
  BOOST_TEST(!store->get(family::changes, change_key(0)).has_value());
  const auto verified = store->verify();
  BOOST_REQUIRE(!verified);
  BOOST_TEST(verified.error().reason == std::string_view{"store_damaged"});
}

BOOST_AUTO_TEST_CASE(a_killed_process_loses_nothing_it_was_told_is_stored) {
  temp_dir directory;
  uint64_t told = 0; // changes 0 to told - 1
  for (int round = 0; round < 3; ++round) {
    writing_child child{directory.path()};
    for (int i = 0; i < 50; ++i) {
      const auto number = child.next();
      BOOST_REQUIRE(number);
      BOOST_REQUIRE(*number >= told);
      told = *number + 1;
    }
    BOOST_TEST(refusal(directory.path()).reason == std::string_view{"data_in_use"});
    child.kill();
    while (const auto number = child.next())
      told = *number + 1;
    const auto store = opened(directory.path());
    BOOST_TEST(count_changes(*store) >= told);
    told = count_changes(*store);
  }
}

// Run by the test above in a process of its own.
BOOST_AUTO_TEST_CASE(writes_until_it_is_killed, *boost::unit_test::disabled()) {
  const char* directory = std::getenv(child_directory);
  const char* pipe = std::getenv(child_pipe);
  BOOST_REQUIRE(directory && pipe);
  const auto store = opened(fs::path{directory});
  for (uint64_t i = count_changes(*store);; ++i) {
    BOOST_REQUIRE(put(*store, family::changes, change_key(i), value_of(i)));
    BOOST_REQUIRE(::write(std::atoi(pipe), &i, sizeof i) == sizeof i);
  }
}

BOOST_AUTO_TEST_SUITE_END()
