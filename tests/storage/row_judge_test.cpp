// What a check says of rows that do not fit each other, and what a repair makes of them. Each test
// takes a sound store and writes, through the store itself, what a node never would.
#include "schemas/big_endian.hpp"
#include "schemas/stored_codec.hpp"
#include "tests/storage/salvage_helpers.hpp"

#include <boost/test/unit_test.hpp>

using namespace restante;

namespace {

/// A sound store, what is wrong with it after some rows were written, and what a repair makes of
/// it.
class patient {
public:
  patient() : sample{made()} {}

  void write(std::vector<row> rows) const { BOOST_REQUIRE(opened(store())->commit(rows)); }
  void put(family in, std::string key, std::string value) const {
    write({row::put(in, std::move(key), std::move(value))});
  }
  void erase(family in, std::string key) const { write({row::remove(in, std::move(key))}); }

  /// The findings, which must be the same for a check and a repair.
  finding_list findings() {
    const auto check = checked(store());
    const auto repair = repaired(store(), salvaged());
    BOOST_TEST(texts(check.findings) == texts(repair.findings));
    const auto again = checked(salvaged());
    BOOST_TEST(again.findings.empty(), text_of(again.findings));
    return repair.findings;
  }

  /// The same, as "fate where: what".
  std::vector<std::string> found() { return texts(findings()); }

  /// A value of the repaired store.
  std::optional<std::string> value(family in, std::string_view key) const {
    const auto got = opened(salvaged())->get(in, key);
    BOOST_REQUIRE(got);
    return *got ? std::optional{std::string{(*got)->view()}} : std::nullopt;
  }

  [[nodiscard]] std::filesystem::path store() const { return directory_.path() / "store"; }
  [[nodiscard]] std::filesystem::path salvaged() const { return directory_.path() / "new"; }

  /// The first row of a family, and its value as it was acknowledged.
  [[nodiscard]] const std::pair<const std::pair<family, std::string>, std::string>&
  first(family in) const {
    return *sample.rows.lower_bound({in, {}});
  }
  [[nodiscard]] mailbox_id first_mailbox() const {
    return *parse_profile_key(first(family::profiles).first.second);
  }

private:
  /// Made once, and copied.
  sample_store made() {
    static const temp_dir original;
    static const sample_store sound = [] {
      random_source draw{test_seed()};
      return make_sample_store(original.path() / "store", draw, 1);
    }();
    std::filesystem::copy(original.path() / "store", store(),
                          std::filesystem::copy_options::recursive);
    return sound;
  }

  static std::vector<std::string> texts(const finding_list& all) {
    std::vector<std::string> out;
    for (const auto& each : all)
      out.push_back(std::string{to_string(each.becomes)} + " " + each.where + ": " + each.what);
    return out;
  }

  temp_dir directory_; // before what is made in it

public:
  sample_store sample;
};

using texts = std::vector<std::string>;

} // namespace

BOOST_TEST_SPECIALIZED_COLLECTION_COMPARE(texts)

BOOST_AUTO_TEST_SUITE(row_judge)

BOOST_AUTO_TEST_CASE(a_missing_profile_is_made_anew_from_the_change_log) {
  patient on;
  const auto& [name, value] = on.first(family::profiles);
  on.erase(family::profiles, name.second);
  BOOST_TEST(on.found() == texts{"rebuilt profiles: its row is missing or "
                                 "damaged; the change log has it"});
  BOOST_TEST((on.value(family::profiles, name.second) == value));
}

// As of the table before one that is lost.
BOOST_AUTO_TEST_CASE(settings_older_than_the_change_log_are_made_anew_from_it) {
  patient of;
  const auto& [name, value] = of.first(family::profiles);
  auto older = decode_profile(value).value();
  older.language = {};
  older.pin = {};
  BOOST_REQUIRE(encode(older) != value);
  of.put(family::profiles, name.second, encode(older));
  const auto found = of.found();
  BOOST_REQUIRE_EQUAL(found.size(), 1U);
  BOOST_TEST(found[0].starts_with("rebuilt profiles: its row is older than the change log"));
  BOOST_TEST(of.value(family::profiles, name.second).value() == value);
}

BOOST_AUTO_TEST_CASE(a_copy_that_went_home_is_not_missed) {
  patient of;
  const auto id = of.first_mailbox();
  std::vector<row> gone;
  for (const auto& [name, value] : of.sample.rows)
    if (name.second.starts_with(mailbox_prefix(id)) && name.first != family::changes)
      gone.push_back(row::remove(name.first, name.second));
  gone.push_back(row::put(family::meta, copy_left_key(id), big_endian(UINT64_MAX)));
  gone.push_back(row::put(family::meta, meta_key("peer/boston"), std::string{"known"}));
  of.write(std::move(gone));
  const auto found = of.findings();
  BOOST_TEST(found.empty(), text_of(found));
}

