#include "schemas/crypto.hpp"

#include <boost/test/unit_test.hpp>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

using namespace restante;
namespace fs = std::filesystem;

namespace {

secret_key counting_key() {
  std::array<uint8_t, 32> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(i);
  return secret_key{bytes};
}

std::string keyed(const std::vector<std::string_view>& parts) {
  return to_string(keyed_digest(counting_key(), parts));
}

std::string plain(const std::vector<std::string_view>& parts) {
  return to_string(plain_digest(parts));
}

/// A directory of its own for every test, gone afterwards.
struct directory {
  fs::path path;
  directory() {
    init_crypto();
    auto name = (fs::temp_directory_path() / "restante-crypto-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~directory() { fs::remove_all(path); }

  [[nodiscard]] fs::path file(std::string_view contents, fs::perms mode) const {
    auto name = path / "key";
    std::ofstream{name, std::ios::binary} << contents;
    fs::permissions(name, mode);
    return name;
  }
};

constexpr auto owner_only = fs::perms::owner_read | fs::perms::owner_write;
const std::string counting_hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

} // namespace

BOOST_AUTO_TEST_SUITE(crypto)

BOOST_AUTO_TEST_CASE(preparing_twice_does_no_harm) {
  init_crypto();
  BOOST_CHECK_NO_THROW(init_crypto());
}

// Computed with another implementation (Python's hashlib.blake2b, digest_size=16). Ids on disk
// are such digests: if one of these changes, every stored message loses its name.
BOOST_AUTO_TEST_CASE(digests_are_what_they_were_when_the_first_store_was_written) {
  const std::string long_part(300, 'x');
  const std::string_view binary{"\0\xff", 2};
  BOOST_CHECK_EQUAL(keyed({}), "3daf97bce7888fd59773c66bf647459c");
  BOOST_CHECK_EQUAL(keyed({""}), "a93a3b99d2c6ddb6177797d4335c4a42");
  BOOST_CHECK_EQUAL(keyed({"ab", "c"}), "c006572bf2a0f76fe91755c911b607d2");
  BOOST_CHECK_EQUAL(keyed({"a", "bc"}), "5fd9999f6b4cf06712e8d02a8a292cbb");
  BOOST_CHECK_EQUAL(keyed({long_part, binary}), "b47357168e85f91a3da5567bf790dbcd");
  BOOST_CHECK_EQUAL(plain({}), "cae66941d9efbd404e4d88758ea67670");
  BOOST_CHECK_EQUAL(plain({""}), "c804ce198ec337e3dc762bdd1a09aece");
  BOOST_CHECK_EQUAL(plain({"ab", "c"}), "4826ed043ab3cdec576d8541fa5d5a80");
  BOOST_CHECK_EQUAL(plain({"a", "bc"}), "f14abc19c330e936bb9c8506d69bac9b");
  BOOST_CHECK_EQUAL(plain({long_part, binary}), "b09429dd5a428cbf806d3af5c7fa8b9c");
}

BOOST_AUTO_TEST_CASE(another_key_makes_another_digest) {
  auto other = counting_key();
  other.bytes[31] ^= 1;
  const std::vector<std::string_view> parts{"ab", "c"};
  BOOST_CHECK(keyed_digest(other, parts) != keyed_digest(counting_key(), parts));
}

BOOST_AUTO_TEST_CASE(random_keys_and_bytes_differ_every_time) {
  init_crypto();
  BOOST_CHECK(random_key().bytes != random_key().bytes);
  BOOST_CHECK_EQUAL(random_bytes(33).size(), 33U);
  BOOST_CHECK(random_bytes(16) != random_bytes(16));
  BOOST_CHECK(random_bytes(0).empty());
}

BOOST_AUTO_TEST_CASE(a_dying_key_leaves_no_bytes) {
  alignas(secret_key) std::array<unsigned char, sizeof(secret_key)> room{};
  auto* key = new (room.data()) secret_key{counting_key()};
  BOOST_REQUIRE_EQUAL(room[31], 31);
  std::destroy_at(key);
  BOOST_CHECK((room == std::array<unsigned char, sizeof(secret_key)>{}));
}

BOOST_AUTO_TEST_CASE(a_key_cannot_be_made_from_nothing) {
  BOOST_CHECK(!std::is_default_constructible_v<secret_key>);
  BOOST_CHECK((!std::is_convertible_v<std::array<uint8_t, 32>, secret_key>));
}

BOOST_AUTO_TEST_CASE(secrets_are_equal_only_byte_for_byte) {
  BOOST_CHECK(equal_constant_time("", ""));
  BOOST_CHECK(equal_constant_time("secret", "secret"));
  BOOST_CHECK(!equal_constant_time("secret", "secreT"));
  BOOST_CHECK(!equal_constant_time("secret", "secre"));
  BOOST_CHECK(!equal_constant_time("secre", "secret"));
  BOOST_CHECK(!equal_constant_time({"a\0b", 3}, {"a\0c", 3}));
}

BOOST_FIXTURE_TEST_CASE(a_written_key_is_read_back, directory) {
  auto key = random_key();
  auto name = path / "pepper";
  BOOST_REQUIRE(write_key_file(name, key).has_value());
  auto read = read_key_file(name);
  BOOST_REQUIRE(read.has_value());
  BOOST_CHECK(read->bytes == key.bytes);
}

BOOST_FIXTURE_TEST_CASE(a_key_file_is_hex_and_a_newline_for_its_owner_only, directory) {
  auto name = path / "pepper";
  BOOST_REQUIRE(write_key_file(name, counting_key()).has_value());
  std::ifstream file{name, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  BOOST_CHECK_EQUAL(text, counting_hex + "\n");
  BOOST_CHECK(fs::status(name).permissions() == owner_only);
}

BOOST_FIXTURE_TEST_CASE(a_key_file_is_never_overwritten, directory) {
  auto name = path / "pepper";
  BOOST_REQUIRE(write_key_file(name, counting_key()).has_value());
  auto again = write_key_file(name, random_key());
  BOOST_REQUIRE(!again.has_value());
  BOOST_CHECK(again.error().code == errc::conflict);
  BOOST_CHECK_EQUAL(again.error().reason, "key_file_exists");
  BOOST_CHECK(again.error().text.find(name.string()) != std::string::npos);
  BOOST_CHECK(read_key_file(name)->bytes == counting_key().bytes);
}

BOOST_FIXTURE_TEST_CASE(a_key_file_in_no_directory_is_refused, directory) {
  auto name = path / "absent" / "pepper";
  auto written = write_key_file(name, counting_key());
  BOOST_REQUIRE(!written.has_value());
  BOOST_CHECK(written.error().code == errc::storage_failure);
  BOOST_CHECK_EQUAL(written.error().reason, "key_file_unwritable");
  BOOST_CHECK(written.error().text.find(name.string()) != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(capitals_and_a_missing_newline_are_read, directory) {
  auto capitals = counting_hex;
  for (char& c : capitals)
    c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  auto read = read_key_file(file(capitals, fs::perms::owner_read));
  BOOST_REQUIRE(read.has_value());
  BOOST_CHECK(read->bytes == counting_key().bytes);
}

BOOST_FIXTURE_TEST_CASE(malformed_key_files_are_refused_without_their_contents, directory) {
  for (const auto& contents :
       {std::string{}, std::string{"\n"}, counting_hex.substr(1) + "\n", counting_hex + "0\n",
        counting_hex + "\n\n", counting_hex + "00", counting_hex.substr(1) + "g\n",
        " " + counting_hex.substr(1), counting_hex + "\r\n", counting_hex + counting_hex}) {
    auto name = file(contents, owner_only);
    auto read = read_key_file(name);
    BOOST_TEST_CONTEXT(contents) {
      BOOST_REQUIRE(!read.has_value());
      BOOST_CHECK(read.error().code == errc::storage_failure);
      BOOST_CHECK_EQUAL(read.error().reason, "key_file_malformed");
      BOOST_CHECK(read.error().text.find(name.string()) != std::string::npos);
      BOOST_CHECK(read.error().text.find("0a0b0c") == std::string::npos);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_key_file_others_may_access_is_refused, directory) {
  for (auto more : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write,
                    fs::perms::others_exec}) {
    auto name = file(counting_hex + "\n", owner_only | more);
    auto read = read_key_file(name);
    BOOST_REQUIRE(!read.has_value());
    BOOST_CHECK(read.error().code == errc::invalid_request);
    BOOST_CHECK_EQUAL(read.error().reason, "key_file_exposed");
    BOOST_CHECK(read.error().text.find(name.string()) != std::string::npos);
  }
}

BOOST_FIXTURE_TEST_CASE(a_missing_key_file_is_named, directory) {
  auto name = path / "absent";
  auto read = read_key_file(name);
  BOOST_REQUIRE(!read.has_value());
  BOOST_CHECK(read.error().code == errc::not_found);
  BOOST_CHECK_EQUAL(read.error().reason, "key_file_missing");
  BOOST_CHECK(read.error().text.find(name.string()) != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_directory_or_a_pipe_is_no_key_file, directory) {
  auto pipe = path / "pipe";
  BOOST_REQUIRE_EQUAL(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& name : {path, pipe}) {
    auto read = read_key_file(name); // and does not wait for somebody to write into the pipe
    BOOST_REQUIRE(!read.has_value());
    BOOST_CHECK_EQUAL(read.error().reason, "key_file_unreadable");
  }
}

BOOST_AUTO_TEST_SUITE_END()
