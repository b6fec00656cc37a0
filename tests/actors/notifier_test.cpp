// The notifier: each text to one gateway at a time, until it is taken over, refused or too old.
#include "actors/notifier.hpp"
#include "tests/support/stage.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

using std::chrono::seconds;

/// Passes everything on; pages, while it is late, only when they are let go.
struct late_pages {
  bool late = false;
  std::vector<std::function<void()>> kept;
};
using late_reader_actor = store_reader_actor::extend<caf::reacts_to<let_go>>;
late_reader_actor::behavior_type late_reader(late_reader_actor::pointer self,
                                             const store_reader_actor& behind,
                                             std::shared_ptr<late_pages> pages) {
  install_handlers(self, [] {});
  return {
      [=](const load_request& what) { return self->delegate(behind, what); },
      [=](const get_request& what) { return self->delegate(behind, what); },
      [=](const page_request& what) -> caf::result<page_reply> {
        auto reply = self->make_response_promise<page_reply>();
        self->request(behind, caf::infinite, what).then([reply, pages](page_reply& got) mutable {
          auto let_go = [reply, got]() mutable { reply.deliver(got); };
          if (pages->late)
            pages->kept.emplace_back(std::move(let_go));
          else
            let_go();
        });
        return reply;
      },
      [=](let_go) {
        for (auto& each : std::exchange(pages->kept, {}))
          each();
      },
  };
}

struct one_notifier : stage {
  struct phone {
    std::shared_ptr<std::vector<gateway_submit>> heard =
        std::make_shared<std::vector<gateway_submit>>();
    gateway_sink_actor sink;
    uint64_t session = 0;
    tenant_ptr who;

    [[nodiscard]] size_t count() const { return heard->size(); }
    [[nodiscard]] const sms::submit& last() const {
      BOOST_REQUIRE(!heard->empty());
      return heard->back().what;
    }
  };

  uint64_t sessions = 0;
  mailbox_id box = register_device(); // one text waits: welcome

  void credit(const phone& to, uint32_t texts) {
    tell(notifier, gateway_credit{to.session, to.who, texts}, to.sink);
    run();
  }

  phone connect(uint32_t texts, tenant_ptr who = nullptr) {
    phone out;
    out.sink = spawn(recording_gateway, out.heard);
    out.session = ++sessions;
    out.who = who ? who : gateway;
    credit(out, texts);
    return out;
  }

  call say(const phone& from, const notification_id& id, sms::submit_status status) {
    auto out = ask(notifier, submit_result{from.session, from.who, {id, status, "detail"}});
    run();
    return out;
  }

