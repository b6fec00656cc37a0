// Tables beside logs that still hold the same rows, tables that can't be opened, and which of them
// there should be: what a repair makes of these, with and without the MANIFEST.
#include "tests/storage/flushed_store.hpp"

#include <boost/test/data/test_case.hpp>

using namespace restante;

namespace fs = std::filesystem;
namespace data = boost::unit_test::data;

namespace {

const char* const names[] = {"profiles", "aliases", "messages", "media",
                             "changes",  "outbox",  "records",  "meta"};
const char* const ends[] = {"bit flipped", "cut", "emptied", "removed", "another copied over it"};

void destroy(const fs::path& table, std::string_view how, const fs::path& other) {
  if (how == "bit flipped")
    flip(table, fs::file_size(table) - 5);
  else if (how == "cut")
    fs::resize_file(table, fs::file_size(table) / 2);
  else if (how == "emptied")
    fs::resize_file(table, 0);
  else if (how == "removed")
    fs::remove(table);
  else
    fs::copy_file(other, table, fs::copy_options::overwrite_existing);
}

} // namespace

BOOST_AUTO_TEST_SUITE(salvage_tables)

BOOST_AUTO_TEST_CASE(rows_in_tables_and_still_in_the_log_are_kept_once_without_a_manifest) {
  temp_dir directory;
  const auto each = [&](const std::string& name, const std::function<void(const flushed&)>& harm) {
    const flushed copy{directory.path() / name};
    BOOST_REQUIRE(copy.tables_of(family::messages).size() == 2U);
    harm(copy);
    BOOST_TEST_CONTEXT(name)
    keeps_all(copy);
  };
  each("untouched", [](const flushed&) {});
  for (const auto part : {3, 5, 9})
    each("bit in the MANIFEST, one " + std::to_string(part) + "th",
         [&](const flushed& of) { flip(of.manifest(), fs::file_size(of.manifest()) / part); });
  each("MANIFEST cut",
       [](const flushed& of) { fs::resize_file(of.manifest(), fs::file_size(of.manifest()) / 2); });
  each("MANIFEST zeroed", [](const flushed& of) {
    const auto size = fs::file_size(of.manifest());
    fs::resize_file(of.manifest(), 0);
    fs::resize_file(of.manifest(), size);
  });
  each("MANIFEST gone", [](const flushed& of) { fs::remove(of.manifest()); });
  each("CURRENT gone", [](const flushed& of) { fs::remove(of.store / "CURRENT"); });
  each("both gone", [](const flushed& of) {
    fs::remove(of.manifest());
    fs::remove(of.store / "CURRENT");
  });
}

// A crash between a compaction's record and the removal of what it took in leaves both; its outputs
// are of one range of ages, and one after the other of keys.
BOOST_AUTO_TEST_CASE(tables_of_a_compaction_and_those_it_was_made_of_do_not_disagree) {
  temp_dir directory;
  const flushed of{directory.path() / "store", 3};
  const auto kept = directory.path() / "kept";
  fs::create_directory(kept);
  for (const auto* kind : {".sst", ".blob"})
    for (const auto& file : numbered_files(of.store, kind))
      fs::copy_file(file, kept / file.filename());
  {
    running node{of.store, 4096};
    for (const auto in : in_use)
      node.compact(in);
  }
  BOOST_REQUIRE(of.tables_of(family::messages).size() > 2U);
  fs::remove(of.manifest());
  fs::copy(of.store, directory.path() / "outputs", fs::copy_options::recursive);
  for (const auto& file : fs::directory_iterator{kept})
    fs::copy_file(file, of.store / file.path().filename(), fs::copy_options::skip_existing);
  keeps_all(of, false);
  auto outputs = of;
  outputs.store = directory.path() / "outputs";
  keeps_all(outputs, false);
}

