// The text file that RocksDB's warnings go to: what is in it, how large it gets, and that whoever
// writes a line never notices what became of it. Full disks are in full_disk_test.cpp.
#include "storage/rocks_log.hpp"
#include "storage/store_view.hpp"
#include "tests/support/rocks_helpers.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <regex>
#include <set>
#include <thread>

using namespace restante;

namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream in{file};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

struct log_fixture {
  temp_dir directory;
  fs::path log = directory.path() / "LOG";
  fs::path older = directory.path() / "LOG.old";
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(rocks_logs, log_fixture)

BOOST_AUTO_TEST_CASE(a_line_has_its_time_and_level_and_only_warnings_and_worse_are_kept) {
  rocks_log to{directory.path()};
  rocksdb::Header(&to, "options and versions");
  rocksdb::Info(&to, "a table was written");
  BOOST_TEST(!fs::exists(log));
  rocksdb::Warn(&to, "stalled by %d files", 7);
  rocksdb::Error(&to, "ends with its line\n");
  const auto lines = lines_of(log);
  BOOST_REQUIRE(lines.size() == 2U);
  const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z )";
  BOOST_TEST(std::regex_match(lines[0], std::regex{time + R"(\[WARN\] stalled by 7 files)"}));
  BOOST_TEST(std::regex_match(lines[1], std::regex{time + R"(\[ERROR\] ends with its line)"}));
  BOOST_TEST((fs::status(log).permissions() == (fs::perms::owner_read | fs::perms::owner_write)));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_too_long_is_cut_and_still_ends) {
  rocks_log to{directory.path()};
  rocksdb::Warn(&to, "%s", std::string(10'000, 'x').c_str());
  rocksdb::Warn(&to, "the next");
  const auto lines = lines_of(log);
  BOOST_REQUIRE(lines.size() == 2U);
  BOOST_TEST(lines[0].size() == 4095U);
  BOOST_TEST(lines[1].ends_with("[WARN] the next"));
}

BOOST_AUTO_TEST_CASE(the_log_goes_on_where_it_was_and_is_bounded) {
  constexpr uint64_t bound = 1000;
  for (int i = 0; i < 100; ++i) {
    rocks_log to{directory.path(), bound};
    rocksdb::Warn(&to, "number %d", i);
    BOOST_TEST(fs::file_size(log) <= bound);
  }
  BOOST_TEST(fs::file_size(older) <= bound);
  auto lines = lines_of(older);
  std::ranges::copy(lines_of(log), std::back_inserter(lines));
  BOOST_TEST(lines.size() > 20U);
  for (size_t i = 0; i < lines.size(); ++i) // the last ones, without a gap
    BOOST_TEST(lines[i].ends_with(" number " + std::to_string(100 - lines.size() + i)));
}

BOOST_AUTO_TEST_CASE(lines_of_many_threads_are_all_there_and_whole) {
  rocks_log to{directory.path(), 64 * 1024};
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&to, thread] {
        for (int i = 0; i < 500; ++i)
          rocksdb::Warn(&to, "number %d of thread %d", i, thread);
      });
  }
  // 2,000 lines of some 60 bytes: LOG was moved away once, by one of the threads.
  std::set<std::string> told;
  for (const auto& file : {older, log})
    for (const auto& line : lines_of(file))
      told.insert(line.substr(line.find("[WARN]")));
  BOOST_TEST(told.size() == 2000U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_let_go) {
  rocks_log nowhere{directory.path() / "not there"};
  rocksdb::Warn(&nowhere, "lost");
  BOOST_TEST(fs::is_empty(directory.path()));
  fs::create_directory(older); // LOG can't be moved to it: it must not grow instead
  rocks_log to{directory.path(), 100};
  for (int i = 0; i < 10; ++i)
    rocksdb::Warn(&to, "number %d", i);
  BOOST_TEST(fs::file_size(log) <= 100U);
}

BOOST_AUTO_TEST_CASE(a_sound_life_of_a_store_has_nothing_to_tell_and_looking_at_it_writes_nothing) {
  write_changes(directory.path(), 10);
  BOOST_TEST(!fs::exists(log));
  BOOST_TEST(count_changes(*opened(directory.path())) == 10U);
  BOOST_TEST(!fs::exists(log));
  BOOST_REQUIRE(store_view::open(directory.path(), directory.path()));
  BOOST_TEST(!fs::exists(log));
}

BOOST_AUTO_TEST_SUITE_END()