  call accept(const phone& from, const notification_id& id) {
    return say(from, id, sms::submit_status::accepted);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(notifier_test, one_notifier)

BOOST_AUTO_TEST_CASE(a_text_is_handed_over_once_and_leaves_a_record) {
  auto phone = connect(10);
  BOOST_REQUIRE_EQUAL(phone.count(), 1u);
  auto text = phone.last();
  BOOST_TEST(text.to == number);
  BOOST_TEST(text.from == "4711");
  BOOST_TEST(!text.text.empty());
  BOOST_TEST(text.expires_at == *wall + 24 * 3'600'000);
  BOOST_TEST(accept(phone, text.id).as<answer::done>().changed);
  BOOST_TEST(outbox().empty());
  BOOST_TEST(records_of("notification_handed_over") == 1u);
  advance(seconds{120});
  BOOST_TEST(phone.count() == 1u);
  BOOST_TEST(!accept(phone, text.id).as<answer::done>().changed); // the gateway repeats itself
  BOOST_TEST(records_of("notification_handed_over") == 1u);
}

// The reader took its snapshot before the row went, and is heard after.
BOOST_AUTO_TEST_CASE(a_page_from_before_a_text_ended_does_not_bring_it_back) {
  auto pages = std::make_shared<late_pages>();
  const auto slow = keep(spawn(late_reader, reader, pages));
  notifier = keep(spawn_notifier(sys, {held, slow, environment}));
  for (const auto status : {sms::submit_status::temporary_failure, sms::submit_status::accepted}) {
    pages->late = false;
    advance(seconds{60}); // the pause after a failure, too
    auto phone = connect(10);
    BOOST_REQUIRE_EQUAL(phone.count(), 1u);
    pages->late = true;
    tell(notifier, log_grew{0, true, nullptr});
    run();
    BOOST_REQUIRE(pages->kept.size() == 1u);
    BOOST_TEST(say(phone, phone.last().id, status).as<answer::done>().changed);
    tell(slow, let_go{});
    run();
    BOOST_TEST(phone.count() == 1u);
    pages->late = false;
    tell(slow, let_go{});
    credit(phone, 0); // it leaves
  }
  BOOST_TEST(outbox().empty());
  BOOST_TEST(records_of("notification_handed_over") == 1u);
}

BOOST_AUTO_TEST_CASE(a_gateway_whose_tenants_changed_gets_none_of_the_others_texts) {
  auto fewer = *gateway;
  fewer.serves = {"rival"};
  auto phone = connect(0); // greeted, and nothing to hand over yet
  tenants->put(fewer);
  credit(phone, 10); // as the session that began before
  BOOST_TEST(phone.count() == 0u);
  tenants->put(*gateway);
  credit(phone, 10);
  BOOST_TEST(phone.count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_text_stays_until_its_hand_over_is_on_disk) {
  auto phone = connect(10);
  tell(held, hold{});
  auto taken = accept(phone, phone.last().id);
  BOOST_TEST(taken.answers() == 0u);
  BOOST_TEST(outbox().size() == 1u);
  tell(held, let_go{});
  run();
  BOOST_TEST(taken.as<answer::done>().changed);
  BOOST_TEST(outbox().empty());
  BOOST_TEST(phone.count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_text_goes_out_as_soon_as_it_is_on_disk) {
  auto phone = connect(10);
  tell(held, hold{});
  auto deposited = ask_node(box, voicemail(), "d-1");
  run();
  BOOST_TEST(phone.count() == 1u);
  tell(held, let_go{});
  run();
  BOOST_TEST(deposited.reason() == "accepted");
  BOOST_TEST(phone.count() == 2u);
}

BOOST_AUTO_TEST_CASE(a_temporary_failure_is_tried_again_after_a_growing_pause) {
  auto phone = connect(10);
  auto id = phone.last().id;
  size_t handed = 1;
  for (int pause : {5, 10, 20, 40}) {
    BOOST_TEST(say(phone, id, sms::submit_status::temporary_failure).as<answer::done>().changed);
    advance(seconds{pause} - std::chrono::milliseconds{1});
    BOOST_TEST(phone.count() == handed);
    advance(seconds{2}); // the look-out is every second
    BOOST_TEST(phone.count() == ++handed);
    BOOST_TEST((phone.last().id == id));
  }
  BOOST_TEST(outbox().front().attempts == 4u);
  BOOST_TEST(records_of("notification_given_up") == 0u);
}

BOOST_AUTO_TEST_CASE(the_pause_is_bounded) {
  const milliseconds base{5'000}, most{900'000};
  BOOST_TEST(retry_pause(base, most, 0).count() == 5'000);
  BOOST_TEST(retry_pause(base, most, 7).count() == 640'000);
  BOOST_TEST(retry_pause(base, most, 8).count() == 900'000);
  BOOST_TEST(retry_pause(base, most, UINT32_MAX).count() == 900'000);
}

BOOST_AUTO_TEST_CASE(a_permanent_failure_ends_with_a_record) {
  auto phone = connect(10);
  say(phone, phone.last().id, sms::submit_status::permanent_failure);
  BOOST_TEST(outbox().empty());
  BOOST_TEST(records_of("notification_refused") == 1u);
  advance(seconds{60});
  BOOST_TEST(phone.count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_text_that_is_too_old_is_given_up_with_a_record) {
  const auto day = std::chrono::hours{24};
  advance(day, seconds{600});
  BOOST_TEST(outbox().size() == 1u);
  advance(seconds{2});
  BOOST_TEST(outbox().empty());
  BOOST_TEST(records_of("notification_given_up") == 1u);
  BOOST_TEST(connect(10).count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_leaves_gives_its_texts_to_another_with_their_id) {
  auto first = connect(10), second = connect(10);
  BOOST_REQUIRE_EQUAL(first.count(), 1u);
  BOOST_TEST(second.count() == 0u);
  credit(first, 0);
  BOOST_REQUIRE_EQUAL(second.count(), 1u);
  BOOST_TEST((second.last().id == first.last().id));
  BOOST_TEST(!accept(first, first.last().id).as<answer::done>().changed); // too late
  BOOST_TEST(accept(second, second.last().id).as<answer::done>().changed);
  BOOST_TEST(records_of("notification_handed_over") == 1u);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_says_nothing_is_asked_again_with_the_same_id) {
  auto phone = connect(10);
  advance(seconds{29});
  BOOST_TEST(phone.count() == 1u);
  advance(seconds{2});
  BOOST_REQUIRE_EQUAL(phone.count(), 2u);
  BOOST_TEST((phone.heard->front().what.id == phone.last().id));
}

BOOST_AUTO_TEST_CASE(no_gateway_has_more_open_than_its_credit) {
  for (int i = 0; i < 5; ++i)
    deposit(box, "d-" + std::to_string(i));
  auto phone = connect(2);
  for (size_t taken = 0; taken < 6; ++taken) {
    BOOST_TEST(phone.count() == std::min<size_t>(taken + 2, 6));
    accept(phone, (*phone.heard)[taken].what.id);
  }
  std::set<notification_id> ids;
  for (const auto& one : *phone.heard)
    BOOST_TEST(ids.insert(one.what.id).second);
  BOOST_TEST(outbox().empty());
}

BOOST_AUTO_TEST_CASE(texts_go_only_to_gateways_of_their_tenant) {
  auto foreign = connect(10, model_tests::tenant("their-smsc", role::sms_gateway, {"rival"}));
  BOOST_TEST(foreign.count() == 0u);
  auto ours = connect(10);
  BOOST_TEST(foreign.count() == 0u);
  BOOST_TEST(ours.count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_full_disk_does_not_repeat_the_text_to_the_subscriber) {
  auto phone = connect(10);
  auto id = phone.last().id;
  store->full = store->completely = true;
  auto commits = store->commits;
  auto refused = accept(phone, id);
  BOOST_TEST((refused.code() == errc::storage_full)); // the gateway says it again
  advance(seconds{20});
  BOOST_TEST(phone.count() == 1u);
  BOOST_TEST(store->commits <= commits + 1);
  store->full = store->completely = false;
  BOOST_TEST(accept(phone, id).as<answer::done>().changed);
  BOOST_TEST(records_of("notification_handed_over") == 1u);
}

BOOST_AUTO_TEST_CASE(credit_survives_a_full_disk) {
  auto phone = connect(1);
  store->full = store->completely = true;
  for (int i = 0; i < 3; ++i)
    accept(phone, phone.last().id);
  store->full = store->completely = false;
  for (int i = 0; i < 3; ++i)
    deposit(box, "d-" + std::to_string(i));
  BOOST_TEST(phone.count() == 1u);
  accept(phone, phone.last().id);
  BOOST_TEST(phone.count() == 2u);
}

BOOST_AUTO_TEST_CASE(giving_up_on_a_full_disk_is_tried_again_at_leisure) {
  store->full = store->completely = true;
  auto commits = store->commits;
  for (int i = 0; i < 2'000 && sched.has_job(); ++i)
    sched.run_once();
  *wall += 25 * 3'600'000;
  sched.advance_time(seconds{1});
  for (int i = 0; i < 2'000 && sched.has_job(); ++i)
    sched.run_once();
  BOOST_TEST(!sched.has_job()); // it does not spin
  BOOST_TEST(store->commits <= commits + 1);
  store->full = store->completely = false;
  advance(seconds{60}, seconds{1});
  BOOST_TEST(outbox().empty());
  BOOST_TEST(records_of("notification_given_up") == 1u);
}

BOOST_AUTO_TEST_CASE(delivery_receipts_are_recorded) {
  notification_id id = id_of<notification_id>(7);
  int count = 0;
  for (auto [status, kind] : {std::pair{sms::delivery_status::delivered, "sms_delivered"},
                              {sms::delivery_status::undeliverable, "sms_undeliverable"},
                              {sms::delivery_status::expired, "sms_expired"},
                              {sms::delivery_status::unknown, "sms_unknown"}}) {
    auto done = ask(notifier, receipt_result{gateway, {id, status, std::to_string(++count)}});
    run();
    BOOST_TEST(done.as<answer::done>().changed);
    BOOST_TEST(records_of(kind) == 1u);
  }
  tell(held, hold{});
  auto waiting = ask(notifier, receipt_result{gateway, {id, sms::delivery_status::delivered, {}}});
  run();
  BOOST_TEST(waiting.answers() == 0u);
  tell(held, let_go{});
  run();
  BOOST_TEST(waiting.answers() == 1u);
}

BOOST_AUTO_TEST_CASE(texts_wait_for_a_gateway_across_a_restart) {
  auto id = outbox().front().id;
  restart();
  auto phone = connect(10);
  BOOST_TEST((phone.last().id == id));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
