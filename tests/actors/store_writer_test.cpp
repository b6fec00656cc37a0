// The writer: group commit, numbering, and what it says when the disk is full or broken.
#include "actors/store_writer.hpp"
#include "storage/keys.hpp"
#include "storage/numbering_floor.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/held_store.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace restante {

namespace {

constexpr wall_ms day_ms = 86'400'000;

log_listener_actor::behavior_type
recording_listener(log_listener_actor::pointer self,
                   const std::shared_ptr<std::vector<log_grew>>& heard) {
  install_handlers(self, [] {});
  return {[heard](const log_grew& what) { heard->push_back(what); }};
}

struct one_writer : actor_fixture {
  std::shared_ptr<watched_store> store = std::make_shared<watched_store>();
  std::vector<failure> fatal;
  logger log;
  bool tells_rows = false;
  std::shared_ptr<std::vector<log_grew>> grown = std::make_shared<std::vector<log_grew>>();
  store_writer_actor writer = started();

  store_writer_actor started() {
    auto at = read_log_position(*store);
    BOOST_REQUIRE(at.has_value());
    auto out = keep(spawn_store_writer(
        sys, {store, *at, [this](const failure& why) { fatal.push_back(why); }, log, tells_rows},
        false));
    tell(out, spawn(recording_listener, grown));
    run();
    return out;
  }

  void restart() {
    exit_cast();
    writer = started();
  }

  /// A change and a record named `name`, and a row of that name.
  static std::shared_ptr<commit_request> commit_of(const std::string& name,
                                                   commit_class urgency = commit_class::normal,
                                                   wall_ms at = 20'000 * day_ms) {
    auto out = std::make_shared<commit_request>();
    out->rows.push_back(row::put(family::meta, meta_key(name), name));
    out->change = "change " + name;
    out->record = "record " + name;
    out->at = at;
    out->urgency = urgency;
    return out;
  }

  call commit(const std::string& name, commit_class urgency = commit_class::normal,
              wall_ms at = 20'000 * day_ms) {
    return ask(writer, commit_of(name, urgency, at));
  }

  static const result<uint64_t>& answer_to(const call& what) {
    return what.only<commit_reply>().sequence;
  }

  [[nodiscard]] bool has(const std::string& name) const {
    return store->rows.get(family::meta, meta_key(name))->has_value();
  }

  /// The values of a family, in the order of their keys.
  [[nodiscard]] std::vector<std::string> values(family in) const {
    std::vector<std::string> out;
    const auto page = store->rows.scan(in, {}, {}, SIZE_MAX);
    for (const auto& entry : page.value())
      out.push_back(entry.value);
    return out;
  }

