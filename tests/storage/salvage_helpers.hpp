// What the tests of damaged stores share: which file is which, checking and repairing, and whether
// a repaired store holds what can be had.
#pragma once

#include "storage/high_water_mark.hpp"
#include "storage/keys.hpp"
#include "storage/store_files.hpp"
#include "storage/store_repair.hpp"
#include "tests/storage/sample_store.hpp"
#include "tests/support/random_state.hpp"
#include "tests/support/rocks_helpers.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>

namespace restante {

/// A file of a kind: "MANIFEST", "CURRENT", "mark", or any "table", "blob" or log.
inline std::filesystem::path file_of(const std::filesystem::path& store, std::string_view kind,
                                     random_source& draw) {
  if (kind == "mark")
    return store / high_water_mark::file_name;
  if (kind == "CURRENT")
    return store / "CURRENT";
  if (kind == "MANIFEST") {
    std::string name;
    std::ifstream current{store / "CURRENT"};
    std::getline(current, name);
    return store / name;
  }
  const auto files = numbered_files(store, kind == "table"  ? ".sst"
                                           : kind == "blob" ? ".blob"
                                                            : ".log");
  BOOST_REQUIRE(!files.empty());
  return draw.pick(files);
}

/// Logs, tables and blob files by name.
inline std::map<std::string, uint64_t> sizes(const std::filesystem::path& store) {
  std::map<std::string, uint64_t> out;
  for (const auto* kind : {".log", ".sst", ".blob"})
    for (const auto& file : numbered_files(store, kind))
      out[file.filename()] = std::filesystem::file_size(file);
  return out;
}

/// What a family gives, page after page, and whether that went to its end.
inline std::pair<std::vector<key_value>, bool> scanned(const rocks_store& store, family in) {
  std::vector<key_value> rows;
  for (std::string from;; from = key_after(rows.back().key)) {
    const auto page = store.scan(in, {}, from, 50);
    if (!page || page->empty())
      return {std::move(rows), page.has_value()};
    rows.insert(rows.end(), page->begin(), page->end());
  }
}

inline store_report checked(const std::filesystem::path& store) {
  auto report = check_store({store, merge_sample, {}});
  BOOST_REQUIRE_MESSAGE(report, report.error().text);
  return std::move(*report);
}

inline repair_report repaired(const std::filesystem::path& store,
                              const std::filesystem::path& into) {
  auto report = repair_store({store, into, merge_sample, {}});
  BOOST_REQUIRE_MESSAGE(report, report.error().text);
  return std::move(*report);
}

inline std::string text_of(const finding_list& all) {
  std::string out;
  for (const auto& each : all)
    out += "\n  " + std::string{to_string(each.becomes)} + ": " + each.where + ": " + each.what +
           " " + each.profile + " " + each.message;
  return out;
}

/// Whether it is told that a message is lost: by its name, by the number of its change, or as one
/// of the rows at the end.
inline bool told(const finding_list& all, const sample_message& message) {
  const auto place = *parse_message_key(message.key);
  return std::ranges::any_of(all, [&](const finding& each) {
    unsigned long first = 0, last = 0; // "changes 5", "changes 5 to 7"
    const int numbers = std::sscanf(each.where.c_str(), "changes %lu to %lu", &first, &last);
    const bool tail = each.where.starts_with("rows ") && each.becomes == fate::lost;
    return tail || (each.becomes == fate::lost && each.message == to_string(place.message)) ||
           (numbers > 0 && first <= message.change && message.change <= std::max(first, last));
  });
}

/// A repaired store has nothing half, nothing else, and all that could be read before. How many
/// messages it lost.
inline size_t holds_what_can_be_had(const std::filesystem::path& store, const sample_store& sample,
                                    const repair_report& report,
                                    const std::vector<sample_message>& readable = {}) {
  const auto salvaged = opened(store);
  for (const auto& message : readable)
    BOOST_TEST(has(*salvaged, family::messages, message.key), "it could be read before");
  BOOST_TEST(!has(*salvaged, family::meta, meta_key("incarnation")));
  size_t lost = 0;
  for (const auto& message : sample.messages) {
    const bool there = has(*salvaged, family::messages, message.key);
    lost += there ? 0 : 1;
    BOOST_TEST((there || told(report.findings, message)), "a message is missing without a word");
    for (const auto& key : message.media) {
      const auto bytes = salvaged->get(family::media, key).value();
      BOOST_TEST((bytes.has_value() == there), "a message without its media, or media without it");
      BOOST_TEST((!bytes || bytes->view() == sample.rows.at({family::media, key})));
    }
  }
  for (const auto in : {family::aliases, family::changes, family::records, family::outbox})
    for (const auto kept = scanned(*salvaged, in).first; const auto& each : kept)
      BOOST_TEST((sample.rows.at({in, each.key}) == each.value));
  return lost;
}

} // namespace restante
