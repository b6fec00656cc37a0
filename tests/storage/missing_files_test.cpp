// A file that is gone, or shorter than it was: refused before anything is opened, named by the
// check, and the repair brings back the rest.
#include "schemas/stored_codec.hpp"
#include "storage/mailbox_rows.hpp"
#include "storage/manifest_mark.hpp"
#include "tests/storage/salvage_helpers.hpp"

#include <boost/test/unit_test.hpp>

using namespace restante;

namespace fs = std::filesystem;

namespace {

constexpr uint64_t mebibyte = 1024 * 1024;

/// A killed node's store with two logs. The older one has changes 1 to 3, which are nowhere else,
/// and records that went to a table when their family's memory was full; the newer one the last.
struct two_logs {
  two_logs() {
    const auto place = directory.path() / "running";
    const auto running = opened(place);
    const auto begun = read_manifest_mark(place);
    std::vector<row> rows;
    mailbox_state box;
    box.profile.tenant = "acme";
    append_state_rows(rows, box, box.profile);
    for (uint64_t i = 1; i <= 3; ++i)
      rows.push_back(
          row::put(family::changes, change_key(i), encode(change{.at = {i, 77}, .delta = box})));
    BOOST_REQUIRE(running->commit(rows));
    while (numbered_files(place, ".log").size() < 2)
      add_record(*running, mebibyte);
    do // into the newer log, until the table is in place
      add_record(*running, 100);
    while (read_manifest_mark(place) == begun && records < 20'000);
    BOOST_REQUIRE((read_manifest_mark(place) != begun));
    add(*running, family::changes, change_key(4), encode(change{.at = {4, 77}, .delta = box}));
    fs::copy(directory.path() / "running", store, fs::copy_options::recursive);
    logs = numbered_files(store, ".log");
    BOOST_REQUIRE(logs.size() == 2U);
    BOOST_REQUIRE((fs::file_size(logs[0]) > 0U && fs::file_size(logs[1]) > 0U));
  }

  static void add(rocks_store& to, family in, std::string key, std::string value) {
    const auto stored = put(to, in, std::move(key), std::move(value));
    BOOST_REQUIRE(stored);
  }
  void add_record(rocks_store& to, uint64_t bytes) {
    add(to, family::records, record_key(20'000, ++records),
        encode(record{.kind = std::string(bytes, 'x')}));
  }

  /// Refused by name, told by name, and salvaged but for the changes of the older log.
  void refused_and_salvaged(const std::string& what) {
    const auto name = logs[0].filename().string();
    const auto before = sizes(store);
    const auto refused = refusal(store);
    BOOST_TEST(refused.reason == std::string_view{"store_damaged"});
    BOOST_TEST(refused.text.find(name + ": " + what) != std::string::npos, refused.text);
    BOOST_TEST(refused.text.find("restante store check") != std::string::npos, refused.text);
    BOOST_TEST((sizes(store) == before));
    const auto names = [&](const finding_list& all, std::string_view where) {
      return std::ranges::any_of(all, [&](const auto& each) { return each.where == where; });
    };
    const auto found = checked(store);
    BOOST_TEST((names(found.findings, name) && names(found.findings, "changes 1 to 3")),
               text_of(found.findings));
    BOOST_TEST(found.rows_judged);
    const auto into = directory.path() / "new";
    const auto report = repaired(store, into);
    BOOST_TEST((names(report.findings, name) && names(report.findings, "changes 1 to 3")),
               text_of(report.findings));
    BOOST_TEST(!report.without_manifest);
    const auto salvaged = opened(into);
    BOOST_TEST(scanned(*salvaged, family::records).first.size() == records);
    BOOST_TEST((has(*salvaged, family::changes, change_key(4))));
    BOOST_TEST((!has(*salvaged, family::changes, change_key(3))));
  }

  temp_dir directory;
  fs::path store = directory.path() / "killed";
  std::vector<fs::path> logs;
  uint32_t records = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(missing_files)

BOOST_FIXTURE_TEST_CASE(a_store_with_two_logs_is_sound_and_opens, two_logs) {
  const auto found = checked(store);
  BOOST_TEST(found.findings.empty(), text_of(found.findings));
  for (int i = 0; i < 2; ++i) { // the second time without the two logs
    const auto again = opened(store);
    BOOST_TEST(scanned(*again, family::records).first.size() == records);
    BOOST_TEST(scanned(*again, family::changes).first.size() == 4U);
  }
  BOOST_TEST((!fs::exists(logs[0]) && !fs::exists(logs[1])));
}

BOOST_FIXTURE_TEST_CASE(a_log_that_is_gone_while_a_newer_one_is_there_is_refused, two_logs) {
  fs::remove(logs[0]);
  refused_and_salvaged("is missing: it held rows that were acknowledged");
}

BOOST_FIXTURE_TEST_CASE(an_emptied_log_while_a_newer_one_is_there_is_refused, two_logs) {
  fs::resize_file(logs[0], 0);
  refused_and_salvaged("is 0 bytes long, ");
}

// --- tables and blob files -----------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_table_or_blob_file_that_is_gone_or_cut_is_refused_and_costs_only_its_rows) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto whole = directory.path() / "whole";
  const auto sample = make_sample_store(whole, draw);
  BOOST_REQUIRE(check_before_opening(whole));
  for (const auto* kind : {"table", "blob"})
    for (const auto* how : {"removed", "emptied", "cut by a byte"}) {
      const auto store = directory.path() / (std::string{kind} + " " + how);
      fs::copy(whole, store, fs::copy_options::recursive);
      const auto file = file_of(store, kind, draw);
      if (how == std::string_view{"removed"})
        fs::remove(file);
      else
        fs::resize_file(file, how == std::string_view{"emptied"} ? 0 : fs::file_size(file) - 1);
      const auto before = sizes(store);
      const auto refused = refusal(store);
      const auto found = checked(store);
      BOOST_TEST_CONTEXT(kind << " " << how << ": " << refused.text << text_of(found.findings)) {
        BOOST_TEST(refused.reason == std::string_view{"store_damaged"});
        BOOST_TEST(refused.text.find("(" + file.filename().string()) != std::string::npos);
        BOOST_TEST((sizes(store) == before));
        BOOST_TEST(std::ranges::count(found.findings, file.filename().string(), &finding::where) ==
                   1);
        const auto into = fs::path{store}.concat("-new");
        const auto report = repaired(store, into);
        holds_what_can_be_had(into, sample, report);
      }
    }
}

// Blob files go when all in them was erased or moved, and the MANIFEST has no word for it.
BOOST_AUTO_TEST_CASE(blob_files_that_are_needed_no_more_are_not_missed) {
  temp_dir directory;
  const auto store = directory.path() / "store";
  for (int round = 0; round < 12; ++round) {
    const auto running = opened(store); // each opening makes a table and a blob file
    BOOST_REQUIRE(put(*running, family::media, "replaced",
                      value_of(static_cast<uint64_t>(round)) + std::string(6000, 'a')));
    if (round % 6 == 0)
      BOOST_REQUIRE(
          put(*running, family::media, "kept" + std::to_string(round), std::string(5000, 'k')));
  }
  auto running = opened(store);
  for (int i = 0; i < 3000 && numbered_files(store, ".blob").size() > 8; ++i)
    BOOST_REQUIRE(put(*running, family::meta, "waits", "for a compaction to remove some"));
  BOOST_TEST(numbered_files(store, ".blob").size() <= 8U);
  running.reset();
  opened(store);
  BOOST_TEST(look_at_files(store).value().missing.empty());
}

// --- marks ---------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_mark_that_is_missing_or_torn_is_a_remark_and_no_damage) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  make_sample_store(store, draw, 1);
  const auto mark = store / high_water_mark::file_name;
  const auto size = fs::file_size(mark);
  for (const auto* how : {"missing", "cut", "zeroed"}) {
    fs::remove(mark);
    if (how != std::string_view{"missing"})
      std::ofstream{mark} << std::string(how == std::string_view{"cut"} ? 3 : size, '\0');
    const auto found = checked(store);
    BOOST_TEST_CONTEXT(how) {
      BOOST_TEST(found.findings.empty(), text_of(found.findings));
      BOOST_REQUIRE(found.remarks.size() == 1U);
      BOOST_TEST(found.remarks[0].where == high_water_mark::file_name);
    }
  }
  opened(store);
  BOOST_TEST(checked(store).remarks.empty());
}

BOOST_AUTO_TEST_SUITE_END()
