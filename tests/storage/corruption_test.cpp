// One damaged place in one file of a store: it is detected and never served, nothing acknowledged
// is missing without a word, and a repair makes everything retrievable again that can be read.
#include "tests/storage/salvage_helpers.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace restante;

namespace {

namespace fs = std::filesystem;
namespace data = boost::unit_test::data;

constexpr size_t block_bytes = 4096;
constexpr uint64_t rounds = 1; // of every place and damage; other seeds draw other places

/// Made once: every trial damages a copy.
struct original {
  temp_dir directory;
  sample_store sample;
  original() {
    random_source draw{test_seed()};
    sample = make_sample_store(store(), draw);
  }
  [[nodiscard]] fs::path store() const { return directory.path() / "store"; }
  static const original& get() {
    static const original one;
    return one;
  }
};

const char* const places[] = {"log head", "log middle", "log tail", "table",
                              "blob",     "MANIFEST",   "CURRENT",  "mark"};
const char* const damages[] = {"bit flipped", "4 KiB zeroed", "tail cut"};

/// What was done, for the report of a failure: it begins with the file's name.
std::string damage(const fs::path& store, std::string_view place, std::string_view how,
                   random_source& draw) {
  const auto file = file_of(store, place, draw);
  const uint64_t size = fs::file_size(file);
  const uint64_t third = std::max<uint64_t>(size / 3, 1);
  uint64_t at = draw.below(size);
  if (place == "log head")
    at = draw.below(third);
  if (place == "log tail")
    at = size - 1 - draw.below(third);
  std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
  bytes.seekg(static_cast<std::streamoff>(at));
  if (how == "bit flipped") {
    const auto old = static_cast<char>(bytes.get());
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put(static_cast<char>(old ^ (1 << draw.below(8))));
  } else if (how == "4 KiB zeroed") {
    at = at / block_bytes * block_bytes;
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes << std::string(std::min<uint64_t>(block_bytes, size - at), '\0');
  }
  bytes.close();
  if (how == "tail cut")
    fs::resize_file(file, at);
  return file.filename().string() + " at " + std::to_string(at) + " of " + std::to_string(size);
}

/// Every row is right, or its reading fails; none is missing or another.
void serves_only_the_truth(const rocks_store& store, const sample_rows& rows) {
  for (const auto& [name, value] : rows) {
    const auto found = store.get(name.first, name.second);
    if (!found)
      BOOST_REQUIRE_MESSAGE(found.error().code == errc::storage_failure, found.error().text);
    else
      BOOST_REQUIRE_MESSAGE(*found && (*found)->view() == value,
                            to_string(name.first) << " " << to_hex(name.second)
                                                  << (*found ? " is another" : " is missing"));
  }
  for (size_t i = 0; i < family_count; ++i) {
    const auto in = static_cast<family>(i);
    std::vector<key_value> expected;
    for (auto at = rows.lower_bound({in, {}}); at != rows.end() && at->first.first == in; ++at)
      expected.push_back({at->first.second, at->second});
    const auto [found, whole] = scanned(store, in);
    BOOST_REQUIRE_MESSAGE(found.size() <= expected.size() &&
                              std::equal(found.begin(), found.end(), expected.begin()),
                          "a scan of " << to_string(in) << " gives other rows");
    BOOST_REQUIRE_MESSAGE(!whole || found.size() == expected.size(),
                          "a scan of " << to_string(in) << " ends early");
  }
}

/// Whether a damaged store still gives a message out, with all its media.
bool can_be_read(const rocks_store& store, const sample_message& message) {
  const auto readable = [&](family in, const std::string& key) {
    const auto found = store.get(in, key);
    return found && *found;
  };
  return readable(family::messages, message.key) &&
         std::ranges::all_of(message.media,
                             [&](const auto& key) { return readable(family::media, key); });
}

/// What a damaged store does; the messages it still gives out.
std::vector<sample_message> opened_or_refused(const fs::path& store, const store_report& found) {
  const auto& from = original::get();
  const auto before = sizes(store);
  std::vector<sample_message> readable;
  if (const auto damaged = rocks_store::open({.directory = store})) {
    serves_only_the_truth(**damaged, from.sample.rows);
    std::ranges::copy_if(from.sample.messages, std::back_inserter(readable),
                         [&](const auto& each) { return can_be_read(**damaged, each); });
    if (found.findings.empty())
      BOOST_TEST(readable.size() == from.sample.messages.size());
    return readable;
  } else {
    BOOST_TEST(damaged.error().reason == std::string_view{"store_damaged"}, damaged.error().text);
    BOOST_TEST(damaged.error().text.find("restante store check") != std::string::npos);
  }
  BOOST_TEST(!found.findings.empty(), "refused, and the check says nothing");
  const auto after = sizes(store);
  for (const auto& file : before)
    BOOST_TEST((after.contains(file.first) && after.at(file.first) == file.second),
               file.first << " went with the refusal");
  return readable;
}

void one_trial(std::string_view place, std::string_view how, uint64_t seed) {
  const auto& from = original::get();
  random_source draw{seed};
  temp_dir directory;
  const auto store = directory.path() / "store";
  fs::copy(from.store(), store, fs::copy_options::recursive);
  const auto what = damage(store, place, how, draw);
  const auto before = sizes(store);
  const auto found = checked(store);
  const auto into = directory.path() / "salvaged";
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed() << ": " << how << ", " << what
                                      << text_of(found.findings)) {
    BOOST_TEST((sizes(store) == before), "a check changes nothing");
    if (place == "table" || place == "blob")
      BOOST_TEST(std::ranges::any_of(
          found.findings, [&](const finding& each) { return what.starts_with(each.where); }));
    const auto readable = opened_or_refused(store, found);
    const auto report = repaired(store, into);
    const auto lost = holds_what_can_be_had(into, from.sample, report, readable);
    BOOST_TEST_MESSAGE(how << ", " << what << ": " << readable.size() << " of "
                           << from.sample.messages.size() << " messages served, "
                           << found.findings.size() << " findings, " << lost << " lost");
    // Only what stands nowhere else can be lost.
    if (place == "MANIFEST" || place == "CURRENT" || place == "mark")
      BOOST_TEST(lost == 0U, text_of(report.findings));
    else if (how == "bit flipped")
      BOOST_TEST(lost <= 9U, text_of(report.findings)); // a block of small media, or a commit
    const auto after = checked(into);
    BOOST_TEST(after.findings.empty(), "of the repaired store:" << text_of(after.findings));
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(corruption)

BOOST_AUTO_TEST_CASE(a_sound_store_has_no_findings_and_a_repair_keeps_all_of_it) {
  const auto& from = original::get();
  const auto found = checked(from.store());
  BOOST_TEST(found.findings.empty(), text_of(found.findings));
  BOOST_TEST(found.rows.messages == from.sample.messages.size());
  temp_dir directory;
  const auto report = repaired(from.store(), directory.path() / "new");
  BOOST_TEST(report.findings.empty(), text_of(report.findings));
  BOOST_TEST(holds_what_can_be_had(directory.path() / "new", from.sample, report) == 0U);
  auto expected = from.sample.rows;
  expected.erase({family::meta, meta_key("incarnation")});
  const auto last = std::to_string(from.sample.last_change);
  expected[{family::meta, meta_key(numbering_floor::name)}] = last + " " + last;
  serves_only_the_truth(*opened(directory.path() / "new"), expected);
}

BOOST_DATA_TEST_CASE(a_damaged_file_is_detected_never_served_and_salvaged,
                     data::make(places) * data::make(damages), place, how) {
  for (uint64_t round = 0; round < rounds; ++round)
    one_trial(place, how, test_seed() + 1000 * round);
}

BOOST_AUTO_TEST_SUITE_END()