BOOST_AUTO_TEST_CASE(media_that_another_node_is_to_send_are_not_missed) {
  patient of;
  const auto& late = of.sample.messages.front();
  const auto id = parse_message_key(late.key)->message;
  auto record = decode_message(of.sample.rows.at({family::messages, late.key})).value();
  record.await_all();
  std::vector<row> rows{row::put(family::messages, late.key, encode(record))};
  for (const auto& key : late.media)
    rows.push_back(row::remove(family::media, key));
  for (const auto& [name, value] : of.sample.rows)
    if (name.first == family::changes) {
      auto step = decode_change(value).value();
      if (auto at = step.delta.messages.find(id); at != step.delta.messages.end()) {
        at->second.await_all();
        rows.push_back(row::put(family::changes, name.second, encode(step)));
      }
    }
  of.write(std::move(rows));
  const auto found = of.findings();
  BOOST_TEST(found.empty(), text_of(found));
  BOOST_TEST((of.value(family::messages, late.key) == encode(record)));
}

// They came, silently, and then the row was lost: the change log has it as of before.
BOOST_AUTO_TEST_CASE(media_that_came_are_kept_though_the_change_log_awaits_them) {
  patient of;
  const auto& late = of.sample.messages.front();
  const auto id = parse_message_key(late.key)->message;
  std::vector<row> rows{row::remove(family::messages, late.key)};
  for (const auto& [name, value] : of.sample.rows)
    if (name.first == family::changes) {
      auto step = decode_change(value).value();
      if (auto at = step.delta.messages.find(id); at != step.delta.messages.end()) {
        at->second.await_all();
        rows.push_back(row::put(family::changes, name.second, encode(step)));
      }
    }
  of.write(std::move(rows));
  of.findings();
  BOOST_TEST(
      (of.value(family::messages, late.key) == of.sample.rows.at({family::messages, late.key})));
  for (const auto& key : late.media)
    BOOST_TEST((of.value(family::media, key) == of.sample.rows.at({family::media, key})));
}

BOOST_AUTO_TEST_CASE(missing_names_are_made_anew_from_their_mailboxes) {
  patient on;
  const auto& [name, value] = on.first(family::aliases);
  on.erase(family::aliases, name.second);
  BOOST_TEST(on.found() == texts{"rebuilt aliases: a name of this subscriber "
                                 "is missing or damaged; the mailbox has it"});
  BOOST_TEST((on.value(family::aliases, name.second) == value));
}

