// A disk with little room: a file system of its own, in memory, gone with the test. Needs the right
// to mount; every case that makes one is decorated with `*wants_small_disk`, so that it counts as
// skipped where that right is missing, and never as passed.
#pragma once

#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

namespace restante {

class small_disk {
public:
  /// Throws std::system_error.
  explicit small_disk(uint64_t mebibytes) {
    auto options = "size=" + std::to_string(mebibytes) + "m,mode=0700";
    if (::mount("tmpfs", under_.path().c_str(), "tmpfs", 0, options.c_str()) != 0)
      throw std::system_error{errno, std::generic_category(), "a tmpfs can't be mounted here"};
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() { ::umount2(under_.path().c_str(), MNT_DETACH); }

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
};

/// Whether there are small disks here; asked for each case before its fixture is made.
inline boost::test_tools::assertion_result small_disks_here(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result out{true};
  try {
    const small_disk tried{1};
  } catch (const std::system_error& error) {
    out = false;
    out.message() << error.what();
  }
  return out;
}
inline const boost::unit_test::precondition wants_small_disk{small_disks_here};

} // namespace restante