// What was deleted does not come back with a table whose rows have numbers, when a compaction took
// those of the newer ones.
BOOST_AUTO_TEST_CASE(tables_left_over_bring_nothing_back_that_was_purged) {
  temp_dir directory;
  const flushed of{directory.path() / "store", 3};
  const auto oldest = directory.path() / "oldest";
  fs::create_directory(oldest);
  for (const auto in : {family::messages, family::media}) {
    const auto table = of.tables_of(in).front();
    fs::copy_file(table, oldest / table.filename());
  }
  for (const auto& file : numbered_files(of.store, ".blob"))
    fs::copy_file(file, oldest / file.filename());
  opened(of.store); // all rows go to tables
  {
    running node{of.store};
    for (const auto in : in_use)
      node.compact(in);
  }
  fs::remove(of.manifest());
  for (const auto& file : fs::directory_iterator{oldest})
    fs::copy_file(file, of.store / file.path().filename(), fs::copy_options::skip_existing);
  const auto into = fs::path{of.store}.concat("-new");
  const auto report = repaired(of.store, into);
  auto wrong = wrong_rows(into, of.sample.rows);
  wrong.erase(family::profiles); // their floors are raised
  BOOST_TEST_CONTEXT(text_of(report.findings)) {
    BOOST_TEST(wrong.empty());
    BOOST_TEST(std::ranges::any_of(report.findings, [](const finding& each) {
      return each.where == "messages" && each.what.starts_with("its row is older");
    }));
    BOOST_TEST(checked(into).findings.empty());
  }
}

BOOST_DATA_TEST_CASE(no_row_goes_with_a_table_without_a_word, data::make(names) * data::make(ends),
                     name, how) {
  const auto in = static_cast<family>(std::ranges::find(family_names, std::string_view{name}) -
                                      family_names.begin());
  temp_dir directory;
  for (const bool manifest : {true, false}) {
    const flushed of{directory.path() / (manifest ? "with" : "without")};
    const auto table = of.tables_of(in).front();
    destroy(table, how, of.tables_of(in == family::meta ? family::records : family::meta).front());
    if (!manifest)
      fs::remove(of.manifest());
    const auto into = fs::path{of.store}.concat("-new");
    const auto report = repaired(of.store, into);
    const auto wrong = wrong_rows(into, of.sample.rows);
    BOOST_TEST_CONTEXT(to_string(in) << " " << how << (manifest ? "" : ", without a MANIFEST")
                                     << text_of(report.findings)) {
      // Texts that were handed over, and those that wait and are gone, leave the same behind.
      const bool no_trace = !manifest && how == std::string_view{"removed"};
      if (how == std::string_view{"bit flipped"})
        BOOST_TEST(wrong.empty()); // only where to find them was damaged
      else if (!no_trace && !(how == std::string_view{"cut"} && wrong.empty()))
        BOOST_TEST(any_lost(report.findings, table.filename().string()));
      else if (!wrong.empty() && in != family::outbox)
        BOOST_TEST((any_lost(report.findings, "") || in == family::aliases));
      // Only what stood there is lost, and what cannot be without it.
      for (const auto& [where, rows] : wrong)
        BOOST_TEST((where == in || in == family::profiles || in == family::messages ||
                    where == family::profiles ||
                    (in == family::media && where == family::messages)),
                   rows << " rows of " << to_string(where) << " are wrong");
      const auto after = checked(into);
      BOOST_TEST(after.findings.empty(), text_of(after.findings));
    }
  }
}

