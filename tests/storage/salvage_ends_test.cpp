// Tables whose rows are whole, and of which the end that says where they are is damaged or gone:
// index, properties, the names of these, footer. A repair reads them block by block.
#include "storage/table_mend.hpp"
#include "tests/storage/flushed_store.hpp"

#include <boost/test/data/test_case.hpp>

using namespace restante;

namespace fs = std::filesystem;
namespace data = boost::unit_test::data;

namespace {

const char* const names[] = {"profiles", "aliases", "messages", "media",
                             "changes",  "outbox",  "records",  "meta"};

family family_of(std::string_view name) {
  return static_cast<family>(std::ranges::find(family_names, name) - family_names.begin());
}

uint64_t end_of_rows(const fs::path& table) {
  rocksdb::SstFileReader reader{{}};
  BOOST_REQUIRE(reader.Open(table).ok());
  return reader.GetTableProperties()->data_size;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool opens(const fs::path& table) {
  rocksdb::SstFileReader reader{{}};
  return reader.Open(table).ok() && !reader.GetTableProperties()->column_family_name.empty();
}

} // namespace

BOOST_AUTO_TEST_SUITE(salvage_ends)

BOOST_DATA_TEST_CASE(no_damaged_bit_behind_the_rows_of_a_table_costs_any, data::make(names), name) {
  constexpr uint64_t steps = 12;
  temp_dir directory;
  size_t mended = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    const flushed of{directory.path() / std::to_string(step)};
    const auto table = of.tables_of(family_of(name)).front();
    const auto rows = end_of_rows(table), all = fs::file_size(table);
    const auto at = rows + (all - rows) * step / steps + step % 3;
    flip(table, at);
    if (step % 2 == 0 && bytes_of(table).find(std::string{"name"} + name) != std::string::npos)
      fs::remove(of.manifest()); // which else would say of which family the rows are
    mended += opens(table) ? 0 : 1;
    BOOST_TEST_CONTEXT(name << ": byte " << at << " of " << all << ", rows end at " << rows)
    keeps_all(of);
  }
  BOOST_TEST(mended > steps / 3);
}

// Nothing says then that no more rows followed.
BOOST_DATA_TEST_CASE(a_table_without_its_end_has_its_rows, data::make(names), name) {
  temp_dir directory;
  for (const bool manifest : {true, false}) { // which says of which family the rows are
    const flushed of{directory.path() / (manifest ? "with" : "without")};
    const auto table = of.tables_of(family_of(name)).front();
    fs::resize_file(table, end_of_rows(table));
    if (!manifest)
      fs::remove(of.manifest());
    const auto into = fs::path{of.store}.concat("-new");
    const auto report = repaired(of.store, into);
    BOOST_TEST(any_lost(report.findings, table.filename().string()));
    auto wrong = wrong_rows(into, of.sample.rows);
    wrong.erase(family::profiles); // their floors are raised
    BOOST_TEST((!manifest || wrong.empty()), text_of(report.findings));
  }
}

BOOST_AUTO_TEST_CASE(rows_in_front_of_a_damaged_block_are_kept_when_the_end_is_gone) {
  temp_dir directory;
  size_t kept = 0;
  for (const auto part : {3, 5, 9}) {
    const flushed of{directory.path() / std::to_string(part)};
    opened(of.store); // all rows go to tables
    const auto table = of.tables_of(family::media).front();
    flip(table, end_of_rows(table) / 10 * static_cast<uint64_t>(part));
    fs::resize_file(table, fs::file_size(table) - 1);
    const auto mended = mend_table(table, directory.path() / "mended.sst", {7, "media", 4});
    BOOST_REQUIRE((mended && *mended));
    BOOST_TEST(!(*mended)->whole);
    BOOST_TEST((*mended)->rows > kept);
    kept = (*mended)->rows;
    rocksdb::SstFileReader reader{{}};
    BOOST_REQUIRE(reader.Open(directory.path() / "mended.sst").ok());
    BOOST_TEST(reader.VerifyChecksum().ok());
    BOOST_TEST(reader.GetTableProperties()->num_entries == kept);
    const std::unique_ptr<rocksdb::Iterator> rows{reader.NewIterator({})};
    size_t read = 0;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next(), ++read)
      if (const auto at = of.sample.rows.find({family::media, rows->key().ToString()});
          at != of.sample.rows.end() && at->second.size() < 4096)
        BOOST_TEST((rows->value() == at->second));
    BOOST_TEST(rows->status().ok());
    BOOST_TEST(read > 0U);
    const auto into = fs::path{of.store}.concat("-new");
    const auto report = repaired(of.store, into);
    BOOST_TEST(any_lost(report.findings, table.filename().string()));
    BOOST_TEST(checked(into).findings.empty());
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_table_is_not_taken_for_one) {
  temp_dir directory;
  random_source draw{test_seed()};
  for (const size_t bytes : {0, 1, 5, 52, 53, 54, 4096, 70'000}) {
    std::ofstream{directory.path() / "no.sst", std::ios::binary} << sample::noise(draw, bytes);
    const auto made =
        mend_table(directory.path() / "no.sst", directory.path() / "m.sst", {7, "media", 4});
    BOOST_TEST((made && !*made));
  }
}

BOOST_AUTO_TEST_SUITE_END()