  [[nodiscard]] std::vector<uint64_t> change_numbers() const {
    std::vector<uint64_t> out;
    const auto page = store->rows.scan(family::changes, {}, {}, SIZE_MAX);
    for (const auto& entry : page.value())
      out.push_back(parse_change_key(entry.key).value());
    return out;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_writer_test, one_writer)

BOOST_AUTO_TEST_CASE(nobody_hears_of_a_commit_while_it_is_being_written) {
  auto first = commit("a");
  auto second = commit("b");
  size_t early = 0;
  store->on_commit = [&](auto) { early += first.answers() + second.answers() + grown->size(); };
  run();
  BOOST_TEST(early == 0u);
  BOOST_TEST(answer_to(first).value() == 1u);
  BOOST_TEST(answer_to(second).value() == 2u);
  BOOST_TEST(grown->size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_queued_shares_one_commit_and_is_numbered_densely) {
  std::vector<call> calls;
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(commit(std::to_string(i)));
    expected.push_back("change " + std::to_string(i));
  }
  run();
  BOOST_TEST(store->commits == 1u);
  for (size_t i = 0; i < calls.size(); ++i)
    BOOST_TEST(answer_to(calls[i]).value() == i + 1);
  BOOST_TEST(values(family::changes) == expected, boost::test_tools::per_element());
  BOOST_TEST(change_numbers().front() == 1u);
  BOOST_TEST(change_numbers().back() == 50u);
  BOOST_REQUIRE_EQUAL(grown->size(), 1u);
  BOOST_TEST(grown->front().sequence == 50u);
}

BOOST_AUTO_TEST_CASE(what_comes_later_forms_the_next_commit) {
  commit("a");
  run();
  commit("b");
  run();
  BOOST_TEST(store->commits == 2u);
}

BOOST_AUTO_TEST_CASE(a_group_is_bounded_in_commits_and_costs_no_empty_one) {
  for (size_t i = 0; i < limits::group_commits_max + 10; ++i)
    commit(std::to_string(i));
  run();
  BOOST_TEST(store->commits == 2u);
  BOOST_TEST(change_numbers().size() == limits::group_commits_max + 10);
  check_all_answered();
}

BOOST_AUTO_TEST_CASE(a_group_is_bounded_in_bytes) {
  for (char c : {'a', 'b', 'c'}) {
    auto what = commit_of(std::string{c});
    what->rows.push_back(
        row::put(family::media, std::string{c}, std::string(limits::group_bytes_max / 2, c)));
    ask(writer, what);
  }
  run();
  BOOST_TEST(store->commits == 2u);
}

BOOST_AUTO_TEST_CASE(a_commit_without_a_change_has_no_number_and_takes_none) {
  auto what = commit_of("a");
  what->change.clear();
  auto first = ask(writer, what);
  auto second = commit("b");
  run();
  BOOST_TEST(answer_to(first).value() == 0u);
  BOOST_TEST(answer_to(second).value() == 1u);
}

BOOST_AUTO_TEST_CASE(listeners_hear_whether_texts_were_added) {
  commit("a");
  run();
  auto what = commit_of("b");
  what->rows.push_back(row::put(family::outbox, "key", std::string{"text"}));
  ask(writer, what);
  run();
  auto taken = commit_of("c");
  taken->rows.push_back(row::remove(family::outbox, "key"));
  ask(writer, taken);
  run();
  BOOST_REQUIRE_EQUAL(grown->size(), 3u);
  BOOST_TEST(!(*grown)[0].outbox);
  BOOST_TEST((*grown)[1].outbox);
  BOOST_TEST(!(*grown)[2].outbox);
}

BOOST_AUTO_TEST_CASE(who_ships_hears_what_was_written_while_not_too_much_of_it_is_held) {
  commit("a");
  run();
  BOOST_TEST(!grown->back().written); // nobody ships
  tells_rows = true;
  restart();
  const auto media = [&](char c) {
    auto out = commit_of(std::string{c});
    out->rows.push_back(
        row::put(family::media, std::string{c}, std::string(limits::told_bytes_max, c)));
    ask(writer, out);
    run();
    return grown->back().written;
  };
  commit("b");
  commit("c");
  run();
  const auto both = grown->back().written;
  BOOST_REQUIRE(both);
  BOOST_REQUIRE_EQUAL(both->commits.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const auto& rows = both->commits[i]->rows;
    BOOST_REQUIRE_EQUAL(rows.size(), 3u); // its own, the change, the record
    BOOST_TEST(rows[1].key == change_key(2 + i));
    BOOST_TEST(rows[1].value.view() == (i == 0 ? "change b" : "change c"));
  }
  auto large = media('d'); // one may pass the bound
  BOOST_TEST(!!large);
  BOOST_TEST(!media('e'));
  large.reset();
  grown->clear();
  BOOST_TEST(!!media('f'));
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_normal_commits_and_passes_essential_ones) {
  store->full = true;
  auto refused = commit("a");
  auto passed = commit("b", commit_class::essential);
  auto too = commit("c");
  auto last = commit("d", commit_class::essential);
  run();
  BOOST_TEST((answer_to(refused).error().code == errc::storage_full));
  BOOST_TEST((answer_to(too).error().code == errc::storage_full));
  BOOST_TEST(answer_to(passed).value() == 1u);
  BOOST_TEST(answer_to(last).value() == 2u);
  BOOST_TEST(!has("a"));
  BOOST_TEST(has("b"));
  const std::vector<std::string> changes{"change b", "change d"};
  BOOST_TEST(values(family::changes) == changes, boost::test_tools::per_element());
  const std::vector<std::string> records{"record b", "record d"};
  BOOST_TEST(values(family::records) == records, boost::test_tools::per_element());
  BOOST_TEST(fatal.empty());
}

BOOST_AUTO_TEST_CASE(a_disk_without_any_room_refuses_all_and_recovers) {
  store->full = store->completely = true;
  auto refused = commit("a");
  auto essential = commit("b", commit_class::essential);
  run();
  BOOST_TEST((answer_to(refused).error().code == errc::storage_full));
  BOOST_TEST((answer_to(essential).error().code == errc::storage_full));
  BOOST_TEST(grown->empty());
  store->full = store->completely = false;
  auto later = commit("c");
  run();
  BOOST_TEST(answer_to(later).value() == 1u);
}

BOOST_AUTO_TEST_CASE(after_a_failed_write_nothing_is_acknowledged) {
  for (bool stored_anyway : {false, true}) {
    store->rows.reopen();
    fatal.clear();
    grown->clear();
    store->rows.fail_next({errc::storage_failure, "io_error", "for the test"}, stored_anyway);
    auto first = commit("a");
    auto second = commit("b", commit_class::essential);
    run();
    BOOST_TEST((answer_to(first).error().code == errc::outcome_unknown));
    BOOST_TEST((answer_to(second).error().code == errc::outcome_unknown));
    BOOST_REQUIRE(!fatal.empty());
    BOOST_TEST(fatal.front().reason == "io_error");
    auto later = commit("c");
    auto essential = commit("d", commit_class::essential);
    run();
    BOOST_TEST((answer_to(later).error().code == errc::storage_failure)); // certainly not stored
    BOOST_TEST((answer_to(essential).error().code == errc::storage_failure));
    BOOST_TEST(!has("c"));
    BOOST_TEST(grown->empty());
  }
}

BOOST_AUTO_TEST_CASE(numbering_and_time_go_on_after_a_restart) {
  auto first = commit_of("a");
  first->hlc = 77;
  ask(writer, first);
  run();
  restart();
  BOOST_TEST(read_log_position(*store)->hlc == 77u);
  auto second = commit("b");
  run();
  BOOST_TEST(answer_to(second).value() == 2u);
  BOOST_TEST(read_log_position(*store)->hlc == 77u); // never back
  BOOST_TEST(values(family::records).size() == 2u);
}

BOOST_AUTO_TEST_CASE(numbers_that_may_have_been_given_out_before_a_repair_are_not_given_out_again) {
  ask(writer, commit_of("a"));
  run();
  BOOST_REQUIRE(store->commit(std::vector{
      row::put(family::meta, meta_key(numbering_floor::name), encode(numbering_floor{40, 70}))}));
  restart();
  const auto next = commit("b");
  run();
  BOOST_TEST(answer_to(next).value() == 41u);
  BOOST_TEST(read_log_position(*store)->record == 71u);
}

BOOST_AUTO_TEST_CASE(no_record_is_overwritten_when_the_clock_was_set_back) {
  commit("a", commit_class::normal, 20'000 * day_ms);
  run();
  commit("b", commit_class::normal, 19'999 * day_ms);
  commit("c", commit_class::normal, 19'999 * day_ms);
  run();
  restart();
  commit("d", commit_class::normal, 19'999 * day_ms);
  run();
  const std::vector<std::string> expected{"record a", "record b", "record c", "record d"};
  BOOST_TEST(values(family::records) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stopping_writer_says_that_nothing_was_stored) {
  auto waiting = commit("a");
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown); // comes before the flush
  run();
  BOOST_TEST(store->commits == 0u);
  BOOST_TEST((answer_to(waiting).error().code == errc::shutting_down));
}

BOOST_AUTO_TEST_CASE(the_log_is_dense_and_what_was_acknowledged_whatever_the_disk_does) {
  random_source draw{test_seed()};
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed()) {
    std::vector<std::pair<std::string, call>> calls;
    for (int i = 0; i < 500; ++i) {
      auto name = std::to_string(i);
      auto urgency = draw.one_in(3) ? commit_class::essential : commit_class::normal;
      calls.emplace_back(name, commit(name, urgency));
      if (draw.one_in(10))
        store->full = !store->full;
      if (draw.one_in(40))
        store->completely = !store->completely;
      for (auto steps = draw.below(4); steps > 0 && step(draw); --steps) {
      }
    }
    run();
    std::map<uint64_t, std::string> acknowledged;
    for (const auto& [name, one] : calls)
      if (auto& number = answer_to(one)) {
        BOOST_TEST(acknowledged.emplace(*number, "change " + name).second);
      } else {
        BOOST_TEST((number.error().code == errc::storage_full));
        BOOST_TEST(!has(name));
      }
    auto numbers = change_numbers();
    auto changes = values(family::changes);
    BOOST_REQUIRE_EQUAL(numbers.size(), acknowledged.size());
    for (size_t i = 0; i < numbers.size(); ++i) {
      BOOST_TEST(numbers[i] == i + 1);
      BOOST_TEST(changes[i] == acknowledged[i + 1]);
    }
  }
}

BOOST_AUTO_TEST_CASE(where_there_is_no_room_is_told_the_operator_once_and_nobody_else) {
  temp_dir home;
  log = logger{home.path() / "log", "error"};
  restart();
  for (int times = 0; times < 2; ++times) {
    store->full = true;
    for (auto* name : {"a", "b"}) {
      auto refused = commit(name);
      run();
      BOOST_REQUIRE(!answer_to(refused));
      BOOST_TEST((answer_to(refused).error().code == errc::storage_full));
      BOOST_TEST(answer_to(refused).error().text.find("for the test") == std::string::npos);
    }
    commit("essential", commit_class::essential); // goes through, and means no room
    run();
    commit("c");
    run();
    store->full = false;
    commit("d"); // there is room again
    run();
  }
  std::ifstream in{home.path() / "log"};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  BOOST_REQUIRE_EQUAL(lines.size(), 2u);
  BOOST_TEST(lines[0].find("for the test") != std::string::npos, lines[0]);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
