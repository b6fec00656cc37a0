// A disk with little room: a file system of its own, in memory, gone with the test. Needs the right
// to mount; a test that has not got it says so and checks nothing.
#pragma once

#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace restante {

class small_disk {
public:
  explicit small_disk(uint64_t mebibytes) {
    auto options = "size=" + std::to_string(mebibytes) + "m,mode=0700";
    mounted_ = ::mount("tmpfs", under_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
    if (!mounted_)
      BOOST_TEST_MESSAGE("skipped: a tmpfs can't be mounted here (" << std::strerror(errno) << ")");
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

} // namespace restante