BOOST_AUTO_TEST_CASE(a_message_that_is_missing_or_does_not_decode_is_made_anew) {
  patient on;
  const auto& lost = on.sample.messages.front();
  const auto& garbled = on.sample.messages.back();
  on.erase(family::messages, lost.key);
  on.put(family::messages, garbled.key, "no message");
  const std::string text = "rebuilt messages: its row is missing or damaged; the change log has it";
  BOOST_TEST(on.found() == (texts{text, text}));
  for (const auto* each : {&lost, &garbled}) {
    BOOST_TEST((on.value(family::messages, each->key) ==
                on.sample.rows.at({family::messages, each->key})));
    BOOST_TEST(on.value(family::media, each->media.front()).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_message_without_its_media_is_named_and_dropped_and_its_number_not_reused) {
  patient on;
  const auto& half = on.sample.messages.front();
  const auto place = *parse_message_key(half.key);
  auto record = decode_message(on.sample.rows.at({family::messages, half.key})).value();
  record.parts.back().content.bytes.fill(9); // of bytes that never were
  on.put(family::messages, half.key, encode(record));
  const auto found = on.findings();
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST((found[0].becomes == fate::lost));
  BOOST_TEST(found[0].what == "its media can't be read");
  BOOST_TEST(found[0].profile == to_string(profile_id{"eu1", place.mailbox}));
  BOOST_TEST(found[0].message == to_string(place.message));
  BOOST_TEST(found[0].uid == record.uid);
  BOOST_TEST(!on.value(family::messages, half.key).has_value());
  for (const auto& key : half.media)
    BOOST_TEST(!on.value(family::media, key).has_value());
  const auto profile = on.value(family::profiles, profile_key(place.mailbox)).value();
  BOOST_TEST(decode_profile(profile).value().uid_floor >= record.uid);
}

// What a row no longer holds may still stand in a blob file or an older table.
BOOST_AUTO_TEST_CASE(media_are_found_again_wherever_they_still_are) {
  patient on;
  const auto& message = on.sample.messages.front();
  on.erase(family::media, message.media.front());
  BOOST_TEST(on.found() == texts{"rebuilt messages: its media is not where it should be"});
  for (const auto& key : message.media)
    BOOST_TEST((on.value(family::media, key) == on.sample.rows.at({family::media, key})));
}

BOOST_AUTO_TEST_CASE(a_greeting_that_is_gone_is_told_and_the_mailbox_has_none) {
  patient on;
  const auto box = on.first_mailbox();
  auto state = decode_profile(on.first(family::profiles).second).value();
  state.greetings[0].value.content.bytes.fill(9); // of bytes that never were
  ++state.greetings[0].at.hlc;
  on.put(family::profiles, profile_key(box), encode(state));
  BOOST_TEST(on.found() == texts{"lost media: a greeting can't be read: record it again"});
  const auto profile = on.value(family::profiles, profile_key(box)).value();
  BOOST_TEST((decode_profile(profile).value().greetings[0].value.type == media_type::unknown));
}

BOOST_AUTO_TEST_CASE(gaps_in_the_change_log_and_in_the_records_are_told_once_with_their_numbers) {
  patient on;
  on.write({row::remove(family::changes, change_key(7)),
            row::remove(family::changes, change_key(8)),
            row::remove(family::records, record_key(20'000, 3))});
  BOOST_TEST(on.found() == (texts{"lost changes 7 to 8: are missing: what they did may be undone, "
                                  "and followers do not hear of it",
                                  "lost records 3: charging records are missing"}));
}

BOOST_AUTO_TEST_CASE(what_nothing_refers_to_is_told_and_left_out) {
  patient on;
  message_id nobody;
  nobody.bytes.fill(1);
  const auto left = media_key(on.first_mailbox(), nobody, 0);
  mailbox_id nowhere;
  nowhere.bytes.fill(2);
  const auto name = alias_key({alias_kind::number, "+15055559999"});
  on.write({row::put(family::media, left, "left over"),
            row::put(family::aliases, name, encode(alias_target{nowhere, "acme"}))});
  BOOST_TEST(on.found() ==
             (texts{"lost aliases: names a mailbox that is not there",
                    "unused media " + to_hex(left) + ": belongs to no message or greeting"}));
  BOOST_TEST(!on.value(family::media, left).has_value());
  BOOST_TEST(!on.value(family::aliases, name).has_value());
}

BOOST_AUTO_TEST_CASE(rows_that_do_not_decode_are_told_and_left_out) {
  patient on;
  const auto text = on.first(family::outbox).first.second;
  on.write({row::put(family::outbox, text, "?"), row::put(family::records, "short", "?"),
            row::put(family::meta, "tenant/acme", "?"), row::put(family::profiles, "short", "?"),
            row::put(family::messages, "short", "?"), row::put(family::changes, "short", "?")});
  const auto found = on.found();
  BOOST_TEST(found.size() == 6U);
  for (const auto& each : found)
    BOOST_TEST((each.starts_with("lost ") && each.size() > 20), each);
  BOOST_TEST(!on.value(family::outbox, text).has_value());
  BOOST_TEST(!on.value(family::meta, "tenant/acme").has_value());
}

BOOST_AUTO_TEST_CASE(no_follower_stays_beyond_the_end_of_the_log) {
  patient on;
  const auto last = on.sample.last_change;
  on.put(family::meta, "cursor/acme/crm", std::to_string(last + 5));
  BOOST_TEST(on.found() ==
             texts{"lost meta cursor/acme/crm: this follower had heard of change " +
                   std::to_string(last + 5) + ", the log ends at " + std::to_string(last)});
  BOOST_TEST(on.value(family::meta, "cursor/acme/crm").value() == std::to_string(last));
}

BOOST_AUTO_TEST_CASE(the_clock_of_a_repaired_store_is_not_behind_its_stamps) {
  patient on;
  const auto clock = on.sample.rows.at({family::meta, "hlc"});
  on.put(family::meta, "hlc", std::string(8, '\0'));
  BOOST_TEST(on.found().empty());
  BOOST_TEST((on.value(family::meta, "hlc") == clock));
}

BOOST_AUTO_TEST_CASE(a_store_of_another_format_is_not_judged) {
  patient on;
  on.put(family::meta, "format", "2");
  const auto check = check_store({on.store(), merge_sample, {}});
  BOOST_REQUIRE(!check);
  BOOST_TEST(check.error().reason == std::string_view{"format_unknown"});
  const auto repair = repair_store({on.store(), on.salvaged(), merge_sample, {}});
  BOOST_REQUIRE(!repair);
  BOOST_TEST(repair.error().reason == std::string_view{"format_unknown"});
  BOOST_TEST(!std::filesystem::exists(on.salvaged()));
}

BOOST_AUTO_TEST_SUITE_END()
