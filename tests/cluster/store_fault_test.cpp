// The writer on a real store whose disk fails at each of its steps in turn: what it answered is
// what is on disk, and after the first failure it says so and acknowledges nothing.
#include "actors/store_writer.hpp"
#include "storage/keys.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/lossy_disk.hpp"
#include "tests/support/rocks_helpers.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <thread>

namespace restante {

namespace {

using fault_name = std::pair<disk_fault, const char*>;
constexpr fault_name faults[] = {{disk_fault::io_error, "EIO once"},
                                 {disk_fault::dead, "EIO from then on"},
                                 {disk_fault::no_space, "ENOSPC once"},
                                 {disk_fault::short_write, "short write"},
                                 {disk_fault::power_off, "power off"}};
constexpr int groups = 4;
constexpr int commits_of_a_group = 3;

log_listener_actor::behavior_type counting_listener(log_listener_actor::pointer,
                                                    std::shared_ptr<uint64_t> newest) {
  return {[newest](const log_grew& what) { *newest = what.sequence; }};
}

/// One writer on one store, from its start to what is left of it.
struct failing_writer : actor_fixture {
  temp_dir directory;
  lossy_disk disk{directory.path()};
  std::shared_ptr<rocks_store> store;
  std::vector<failure> fatal;
  std::shared_ptr<uint64_t> newest = std::make_shared<uint64_t>(0);
  store_writer_actor writer;
  std::vector<std::pair<std::string, call>> calls;

  void start() {
    store = opened({.directory = directory.path(), .env = disk.env()});
    auto at = read_log_position(*store);
    BOOST_REQUIRE(at.has_value());
    writer = keep(spawn_store_writer(
        sys, {store, *at, [this](const failure& why) { fatal.push_back(why); }}, false));
    tell(writer, spawn(counting_listener, newest));
    run();
  }

  void stop() {
    writer = store_writer_actor{};
    exit_cast();
    BOOST_REQUIRE_EQUAL(store.use_count(), 1);
    store.reset();
  }

  /// A change, a record, a row and media of one name.
  void commit(const std::string& name, commit_class urgency) {
    auto what = std::make_shared<commit_request>();
    what->rows.push_back(row::put(family::meta, meta_key(name), name));
    what->rows.push_back(row::put(family::media, name, std::string(5000, 'm')));
    what->change = name;
    what->record = "record " + name;
    what->at = *wall;
    what->urgency = urgency;
    calls.emplace_back(name, ask(writer, what));
  }

  static const result<uint64_t>& answer_to(const call& what) {
    return what.only<commit_reply>().sequence;
  }

  /// Each group is one write to the disk. The first that fails is open, those behind it are
  /// certainly not stored. Returns which was the first.
  [[nodiscard]] int check_answers() const {
    int failed = groups;
    for (size_t i = 0; i < calls.size(); ++i) {
      const int group = static_cast<int>(i) / commits_of_a_group;
      const auto& answer = answer_to(calls[i].second);
      if (!answer)
        failed = std::min(failed, group);
      if (group < failed)
        BOOST_TEST(answer.value() == i + 1);
      else if (group == failed)
        BOOST_TEST((!answer && answer.error().code == errc::outcome_unknown));
      else
        BOOST_TEST((!answer && answer.error().code == errc::storage_failure &&
                    answer.error().reason == std::string_view{"stopped"}));
    }
    BOOST_TEST(*newest == static_cast<uint64_t>(failed * commits_of_a_group));
    BOOST_TEST(fatal.size() == static_cast<size_t>(groups - failed)); // at each try
    if (!fatal.empty())
      BOOST_TEST(fatal.front().reason == std::string_view{"write_failed"});
    return failed;
  }

  /// What is on disk: the changes of whole groups, all acknowledged and at most the open one.
  void check_disk(int failed) {
    const auto changes = store->scan(family::changes, {}, {}, SIZE_MAX).value();
    const int whole = static_cast<int>(changes.size()) / commits_of_a_group;
    BOOST_TEST(changes.size() == static_cast<size_t>(whole * commits_of_a_group));
    BOOST_TEST((whole == failed || (whole == failed + 1 && failed < groups)));
    for (size_t i = 0; i < calls.size(); ++i) {
      const bool there = i < changes.size();
      if (there) {
        BOOST_TEST(changes[i].key == change_key(i + 1));
        BOOST_TEST(changes[i].value == calls[i].first);
      }
      BOOST_TEST(has(*store, family::meta, meta_key(calls[i].first)) == there);
      BOOST_TEST(has(*store, family::media, calls[i].first) == there);
    }
    BOOST_TEST(store->scan(family::records, {}, {}, SIZE_MAX)->size() == changes.size());
  }

  /// The whole story; false when there was no such step.
  bool fail(uint64_t at, disk_fault how, random_source& draw) {
    start();
    disk.fail_at(at, how);
    for (int group = 0; group < groups; ++group) {
      for (int i = 0; i < commits_of_a_group; ++i)
        commit(std::to_string(group) + "/" + std::to_string(i),
               i == 0 ? commit_class::essential : commit_class::normal);
      run();
    }
    const auto struck = disk.hit_by_fault();
    const int failed = check_answers();
    if (!struck)
      BOOST_TEST(failed == groups);
    else if (struck->by == std::this_thread::get_id()) // not one of RocksDB's own housekeeping
      BOOST_TEST(failed < groups);
    stop();
    if (draw.one_in(2))
      disk.restart();
    else
      disk.lose_power(draw);

    start();
    check_disk(failed);
    const auto stored = read_log_position(*store)->change;
    commit("later", commit_class::normal);
    run();
    BOOST_TEST(answer_to(calls.back().second).value() == stored + 1);
    check_all_answered();
    stop();
    return struck.has_value();
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(store_fault)

BOOST_AUTO_TEST_CASE(what_the_writer_answers_is_on_disk_whatever_step_fails) {
  random_source draw{test_seed()};
  for (const auto& [how, name] : faults) {
    uint64_t at = 1;
    for (bool hit = true; hit; ++at)
      BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed() << ": " << name << " at step " << at)
    hit = failing_writer{}.fail(at, how, draw);
    BOOST_TEST(at - 2 >= 2u * groups); // each group is written and synced
    BOOST_TEST_MESSAGE(name << ": " << at - 2 << " steps");
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
