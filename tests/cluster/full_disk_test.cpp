// A disk that is full: deposits are refused with a type, everything that frees room or only reads
// goes on, and service returns with the room. Needs the right to mount a small tmpfs.
#include "tests/cluster/engine_fixture.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>

namespace restante::cluster_tests {

namespace {

constexpr uint64_t mebibyte = 1024 * 1024;

/// A file system of its own, as large as said; `mounted` is false when that is not permitted.
class small_disk {
public:
  explicit small_disk(uint64_t mebibytes) {
    auto options = "size=" + std::to_string(mebibytes) + "m,mode=0700";
    mounted_ = ::mount("tmpfs", under_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() {
    if (mounted_)
      ::umount2(under_.path().c_str(), MNT_DETACH);
  }

  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const std::filesystem::path& path() const { return under_.path(); }

  /// Takes up room, until `remove_ballast`.
  void add_ballast(uint64_t bytes) const {
    int fd = ::open(ballast().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    BOOST_REQUIRE(fd >= 0);
    BOOST_TEST(::posix_fallocate(fd, 0, static_cast<off_t>(bytes)) == 0);
    ::close(fd);
  }
  void remove_ballast() const { std::filesystem::remove(ballast()); }

private:
  [[nodiscard]] std::filesystem::path ballast() const { return under_.path() / "ballast"; }

  temp_dir under_;
  bool mounted_ = false;
};

struct disk_fixture {
  small_disk disk{192};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(full_disk, disk_fixture)

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_deposits_and_recovers) {
  if (!disk.mounted()) {
    BOOST_TEST_MESSAGE("skipped: a tmpfs can't be mounted here (" << std::strerror(errno) << ")");
    return;
  }
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
