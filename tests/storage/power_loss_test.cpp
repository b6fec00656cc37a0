// What the store on disk keeps when the power fails at any moment, or the process is killed: every
// acknowledged commit whole, of the one in flight all or nothing, and never a refusal to open. The
// disk is tests/support/lossy_disk.hpp, which says what this cannot show.
#include "storage/high_water_mark.hpp"
#include "tests/support/lossy_disk.hpp"
#include "tests/support/rocks_helpers.hpp"
#include "tests/support/store_reference.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

using namespace restante;

namespace {

namespace fs = std::filesystem;

constexpr uint64_t mebibyte = 1024 * 1024;

/// Where the power failed.
struct crash_counts {
  int opening = 0;
  int committing = 0;
  int between = 0;
  int closed = 0;
  int background = 0; // of the above: at a step of RocksDB's own threads
};

/// A store over many lives, with its disk, and what it has promised.
class machine {
public:
  machine(random_source& draw, crash_counts& count) : draw_{draw}, count_{count} {}

  void cut_power_at(uint64_t step) { disk_.fail_at(step, disk_fault::power_off); }

  /// False when the power failed before the store was open.
  bool start() {
    auto opened = rocks_store::open(
        {.directory = directory_.path(), .cache_bytes = mebibyte, .env = disk_.env()});
    if (!opened) {
      BOOST_REQUIRE_MESSAGE(!disk_.powered(), opened.error().text);
      ++count_.opening;
      return false;
    }
    store_ = std::move(*opened);
    BOOST_REQUIRE_EQUAL(promised_.settle(*store_), "");
    if (draw_.one_in(8))
      BOOST_REQUIRE(store_->verify());
    marks_.push_back(mark());
    return true;
  }

  /// False when the power failed before it was answered.
  bool commit(std::vector<row> rows) {
    promised_.begin(std::move(rows));
    const kv_store::group all{promised_.open()};
    const size_t half = draw_.below(all.size() + 1);
    const kv_store::group groups[] = {all.first(half), all.subspan(half)};
    const auto done = store_->commit(groups);
    if (!done) {
      BOOST_REQUIRE_MESSAGE(!disk_.powered(), done.error().text);
      ++count_.committing;
      return false;
    }
    promised_.acknowledge();
    marks_.push_back(mark());
    return true;
  }
  bool commit() { return commit(random_commit(++commits_, draw_)); }

  [[nodiscard]] uint64_t flushed_bytes() const {
    for (const auto& [name, value] : store_->figures())
      if (name == "flushed_bytes")
        return value;
    return 0;
  }
  /// Until more rows were written to files, or the power failed before.
  void await_flush(uint64_t before) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    while (disk_.powered() && flushed_bytes() == before) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::yield();
    }
  }

  /// The power fails now, if it did not before; or, one time in four, only the process is killed.
  void crash() {
    if (store_ && disk_.powered() && draw_.one_in(4)) {
      store_.reset(); // in good order, which syncs the mark
      marks_.clear();
      ++count_.closed;
    }
    if (store_ && disk_.powered())
      ++count_.between;
    disk_.cut_power();
    store_.reset();
    if (const auto hit = disk_.hit_by_fault(); hit && hit->by != std::this_thread::get_id())
      ++count_.background;
    marks_.push_back(mark());
    if (draw_.one_in(4)) {
      disk_.restart();
    } else {
      disk_.lose_power(draw_);
      leave_mark();
    }
  }

private:
  [[nodiscard]] fs::path mark_path() const {
    return directory_.path() / high_water_mark::file_name;
  }
  [[nodiscard]] std::string mark() const {
    std::ifstream in{mark_path(), std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  /// The mark is not written through RocksDB, and not synced while the store is open: any value it
  /// had since may be on disk, or an empty file, or none. The newest promises most.
  void leave_mark() {
    const uint64_t kind = draw_.below(8);
    const std::string left = kind < 2 ? "" : kind < 4 ? draw_.pick(marks_) : marks_.back();
    if (kind == 0)
      fs::remove(mark_path());
    else
      std::ofstream{mark_path(), std::ios::binary} << left;
    marks_ = {left};
  }

  random_source& draw_;
  crash_counts& count_;
  temp_dir directory_;
  lossy_disk disk_{directory_.path()};
  store_reference promised_;
  std::vector<std::string> marks_; // that may be on disk
  std::unique_ptr<rocks_store> store_;
  uint64_t commits_ = 0;
};

struct seeded {
  random_source draw{test_seed()};
  crash_counts count;

  void report() const {
    BOOST_TEST_MESSAGE("the power failed while opening "
                       << count.opening << ", in a commit " << count.committing << ", between them "
                       << count.between << ", after closing " << count.closed
                       << " times; at a step of a background thread " << count.background);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(power_loss, seeded)

BOOST_AUTO_TEST_CASE(what_was_acknowledged_is_there_and_no_commit_is_there_in_part) {
  for (int i = 0; i < 10; ++i) {
    machine one{draw, count};
    for (int life = 0; life < 30; ++life)
      BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed() << " machine " << i << " life " << life) {
        one.cut_power_at(1 + draw.below(200));
        if (one.start())
          for (uint64_t commits = draw.below(50); commits > 0 && one.commit(); --commits) {
          }
        one.crash();
      }
    BOOST_REQUIRE(one.start());
  }
  report();
  for (int at : {count.opening, count.committing, count.between, count.closed, count.background})
    BOOST_TEST(at > 0);
}

// When one family has 32 MiB its rows go from memory to table and blob files, and the log goes on
// in another file: the power fails while they do.
BOOST_AUTO_TEST_CASE(what_was_acknowledged_is_there_while_rows_go_from_the_log_to_files) {
  machine one{draw, count};
  for (int life = 0; life < 16; ++life)
    BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed() << " life " << life) {
      BOOST_REQUIRE(one.start());
      std::vector<row> many;
      for (char key = 'a'; key < 'a' + 17; ++key)
        many.push_back(row::put(life % 2 == 0 ? family::archive : family::messages,
                                std::string(20, key), std::string(2 * mebibyte, key)));
      BOOST_REQUIRE(one.commit(many));
      one.cut_power_at(1 + draw.below(25));
      const auto before = one.flushed_bytes();
      bool going_on = one.commit(); // begins to write the files
      if (!draw.one_in(3))
        one.await_flush(before);
      for (int commits = 20; commits > 0 && going_on; --commits)
        going_on = one.commit();
      one.crash();
    }
  BOOST_REQUIRE(one.start());
  report();
  BOOST_TEST(count.background > 0);
}

BOOST_AUTO_TEST_CASE(a_creation_cut_short_at_any_step_is_completed) {
  for (uint64_t step = 1 + draw.below(3);; step += 1 + draw.below(3))
    BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed() << " step " << step) {
      machine one{draw, count};
      one.cut_power_at(step);
      const bool completed = one.start();
      one.crash();
      BOOST_REQUIRE(one.start());
      BOOST_REQUIRE(one.commit());
      if (completed)
        break;
    }
  report();
  BOOST_TEST(count.opening > 20);
}

BOOST_AUTO_TEST_SUITE_END()
