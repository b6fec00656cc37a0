// Checking and salvaging, place by place: what a repair reaches that RocksDB's own would not, what
// opening must not destroy, and what neither check nor repair may touch.
#include "schemas/stored_codec.hpp"
#include "storage/log_file.hpp"
#include "storage/manifest_mark.hpp"
#include "storage/numbering_floor.hpp"
#include "storage/rocks_failure.hpp"
#include "tests/storage/salvage_helpers.hpp"

#include <boost/test/unit_test.hpp>
#include <rocksdb/status.h>

#include <barrier>
#include <future>

using namespace restante;

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(salvage)

// RocksDB's repair alone would lose all of it: it learns of families from tables, of which there
// are none yet.
BOOST_AUTO_TEST_CASE(a_store_whose_rows_are_all_in_the_log_is_salvaged_without_its_manifest) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  const auto sample = make_sample_store(store, draw, 1);
  fs::remove(file_of(store, "MANIFEST", draw));
  fs::remove(store / "CURRENT");
  const auto report = repaired(store, directory.path() / "new");
  BOOST_TEST(report.without_manifest);
  BOOST_TEST(holds_what_can_be_had(directory.path() / "new", sample, report) == 0U);
  const auto after = checked(directory.path() / "new");
  BOOST_TEST(after.findings.empty(), text_of(after.findings));
}

