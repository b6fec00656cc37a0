// A disk that is full: deposits are refused with a type, everything that frees room or only reads
// goes on, and service returns with the room. Needs the right to mount a small tmpfs.
#include "tests/cluster/engine_fixture.hpp"
#include "tests/support/small_disk.hpp"

namespace restante::cluster_tests {

namespace {

constexpr uint64_t mebibyte = 1024 * 1024;

struct disk_fixture {
  small_disk disk{192};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(full_disk, disk_fixture)

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_deposits_and_recovers, *wants_small_disk) {
  engine_fixture node{{disk.path() / "data", 16 * mebibyte}};
  client asks{node.acme};
  auto ask = [&](mailbox_op what) {
    return asks.ask(engine_fixture::of(node.profile, std::move(what)), {}, patience);
  };
  auto kept = engine_fixture::voicemail(amr(100, 'k'));
  auto first = ask(kept);
  BOOST_TEST_REQUIRE(verdict(first) == "accepted");
  auto message = std::get<answer::deposited>(*first);

  disk.add_ballast(node.figures()["disk_free_bytes"] - 24 * mebibyte);
  std::string last;
  size_t stored = 0;
  for (; stored < 100; ++stored) {
    last = verdict(ask(engine_fixture::voicemail(amr(32 * 1024)))); // a mebibyte
    if (last != "accepted")
      break;
  }
  BOOST_TEST(last == "storage_full disk_reserve");
  BOOST_TEST(stored > 0U);
  BOOST_TEST(node.refused("disk_reserve") == 1U);

  // Refused means not stored, however often it is tried, also for other changes that add.
  auto before = node.written();
  auto large = engine_fixture::voicemail(amr(32 * 1024));
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(verdict(ask(large)) == "storage_full disk_reserve");
  BOOST_TEST(verdict(ask(op::set_greeting{{}, large.parts[0]})) == "storage_full disk_reserve");
  BOOST_TEST(node.written() == before);

  // Reading and deleting go on.
  op::retrieve retrieve{{message.message, 0}, channel::out_of_band, {}, "web page"};
  auto got = ask(retrieve);
  BOOST_TEST_REQUIRE(verdict(got) == "accepted");
  BOOST_TEST((std::get<answer::message>(*got).parts.at(0).bytes == kept.parts[0].bytes));
  auto listed = ask(op::list{});
  BOOST_TEST_REQUIRE(verdict(listed) == "accepted");
  auto headers = std::get<answer::listing>(*listed).headers;
  BOOST_TEST(headers.size() == stored + 2); // the fixture's, and the kept one
  BOOST_TEST(verdict(ask(op::remove{{headers.back().id, 0}, {}, {}, true})) == "accepted");
  BOOST_TEST(verdict(ask(op::set_pin{"739201"})) == "accepted");

  // Room returns, and with it the deposits.
  disk.remove_ballast();
  BOOST_TEST(verdict(ask(large)) == "accepted");
  BOOST_TEST(engine_fixture::deposit(node.acme, node.profile) == "accepted");
  node.teardown();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::cluster_tests
