#include "cluster/identity_file.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace restante {

namespace {

struct identity_fixture {
  temp_dir dir;
  std::filesystem::path file = dir.path() / "acme.toml";

  static std::string z85_of(const secret_key& key) {
    return to_z85({reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()});
  }

  static identity fresh() {
    const auto server = random_key();
    const auto own = random_key();
    return {"acme", "tcp://127.0.0.1:5601", to_z85(curve_public(server)), to_z85(curve_public(own)),
            z85_of(own)};
  }

  void put(const std::string& text, mode_t mode = 0600) const {
    std::ofstream{file} << text;
    BOOST_REQUIRE_EQUAL(::chmod(file.c_str(), mode), 0);
  }

  static std::string toml_of(const identity& who) {
    return "tenant = \"" + who.tenant + "\"\nendpoint = \"" + who.endpoint + "\"\nserver_key = \"" +
           who.server_key + "\"\npublic_key = \"" + who.public_key + "\"\nsecret_key = \"" +
           who.secret_key + "\"\n";
  }

  [[nodiscard]] std::string text() const {
    std::stringstream out;
    out << std::ifstream{file}.rdbuf();
    return out.str();
  }

  /// Reads what must be refused; the refusal has to name the file, `place` and `reason`.
  void check_refused(const std::string& place, std::string_view reason) const {
    const auto got = read_identity(file);
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().reason == reason);
    BOOST_TEST(got.error().text.starts_with(file.string() + place), got.error().text);
  }
};

bool same(const identity& a, const identity& b) {
  return a.tenant == b.tenant && a.endpoint == b.endpoint && a.server_key == b.server_key &&
         a.public_key == b.public_key && a.secret_key == b.secret_key;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(identity_file, identity_fixture)

BOOST_AUTO_TEST_CASE(what_was_written_is_read_again) {
  const auto who = fresh();
  BOOST_REQUIRE(write_identity(file, who));
  const auto got = read_identity(file);
  BOOST_REQUIRE(got);
  BOOST_TEST(same(*got, who));
}

// For another node of the cluster, whose key is known as its `init` printed it.
BOOST_AUTO_TEST_CASE(a_server_key_may_be_in_hex) {
  const auto who = fresh();
  auto hex = who;
  hex.server_key = to_hex(from_z85(who.server_key).value());
  put(toml_of(hex));
  const auto got = read_identity(file);
  BOOST_REQUIRE_MESSAGE(got, got.error().text);
  BOOST_TEST(got->server_key == who.server_key);
}

BOOST_AUTO_TEST_CASE(an_identity_without_keys_is_for_a_local_socket) {
  const identity who{"operator", "ipc:///run/a \"quoted\\ path.sock", {}, {}, {}};
  BOOST_REQUIRE(write_identity(file, who));
  const auto got = read_identity(file);
  BOOST_REQUIRE(got);
  BOOST_TEST(same(*got, who));
}

BOOST_AUTO_TEST_CASE(only_the_owner_can_read_a_new_file_whatever_the_umask) {
  const auto before = ::umask(0);
  const auto done = write_identity(file, fresh());
  ::umask(before);
  BOOST_REQUIRE(done);
  struct stat about {};
  BOOST_REQUIRE_EQUAL(::stat(file.c_str(), &about), 0);
  BOOST_TEST((about.st_mode & 07777) == 0600U);
}

BOOST_AUTO_TEST_CASE(a_file_that_exists_is_not_overwritten) {
  put("precious");
  const auto done = write_identity(file, fresh());
  BOOST_REQUIRE(!done);
  BOOST_TEST((done.error().code == errc::conflict));
  BOOST_TEST(text() == "precious");
}

BOOST_AUTO_TEST_CASE(a_directory_that_does_not_exist_is_named) {
  const auto done = write_identity(dir.path() / "none" / "acme.toml", fresh());
  BOOST_REQUIRE(!done);
  BOOST_TEST(done.error().reason == std::string_view{"identity_unwritable"});
  BOOST_TEST(done.error().text.find("none/acme.toml") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_the_group_or_others_can_access_is_refused) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    put(toml_of(fresh()), mode);
    check_refused(":1:1: ", "identity_exposed");
  }
  put(toml_of(fresh()), 0400);
  BOOST_TEST(read_identity(file).has_value());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_refused) {
  check_refused(":1:1: ", "config_unreadable");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_refused_with_its_line) {
  put(toml_of(fresh()) + "secret_kye = \"x\"\n");
  check_refused(":6:1: ", "config_unknown_key");
}

BOOST_AUTO_TEST_CASE(an_absent_key_is_named) {
  put("tenant = \"acme\"\n");
  check_refused(":1:1: ", "config_missing");
  BOOST_TEST(read_identity(file).error().text.find("endpoint") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_value_of_another_type_is_refused_with_its_line) {
  put("tenant = \"acme\"\nendpoint = 5601\n");
  check_refused(":2:12: ", "config_type");
}

BOOST_AUTO_TEST_CASE(an_endpoint_of_no_known_kind_is_refused_with_its_line) {
  put("tenant = \"acme\"\nendpoint = \"127.0.0.1:5601\"\n");
  check_refused(":2:12: ", "identity_malformed");
  put("tenant = \"acme\"\nendpoint = \"\"\n");
  check_refused(":2:12: ", "identity_malformed");
}

BOOST_AUTO_TEST_CASE(a_malformed_key_is_refused_with_its_line) {
  auto who = fresh();
  who.server_key.pop_back();
  put(toml_of(who));
  check_refused(":3:14: ", "identity_malformed");
}

BOOST_AUTO_TEST_CASE(keys_come_together_or_not_at_all) {
  put("tenant = \"acme\"\nendpoint = \"tcp://127.0.0.1:5601\"\nserver_key = \"" +
      fresh().server_key + "\"\n");
  check_refused(":1:1: ", "config_missing");
}

BOOST_AUTO_TEST_CASE(a_public_key_of_another_pair_is_refused_with_its_line) {
  auto who = fresh();
  who.public_key = fresh().public_key;
  put(toml_of(who));
  check_refused(":4:14: ", "identity_malformed");
}

BOOST_AUTO_TEST_CASE(no_refusal_repeats_the_secret_key) {
  const auto who = fresh();
  const auto good = toml_of(who);
  for (const auto& bad : {good + "secret_key = \"" + who.secret_key + "\"\n", // twice
                          good.substr(0, good.size() - 2),                    // no closing quote
                          good + who.secret_key + "\n",                       // no key before it
                          "tenant = 5\nsecret_key = \"" + who.secret_key + "x\"\n"}) {
    put(bad);
    const auto got = read_identity(file);
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().text.find(who.secret_key.substr(0, 12)) == std::string::npos,
               got.error().text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
