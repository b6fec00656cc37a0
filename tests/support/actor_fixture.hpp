// One actor system without threads and with virtual time: the test turns the crank. Requests go
// through an ear that counts answers, because an actor's own request drops a second answer
// silently.
//
// Invariants: nothing runs but inside run(), run_shuffled(), advance() and the destructor; whoever
// was given to keep() is exited in the destructor, or the actor system would wait for ever.
#pragma once

#include "actors/interfaces.hpp"
#include "tests/support/random_state.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace restante {

struct test_config : caf::actor_system_config {
  test_config() { set("scheduler.policy", caf::atom("testing")); }
};

/// Every answer that came, by the number of the call.
using heard_answers = std::map<uint64_t, std::vector<caf::message>>;

class ear : public caf::monitorable_actor {
public:
  ear(caf::actor_config& config, std::shared_ptr<heard_answers> heard)
      : caf::monitorable_actor{config}
      , heard_{std::move(heard)} {}

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    if (what->mid.is_response())
      (*heard_)[what->mid.integer_value() & caf::message_id::request_id_mask].push_back(
          what->move_content_to_message());
  }

private:
  std::shared_ptr<heard_answers> heard_;
};

/// One request and what came of it.
struct call {
  uint64_t number = 0;
  std::shared_ptr<heard_answers> heard;

  [[nodiscard]] size_t answers() const { return (*heard)[number].size(); }

  /// The one answer of this type; the test ends when there is none, another, or more.
  template <class T>
  [[nodiscard]] const T& only() const {
    BOOST_REQUIRE_EQUAL(answers(), 1u);
    const auto& what = (*heard)[number].front();
    BOOST_REQUIRE_MESSAGE(what.match_elements<T>(), "answered by " + caf::to_string(what));
    return what.get_as<T>(0);
  }

  [[nodiscard]] const outcome& what() const { return only<answered>().what; }

  /// True when the other side was gone: the answer is a caf::error.
  [[nodiscard]] bool broke() const {
    return answers() == 1 && (*heard)[number].front().match_elements<caf::error>();
  }

  /// The answer as one of the answers or a failure.
  template <class T>
  [[nodiscard]] const T& as() const {
    const auto& out = what();
    auto* why = std::get_if<failure>(&out);
    BOOST_REQUIRE_MESSAGE(std::holds_alternative<T>(out),
                          "another answer: " << (why ? why->reason : "not a failure"));
    return std::get<T>(out);
  }

  /// Why it was refused; "accepted" when it was not.
  [[nodiscard]] std::string reason() const {
    auto* why = std::get_if<failure>(&what());
    return why ? why->reason : "accepted";
  }
  [[nodiscard]] errc code() const { return as<failure>().code; }
};

struct actor_fixture {
  actor_fixture() = default;
  actor_fixture(const actor_fixture&) = delete;
  actor_fixture& operator=(const actor_fixture&) = delete;
  ~actor_fixture() {
    exit_cast();
    // What a cast left behind, such as a mailbox that was being loaded, ends with its timers.
    while (sched.trigger_timeouts() > 0)
      run();
  }

  template <class Handle>
  Handle keep(Handle handle) {
    cast.push_back(caf::actor_cast<caf::strong_actor_ptr>(handle));
    return handle;
  }

  template <class... Ts>
  auto spawn(Ts&&... what) {
    return keep(sys.spawn(std::forward<Ts>(what)...));
  }

  /// Ends everybody who was kept, in the order they came.
  void exit_cast() {
    for (auto& member : std::exchange(cast, {}))
      caf::anon_send_exit(member, caf::exit_reason::user_shutdown);
    run();
  }

  template <class Handle, class... Ts>
  call ask(const Handle& to, Ts&&... what) {
    auto number = ++calls;
    caf::message_id id{caf::message_id::default_async_value + number};
    caf::actor_cast<caf::abstract_actor*>(to)->enqueue(
        hearer, id, caf::make_message(std::forward<Ts>(what)...), nullptr);
    return {number, heard};
  }

  template <class Handle, class... Ts>
  void tell(const Handle& to, Ts&&... what) {
    caf::anon_send(to, std::forward<Ts>(what)...);
  }

  void run() { sched.run(); }

  /// Runs one message of an actor drawn at random; false when nobody has anything to do.
  bool step(random_source& draw) {
    auto& jobs = sched.jobs;
    if (jobs.empty())
      return false;
    std::swap(jobs.front(), jobs[draw.below(jobs.size())]);
    sched.run_once();
    return true;
  }

  void run_shuffled(random_source& draw) {
    while (step(draw)) {
    }
  }

  /// Lets time pass for actors and for the wall, a step at a time, and runs what falls due.
  void advance(caf::timespan by, caf::timespan step = std::chrono::milliseconds{250}) {
    for (caf::timespan gone{0}; gone < by; gone += step) {
      auto now = std::min(step, by - gone);
      *wall += std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
      sched.advance_time(now);
      run();
    }
  }

  /// Checks that every request so far was answered exactly once.
  void check_all_answered() const {
    for (uint64_t number = 1; number <= calls; ++number)
      BOOST_TEST((*heard)[number].size() == 1u,
                 "call " << number << " has " << (*heard)[number].size() << " answers");
  }

  std::shared_ptr<wall_ms> wall = std::make_shared<wall_ms>(1'800'000'000'000);
  test_config config;
  caf::actor_system sys{config};
  caf::scheduler::test_coordinator& sched =
      dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  std::vector<caf::strong_actor_ptr> cast;
  std::shared_ptr<heard_answers> heard = std::make_shared<heard_answers>();
  uint64_t calls = 0;
  caf::actor_config hearer_config;
  caf::strong_actor_ptr hearer = caf::make_actor<ear, caf::strong_actor_ptr>(
      sys.next_actor_id(), sys.node(), &sys, hearer_config, heard);
};

} // namespace restante