// Blob files without one table that points to them: their media are found, and nothing ends early.
BOOST_DATA_TEST_CASE(a_family_may_lose_all_its_tables, data::make(names), name) {
  const auto in = static_cast<family>(std::ranges::find(family_names, std::string_view{name}) -
                                      family_names.begin());
  temp_dir directory;
  for (const bool all : {false, true})
    for (const bool manifest : {true, false}) {
      const flushed of{directory.path() / ((all ? "all " : "one ") + std::to_string(manifest))};
      opened(of.store); // all rows go to tables
      for (const auto& table : all ? numbered_files(of.store, ".sst") : of.tables_of(in))
        destroy(table, all || manifest ? "emptied" : "removed", {});
      if (!manifest)
        fs::remove(of.manifest());
      const auto into = fs::path{of.store}.concat("-new");
      const auto report = repaired(of.store, into);
      BOOST_TEST_CONTEXT(name << (all ? ", and all others" : "")
                              << (manifest ? "" : ", without a MANIFEST")
                              << text_of(report.findings)) {
        if (all || (in != family::outbox && in != family::aliases))
          BOOST_TEST((report.lost_rows() > 0U || report.findings.all(fate::rebuilt) > 0U));
        BOOST_TEST(checked(into).findings.empty());
        if (all || in != family::media)
          continue;
        const auto store = opened(into);
        size_t in_blobs = 0;
        for (const auto& message : of.sample.messages) {
          bool large = true;
          for (const auto& key : message.media)
            large &= of.sample.rows.at({family::media, key}).size() >= 4096;
          if (!large)
            continue;
          ++in_blobs;
          BOOST_TEST(has(*store, family::messages, message.key));
        }
        BOOST_TEST(in_blobs > 0U);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_table_under_another_name_is_read_and_tables_that_changed_names_too) {
  temp_dir directory;
  const flushed renamed{directory.path() / "renamed"}, swapped{directory.path() / "swapped"};
  const auto table = renamed.tables_of(family::records).front();
  fs::rename(table, renamed.store / "000999.sst");
  keeps_all(renamed);
  const auto one = swapped.tables_of(family::messages)[0], two = swapped.tables_of(family::meta)[0];
  fs::rename(one, swapped.store / "kept");
  fs::rename(two, one);
  fs::rename(swapped.store / "kept", two);
  keeps_all(swapped);
}

// Without a MANIFEST nothing names them, and the tables that are left have no gap in their numbers.
BOOST_DATA_TEST_CASE(the_newest_numbers_are_missed_and_not_given_out_again,
                     data::make({"changes", "records"}) *
                         data::make({"table gone, no MANIFEST", "last block damaged"}),
                     name, how) {
  const auto in = name == std::string_view{"changes"} ? family::changes : family::records;
  const bool gone = how != std::string_view{"last block damaged"};
  temp_dir directory;
  const flushed of{directory.path() / "store"};
  opened(of.store); // all rows go to tables
  const auto tables = of.tables_of(in);
  BOOST_REQUIRE(tables.size() > 1U);
  if (gone) {
    fs::remove(tables.back());
    fs::remove(of.manifest());
  } else {
    rocksdb::SstFileReader reader{{}};
    BOOST_REQUIRE(reader.Open(tables.back()).ok());
    flip(tables.back(), reader.GetTableProperties()->data_size - 20);
  }
  const auto into = fs::path{of.store}.concat("-new");
  const auto report = repaired(of.store, into);
  BOOST_TEST_CONTEXT(name << ": " << how << text_of(report.findings)) {
    BOOST_TEST(std::ranges::any_of(report.findings, [&](const finding& each) {
      return each.where.starts_with(name + std::string{" from "});
    }));
    BOOST_TEST((in != family::changes || any_lost(report.findings, "changes from ")));
    const auto row = opened(into)->get(family::meta, meta_key(numbering_floor::name)).value();
    const auto floor = decode_numbering_floor(row->view());
    BOOST_TEST((floor.change >= of.sample.last_change && floor.record >= of.sample.last_change));
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_went_with_a_table_are_not_given_out_again) {
  temp_dir directory;
  for (const bool manifest : {true, false}) {
    const flushed of{directory.path() / (manifest ? "with" : "without")};
    for (const auto in : {family::changes, family::records})
      for (const auto& table : of.tables_of(in))
        fs::remove(table);
    for (const auto& log : numbered_files(of.store, ".log"))
      fs::resize_file(log, 0);
    if (!manifest)
      fs::remove(of.manifest());
    const auto into = fs::path{of.store}.concat("-new");
    const auto report = repaired(of.store, into);
    BOOST_TEST(report.lost_rows() > 0U);
    const auto row = opened(into)->get(family::meta, meta_key(numbering_floor::name)).value();
    const auto floor = decode_numbering_floor(row->view());
    BOOST_TEST(floor.change >= of.sample.last_change);
    BOOST_TEST(floor.record >= of.sample.last_change);
  }
}

BOOST_AUTO_TEST_SUITE_END()
