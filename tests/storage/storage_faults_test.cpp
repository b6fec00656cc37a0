// What the store on disk does when one step of its file system fails: every step of a small life in
// turn, with every kind of fault. No commit is acknowledged that is not there afterwards, and after
// the first one that failed none is accepted.
#include "tests/support/lossy_disk.hpp"
#include "tests/support/rocks_helpers.hpp"
#include "tests/support/store_reference.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <map>

using namespace restante;

namespace {

namespace fs = std::filesystem;

constexpr uint64_t mebibyte = 1024 * 1024;
constexpr uint64_t commits_of_a_life = 5;

const std::map<disk_fault, std::string> fault_names{{disk_fault::io_error, "EIO once"},
                                                    {disk_fault::dead, "EIO from then on"},
                                                    {disk_fault::no_space, "ENOSPC once"},
                                                    {disk_fault::short_write, "short write"}};
const std::map<disk_step, std::string> step_names{
    {disk_step::create, "create"}, {disk_step::write, "write"},
    {disk_step::sync, "sync"},     {disk_step::rename, "rename"},
    {disk_step::remove, "remove"}, {disk_step::sync_names, "sync of names"}};

template <class Condition>
void await(Condition&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!holds()) {
    BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

void check_refuses_everything(rocks_store& store) {
  const row erase = row::remove(family::changes, change_key(1));
  for (const auto urgency : {commit_class::normal, commit_class::essential}) {
    const auto later = put(store, family::meta, "later", "x", urgency);
    BOOST_TEST(reason_of(later) == "stopped");
    BOOST_TEST((later.error().code == errc::storage_failure));
    BOOST_TEST(reason_of(store.commit({&erase, 1}, urgency)) == "stopped");
  }
  BOOST_TEST(figure(store, "stopped") == 1U);
}

/// A store at rest, for many lives: rows in table and blob files, more in its log, and one table
/// file of a family short of a compaction.
class prepared {
public:
  explicit prepared(int lives) {
    random_source draw{1};
    for (int life = 0; life < lives; ++life) {
      const auto store = opened(directory_.path());
      for (int i = 0; i < 2; ++i) {
        auto rows = random_commit(++commits_, draw);
        rows.push_back(row::put(family::messages, "rewritten in every file", std::to_string(i)));
        rows_.begin(std::move(rows));
        BOOST_REQUIRE(store->commit(rows_.open()));
        rows_.acknowledge();
      }
    }
  }

  [[nodiscard]] const fs::path& directory() const { return directory_.path(); }
  [[nodiscard]] const store_reference& rows() const { return rows_; }
  [[nodiscard]] uint64_t commits() const { return commits_; }
  [[nodiscard]] std::vector<std::string> tables() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{directory()})
      if (entry.path().extension() == ".sst")
        names.push_back(entry.path().filename());
    return names;
  }

private:
  temp_dir directory_;
  store_reference rows_;
  uint64_t commits_ = 0;
};

/// One life in which the `at`-th step fails, and the one after it on a sound disk.
class failing_life {
public:
  failing_life(const prepared& from, uint64_t at, disk_fault how, random_source& draw)
      : draw_{draw}
      , how_{how}
      , promised_{from.rows()}
      , commits_{from.commits()}
      , tables_{from.tables()} {
    fs::copy(from.directory(), directory_.path());
    disk_.emplace(directory_.path());
    disk_->fail_at(at, how);
    live();
    hit_ = disk_->hit_by_fault();
    if (harmless_)
      BOOST_TEST(!refused_);
    if (draw.one_in(2))
      disk_->restart();
    else
      disk_->lose_power(draw);
    check_all_is_there();
  }

  [[nodiscard]] const std::optional<lossy_disk::hit>& hit() const { return hit_; }
  [[nodiscard]] bool refused() const { return refused_; }

private:
  [[nodiscard]] rocks_store::options options() {
    return {.directory = directory_.path(), .cache_bytes = mebibyte, .env = disk_->env()};
  }

  void live() {
    const auto store = rocks_store::open(options());
    if (!store) {
      refused_ = true;
      BOOST_TEST(disk_->hit_by_fault().has_value(), "refused: " << store.error().text);
      const auto code = store.error().code;
      BOOST_TEST((code == errc::storage_failure || code == errc::storage_full));
      return;
    }
    if (!tables_.empty())
      await_compaction();
    check_background_failure(**store);
    for (uint64_t i = 0; i < commits_of_a_life; ++i)
      if (!commit(**store)) {
        check_refuses_everything(**store);
        if (commits_ > 1) // reading goes on
          BOOST_TEST(has(**store, family::changes, change_key(commits_ - 1)));
        return;
      }
  }