BOOST_AUTO_TEST_CASE(rows_on_both_sides_of_a_damaged_block_are_kept_and_those_within_counted) {
  temp_dir directory;
  const auto store = directory.path() / "store";
  constexpr uint64_t count = 3000;
  {
    std::vector<row> rows;
    for (uint64_t i = 1; i <= count; ++i)
      rows.push_back(row::put(family::records, record_key(20'000, static_cast<uint32_t>(i)),
                              encode(record{.kind = std::to_string(i * 7919)})));
    BOOST_REQUIRE(opened(store)->commit(rows));
  }
  opened(store); // from the log to a table
  const auto tables = numbered_files(store, ".sst");
  const auto table = *std::ranges::max_element(
      tables, {}, [](const fs::path& file) { return fs::file_size(file); });
  std::fstream bytes{table, std::ios::in | std::ios::out | std::ios::binary};
  bytes.seekp(static_cast<std::streamoff>(fs::file_size(table) / 2));
  bytes.put('?').put('!').flush();
  const auto report = repaired(store, directory.path() / "new");
  // The table, and what it costs.
  BOOST_REQUIRE_MESSAGE(report.findings.size() == 2U, text_of(report.findings));
  unsigned long first = 0, last = 0;
  BOOST_REQUIRE(
      std::sscanf(report.findings[1].where.c_str(), "records %lu to %lu", &first, &last) == 2);
  BOOST_TEST((first > 1 && first < last && last < count && last - first < 500));
  const auto kept = scanned(*opened(directory.path() / "new"), family::records).first;
  BOOST_REQUIRE(kept.size() == count - (last - first + 1));
  BOOST_TEST((kept.front().key == record_key(20'000, 1)));
  BOOST_TEST((kept.back().key == record_key(20'000, count)));
}

// A commit's numbers are gone with its rows; the mark bounds how many there were.
BOOST_AUTO_TEST_CASE(numbers_in_rows_that_are_lost_at_the_end_are_not_given_out_again) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store", into = directory.path() / "new";
  const auto sample = make_sample_store(store, draw, 1);
  const auto log = numbered_files(store, ".log").back();
  fs::resize_file(log, fs::file_size(log) * 2 / 3);
  const auto report = repaired(store, into);
  BOOST_REQUIRE(report.rows.last_change < sample.last_change);
  BOOST_TEST(holds_what_can_be_had(into, sample, report) > 0U);
  {
    const auto salvaged = opened(into);
    const auto row = salvaged->get(family::meta, meta_key(numbering_floor::name)).value();
    const auto floor = decode_numbering_floor(row->view());
    BOOST_TEST((floor.change >= sample.last_change && floor.record >= sample.last_change));
    BOOST_TEST(floor.change <= report.rows.last_change + report.lost_rows());
    std::map<mailbox_id, uint32_t> given;
    for (const auto& message : sample.messages) {
      auto& newest = given[parse_message_key(message.key)->mailbox];
      const auto row = decode_message(sample.rows.at({family::messages, message.key})).value();
      newest = std::max(newest, row.uid);
    }
    for (const auto& [name, value] : scanned(*salvaged, family::profiles).first)
      BOOST_TEST(decode_profile(value).value().uid_floor >= given[*parse_profile_key(name)]);
  }
  const auto again = checked(into);
  BOOST_TEST(again.findings.empty(), text_of(again.findings));
}

// RocksDB opens such a store as it was before, and removes the tables the lost records had named.
BOOST_AUTO_TEST_CASE(a_manifest_that_ends_between_two_records_is_refused_and_costs_nothing) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto whole = directory.path() / "whole";
  const auto sample = make_sample_store(whole, draw);
  std::vector<uint64_t> ends;
  const auto scan = scan_log(file_of(whole, "MANIFEST", draw),
                             [&](const log_record& record) { ends.push_back(record.end); });
  BOOST_REQUIRE((scan && ends.size() > 4));
  ends.pop_back();
  for (const auto end : {ends[ends.size() / 2], ends.back()}) {
    const auto store = directory.path() / std::to_string(end);
    fs::copy(whole, store, fs::copy_options::recursive);
    fs::resize_file(file_of(store, "MANIFEST", draw), end);
    const auto before = sizes(store);
    BOOST_TEST(refusal(store).reason == std::string_view{"store_damaged"});
    BOOST_TEST((sizes(store) == before));
    const auto into = fs::path{store}.concat("-new");
    const auto report = repaired(store, into);
    BOOST_TEST(holds_what_can_be_had(into, sample, report) == 0U);
  }
}

// RocksDB removes logs it needs no more the newest first: a process that is killed meanwhile leaves
// older ones with nothing between them and the one in use.
BOOST_AUTO_TEST_CASE(a_log_that_is_needed_no_more_is_no_gap_and_no_damage) {
  temp_dir directory;
  const auto store = directory.path() / "store";
  write_changes(store, 4);
  const auto old = numbered_files(store, ".log").back();
  const auto kept = directory.path() / "kept";
  fs::copy_file(old, kept);
  for (uint64_t i = 4; i < 8; ++i)
    BOOST_REQUIRE(put(*opened(store), family::changes, change_key(i), value_of(i)));
  BOOST_REQUIRE(!fs::exists(old));
  fs::copy_file(kept, old);
  fs::resize_file(old, fs::file_size(old) - 10);
  BOOST_TEST(look_at_files(store).value().damage.empty());
  BOOST_TEST(count_changes(*opened(store)) == 8U);
}

// A power loss may leave the newest log with its new length and only the first of its new pages.
// RocksDB takes some of these for damage; the commit they belong to was never acknowledged.
BOOST_AUTO_TEST_CASE(a_log_whose_last_pages_were_never_written_is_repaired_without_loss) {
  constexpr uint64_t page = 4096;
  temp_dir directory;
  const auto whole = directory.path() / "whole";
  const auto mark = whole / high_water_mark::file_name;
  const auto older = directory.path() / "older";
  uint64_t begin = 0;
  {
    const auto store = opened(whole);
    const auto write = [&](uint32_t number, std::string kind) {
      const auto stored = put(*store, family::records, record_key(20'000, number),
                              encode(record{.kind = std::move(kind)}));
      BOOST_REQUIRE(stored);
    };
    for (uint32_t i = 1; i <= 20; ++i)
      write(i, "acknowledged");
    fs::copy_file(mark, older);
    begin = fs::file_size(numbered_files(whole, ".log").back());
    write(21, std::string(60'000, 'x'));
  }
  fs::rename(older, mark);
  size_t refused = 0;
  for (auto from = (begin / page + 1) * page; from < begin + 60'000; from += 6 * page) {
    const auto store = directory.path() / std::to_string(from);
    fs::copy(whole, store, fs::copy_options::recursive);
    const auto log = numbered_files(store, ".log").back();
    const auto size = fs::file_size(log);
    fs::resize_file(log, from);
    fs::resize_file(log, size);
    if (rocks_store::open({.directory = store})) // it may, and then nothing is missing
      continue;
    ++refused;
    const auto found = checked(store);
    BOOST_TEST_CONTEXT("zeros from " << from << " on" << text_of(found.findings)) {
      BOOST_REQUIRE(found.findings.size() == 1U);
      BOOST_TEST((found.findings[0].becomes == fate::unused));
      const auto into = fs::path{store}.concat("-new");
      BOOST_TEST(repaired(store, into).findings.empty());
      BOOST_TEST(scanned(*opened(into), family::records).first.size() == 20U);
    }
  }
  BOOST_TEST(refused > 0U);
}

// As a store from before there was a mark has it, or what a power loss leaves of it.
BOOST_AUTO_TEST_CASE(a_mark_of_the_manifest_that_is_missing_torn_or_older_refuses_nothing) {
  temp_dir directory;
  const auto store = directory.path() / "store";
  const auto mark = store / manifest_mark_name;
  const auto older = directory.path() / "older";
  write_changes(store, 4);
  fs::copy_file(mark, older);
  const auto whole = fs::file_size(mark);
  for (uint64_t round = 4; round < 8; ++round) {
    fs::remove(mark);
    if (round == 5)
      fs::copy_file(older, mark);
    if (round > 5)
      std::ofstream{mark} << std::string(round == 6 ? 0 : whole, '\0');
    BOOST_REQUIRE(put(*opened(store), family::changes, change_key(round), value_of(round)));
    BOOST_TEST(fs::file_size(mark) == whole);
    BOOST_TEST((read_manifest_mark(store) && look_at_files(store).value().damage.empty()));
  }
  BOOST_TEST(count_changes(*opened(store)) == 8U);
}

// RocksDB's own rule: a name with a number beyond what it counts in is none of its files'.
BOOST_AUTO_TEST_CASE(files_that_are_not_the_stores_are_left_out_and_told) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  const auto sample = make_sample_store(store, draw);
  BOOST_TEST(checked(store).remarks.empty());
  std::vector<std::string> strays;
  for (const auto* name : {"9000000000", "99999999999999999999999", "copy of 000012", "-1"})
    for (const auto* kind : {".blob", ".log", ".sst"})
      if (strays.emplace_back(std::string{name} + kind) != "9000000000.log") // would be a log
        std::ofstream{store / strays.back()} << "not of this store";
      else
        strays.pop_back();
  fs::remove(store / manifest_mark_name);
  strays.emplace_back(manifest_mark_name);
  std::ranges::sort(strays);

  const auto found = checked(store);
  BOOST_TEST(found.findings.empty(), text_of(found.findings));
  std::vector<std::string> told;
  for (const auto& each : found.remarks)
    told.push_back(each.where);
  BOOST_TEST(told == strays, boost::test_tools::per_element());
  const auto report = repaired(store, directory.path() / "new");
  BOOST_TEST(report.findings.empty(), text_of(report.findings));
  BOOST_TEST(holds_what_can_be_had(directory.path() / "new", sample, report) == 0U);
  opened(store);
  BOOST_TEST(read_manifest_mark(store).has_value());
}

// RocksDB numbers new files on from the greatest number there is, beyond the last one from 0.
BOOST_AUTO_TEST_CASE(a_number_with_none_behind_it_is_refused_before_the_store_is_opened) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  const auto sample = make_sample_store(store, draw);
  for (const auto* name :
       {"9223372036854775807.sst", "18446744073709551615.log", "18446744073709551614.blob",
        "MANIFEST-18446744073709551615", "OPTIONS-9223372036854775808"}) {
    std::ofstream{store / name} << "not of this store";
    const auto found = checked(store);
    BOOST_REQUIRE_MESSAGE(found.findings.size() == 1U, name << '\n' << text_of(found.findings));
    BOOST_TEST(found.findings[0].where == name);
    BOOST_TEST(found.remarks.empty());
    const auto refused = check_before_opening(store);
    BOOST_REQUIRE_MESSAGE(!refused, name);
    BOOST_TEST(refused.error().text.find(name) != std::string::npos, refused.error().text);
    const auto into = directory.path() / (std::string{"from "} + name);
    const auto report = repaired(store, into);
    BOOST_TEST(holds_what_can_be_had(into, sample, report) == 0U, name);
    fs::remove(store / name);
  }
  BOOST_TEST(check_before_opening(store).has_value());
}

BOOST_AUTO_TEST_CASE(a_directory_named_like_a_log_is_told_and_hides_nothing) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store";
  const auto sample = make_sample_store(store, draw);
  fs::create_directory(store / "999999.log");
  BOOST_TEST(refusal(store).text.find("999999.log: is a directory") != std::string::npos);
  const auto found = checked(store).findings;
  BOOST_REQUIRE_MESSAGE(found.size() == 1U, text_of(found));
  BOOST_TEST(found[0].what == "is a directory, not a log: move it away");
  const auto report = repaired(store, directory.path() / "new");
  BOOST_TEST(report.lost_rows() == 0U, text_of(report.findings));
  BOOST_TEST(holds_what_can_be_had(directory.path() / "new", sample, report) == 0U);
  fs::remove(store / "999999.log");
  opened(store);
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_locked_is_refused_with_what_to_do) {
  temp_dir directory;
  const auto store = directory.path() / "store";
  write_changes(store, 4);
  fs::remove(store / "LOCK");
  fs::create_directory(store / "LOCK"); // as little to be written as on a read-only disk
  for (const auto& refused :
       {check_store({store, merge_sample, {}}).error(),
        repair_store({store, directory.path() / "new", merge_sample, {}}).error()}) {
    BOOST_TEST(refused.reason == std::string_view{"open_failed"});
    BOOST_TEST(refused.text.find("copy to a writable directory first") != std::string::npos,
               refused.text);
  }
}

BOOST_AUTO_TEST_CASE(a_missing_table_is_named_as_it_was_named) {
  const auto missing = rocksdb::Status::IOError("No such file or directory", "/data/000031.ldb");
  const auto text = failure_of(missing, during::opening, "/data").text;
  BOOST_TEST(text.find("/data/000031.sst") != std::string::npos, text);
  BOOST_TEST(text.find("restante store check /data") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_of_a_log_or_a_manifest_is_seen) {
  temp_dir directory;
  write_changes(directory.path(), 4);
  random_source draw{test_seed()};
  for (const auto* place : {"log", "MANIFEST"}) {
    const auto file = file_of(directory.path(), place, draw);
    std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
    for (uint64_t at = 0; at < fs::file_size(file); ++at) {
      bytes.seekg(static_cast<std::streamoff>(at));
      const auto old = static_cast<char>(bytes.get());
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes.put(static_cast<char>(old ^ 1 << draw.below(8))).flush();
      BOOST_REQUIRE_MESSAGE(!check_before_opening(directory.path()), place << ", byte " << at);
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes.put(old).flush();
    }
    BOOST_TEST(check_before_opening(directory.path()).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_store_in_use_is_neither_checked_nor_repaired) {
  temp_dir directory;
  write_changes(directory.path() / "store", 4);
  const auto running = opened(directory.path() / "store");
  const auto check = check_store({directory.path() / "store", merge_sample, {}});
  const auto repair =
      repair_store({directory.path() / "store", directory.path() / "new", merge_sample, {}});
  BOOST_REQUIRE((!check && !repair));
  BOOST_TEST(check.error().reason == std::string_view{"data_in_use"});
  BOOST_TEST(repair.error().reason == std::string_view{"data_in_use"});
  BOOST_TEST(!fs::exists(directory.path() / "new"));
  BOOST_TEST(reason_of(put(*running, family::meta, "still", "works")) == "stored");
}

BOOST_AUTO_TEST_CASE(a_repair_never_writes_where_something_is) {
  temp_dir directory;
  const auto store = directory.path() / "store";
  write_changes(store, 4);
  const auto reason = [&](const fs::path& into) {
    return std::string{repair_store({store, into, merge_sample, {}}).error().reason};
  };
  BOOST_TEST(reason(store) == "into_exists");
  BOOST_TEST(reason(store / "inside") == "into_exists");
  fs::create_directory(directory.path() / "new.unfinished");
  BOOST_TEST(reason(directory.path() / "new") == "repair_unfinished");
  BOOST_TEST(check_store({directory.path(), merge_sample, {}}).error().reason ==
             std::string_view{"no_store"});
}

BOOST_AUTO_TEST_CASE(of_two_repairs_into_one_directory_at_a_time_one_is_made) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store", copy = directory.path() / "copy";
  make_sample_store(store, draw, 2);
  fs::copy(store, copy, fs::copy_options::recursive);
  const auto into = directory.path() / "new";
  std::barrier begin{2};
  const auto repair_of = [&](const fs::path& from) {
    begin.arrive_and_wait();
    return repair_store({from, into, merge_sample, {}});
  };
  auto other = std::async(std::launch::async, repair_of, copy);
  const auto one = repair_of(store), two = other.get();
  BOOST_TEST(one.has_value() != two.has_value());
  const std::string reason{(one ? two : one).error().reason};
  BOOST_TEST((reason == "repair_unfinished" || reason == "into_exists"), reason);
  BOOST_TEST(checked(into).findings.empty());
}

BOOST_AUTO_TEST_CASE(a_new_directory_is_made_where_links_lead_and_with_its_missing_parents) {
  temp_dir directory;
  random_source draw{test_seed()};
  const auto store = directory.path() / "store", disk = directory.path() / "disk";
  const auto sample = make_sample_store(store, draw);
  fs::create_directory(disk);
  fs::create_directory_symlink(disk, directory.path() / "link");
  const auto holds = [&](const fs::path& into, const fs::path& at) {
    const auto report = repaired(store, into);
    BOOST_TEST(holds_what_can_be_had(at, sample, report) == 0U);
    BOOST_TEST(!fs::exists(fs::path{at}.concat(".unfinished")));
  };
  holds(directory.path() / "link" / "new", disk / "new");
  holds(directory.path() / "link" / "not" / "yet" / "there/", disk / "not" / "yet" / "there");
  fs::create_directory(disk / "empty");
  fs::create_directory_symlink(disk / "empty", directory.path() / "to-empty");
  holds(directory.path() / "to-empty", disk / "empty");
  BOOST_TEST(fs::is_symlink(directory.path() / "to-empty"));
  fs::create_directory_symlink(store, directory.path() / "back");
  const auto inside = repair_store({store, directory.path() / "back" / "new", merge_sample, {}});
  BOOST_TEST((!inside && inside.error().reason == std::string_view{"into_exists"}));
  BOOST_TEST(!fs::exists(store / "new"));
}

BOOST_AUTO_TEST_SUITE_END()