  /// Until it has removed a table file that was there from the beginning, or a fault was hit.
  void await_compaction() const {
    await([&] {
      return disk_->hit_by_fault() || !std::ranges::all_of(tables_, [&](const auto& name) {
               return fs::exists(directory_.path() / name);
             });
    });
  }

  /// A failure in RocksDB's threads stops the store before anybody commits. But old files may stay,
  /// and a compaction that finds no room changes nothing.
  void check_background_failure(const rocks_store& store) {
    const auto hit = disk_->hit_by_fault();
    if (!hit || hit->by == std::this_thread::get_id() || hit->what == disk_step::remove)
      return;
    const bool full = how_ == disk_fault::no_space || how_ == disk_fault::short_write;
    if (full && !hit->name.starts_with("MANIFEST"))
      harmless_ = true;
    else
      await([&] { return figure(store, "stopped") == 1; });
  }

  bool commit(rocks_store& store) {
    const bool hit_before = disk_->hit_by_fault().has_value();
    promised_.begin(random_commit(++commits_, draw_));
    const auto done = store.commit(promised_.open());
    const auto hit = disk_->hit_by_fault();
    const bool hit_by_this = hit && !hit_before && hit->by == std::this_thread::get_id();
    if (done) {
      promised_.acknowledge();
      BOOST_TEST(!hit_by_this, "acknowledged though its own step failed");
      return true;
    }
    refused_ = true;
    BOOST_TEST(hit.has_value(), "failed: " << done.error().text);
    BOOST_TEST((done.error().code == errc::storage_failure));
    BOOST_TEST(
        (reason_of(done) == "write_failed" || (reason_of(done) == "stopped" && !hit_by_this)));
    return false;
  }

  void check_all_is_there() {
    const auto store = opened(options());
    BOOST_TEST(promised_.settle(*store) == "");
    BOOST_TEST(store->verify().has_value());
    BOOST_TEST(reason_of(put(*store, family::meta, "again", "x")) == "stored");
  }

  random_source& draw_;
  disk_fault how_;
  store_reference promised_;
  uint64_t commits_;
  std::vector<std::string> tables_;
  temp_dir directory_;
  std::optional<lossy_disk> disk_;
  std::optional<lossy_disk::hit> hit_;
  bool refused_ = false;
  bool harmless_ = false;
};

/// How often a step of each kind was made to fail, and how often that was refused.
class fault_counts {
public:
  void add(const lossy_disk::hit& hit, bool refused) {
    auto& [tried, of_these_refused] = counts_[hit.what];
    ++tried;
    of_these_refused += refused ? 1 : 0;
  }
  void check_every_kind() const {
    for (const auto& [what, name] : step_names) {
      const auto at = counts_.find(what);
      BOOST_REQUIRE_MESSAGE(at != counts_.end(), "no " << name << " was made to fail");
      const auto [tried, refused] = at->second;
      BOOST_TEST_MESSAGE(name << ": " << tried << " made to fail, " << refused << " refused");
      // Without one of these an acknowledged row would not be on disk. Old files and the copy of
      // the options may fail.
      if (what == disk_step::write || what == disk_step::sync)
        BOOST_TEST(refused > tried / 2);
    }
  }

private:
  std::map<disk_step, std::pair<int, int>> counts_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(storage_faults)

BOOST_AUTO_TEST_CASE(no_step_of_a_life_fails_unseen_whatever_the_fault) {
  const prepared store{4};
  random_source draw{test_seed()};
  fault_counts counts;
  for (uint64_t at = 1, hits = 1; hits > 0; ++at) {
    hits = 0;
    bool written = false; // as much as can be in part
    for (const auto& [how, name] : fault_names)
      BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed() << ": " << name << " at step " << at) {
        if (how == disk_fault::short_write && !written)
          continue;
        const failing_life one{store, at, how, draw};
        if (!one.hit())
          continue;
        ++hits;
        counts.add(*one.hit(), one.refused());
        written = one.hit()->what == disk_step::write;
      }
  }
  counts.check_every_kind();
}

BOOST_AUTO_TEST_CASE(no_step_of_a_creation_fails_unseen) {
  const prepared nothing{0};
  random_source draw{test_seed()};
  fault_counts counts;
  for (uint64_t at = 1;; ++at) {
    const auto& [how, name] = draw.pick(fault_names);
    BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed() << ": " << name << " at step " << at) {
      const failing_life one{nothing, at, how, draw};
      if (!one.hit())
        break;
      counts.add(*one.hit(), one.refused());
    }
  }
  counts.check_every_kind();
}

BOOST_AUTO_TEST_SUITE_END()
