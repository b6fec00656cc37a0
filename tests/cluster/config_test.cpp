// The configuration: which files are read, what becomes of their values and addresses.
#include "tests/cluster/config_support.hpp"

#include <sys/stat.h>

using namespace restante;
using namespace restante::config_tests;
namespace fs = std::filesystem;
using e = endpoint_config;

BOOST_AUTO_TEST_SUITE(config)

BOOST_AUTO_TEST_CASE(the_shortest_file_gets_every_default) {
  const temp_dir dir;
  const auto read = read_config(write_file(dir.path() / "restante.toml", good));
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().text));
  node_config expected;
  expected.data = dir.path() / "data";
  expected.keys = dir.path() / "keys";
  expected.region = "eu1";
  expected.endpoints = {
      endpoint(e::kind::mvno, e::pattern::router, e::security::curve, "tcp://127.0.0.1:5601")};
  BOOST_TEST((*read == expected));
}

BOOST_AUTO_TEST_CASE(every_key_is_read) {
  const auto config = read(R"(
[node]
data = "/d/data"
keys = "/k/../keys"
region = "0123456789abcdef"
language = "pt-BR"
worker_threads = 3
mailbox_idle_seconds = 61
[log]
level = "warning"
file = "/l/log"
[metrics]
address = "[::1]:1"
[pin]
digits_min = 4
[storage]
reserve_mib = 1048576
cache_mib = 2
[sms]
retry_base_milliseconds = 7
retry_max_milliseconds = 8
give_up_hours = 9
[[endpoint]]
kind = "sms"
security = "none"
tenant = "gateway"
address = "tcp://[::1]:2"
[[endpoint]]
kind = "mvno"
pattern = "sub"
address = "tcp://*:65535"
[[endpoint]]
kind = "admin"
security = "curve"
address = "ipc:///run/a"
)");
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  node_config expected;
  expected.data = "/d/data";
  expected.keys = "/k/../keys";
  expected.region = "0123456789abcdef";
  expected.language = "pt-BR";
  expected.worker_threads = 3;
  expected.mailbox_idle = std::chrono::seconds{61};
  expected.log_level = "warning";
  expected.log_file = "/l/log";
  expected.metrics_address = "[::1]:1";
  expected.pin_digits_min = 4;
  expected.disk_reserve_bytes = uint64_t{1} << 40;
  expected.cache_bytes = 2 * 1024 * 1024;
  expected.sms_retry_base = std::chrono::milliseconds{7};
  expected.sms_retry_max = std::chrono::milliseconds{8};
  expected.sms_give_up = std::chrono::hours{9};
  expected.endpoints = {
      endpoint(e::kind::sms, e::pattern::router, e::security::none, "tcp://[::1]:2", "gateway"),
      endpoint(e::kind::mvno, e::pattern::sub, e::security::curve, "tcp://*:65535"),
      endpoint(e::kind::admin, e::pattern::router, e::security::curve, "ipc:///run/a")};
  BOOST_TEST((*config == expected));
}

BOOST_AUTO_TEST_CASE(forms_people_write_are_accepted) {
  for (const auto& text :
       {"\xEF\xBB\xBF" + good, "\r\n" + good, good + "# " + std::string(80, '.') + "\n",
        good + "[metrics]\naddress = \"\"\n", good + "[log]\nfile = \"\"\n", good + "[sms]\n",
        std::string{"node.data = 'd'\nnode.region = 'x'\n"
                    "endpoint = [{kind = 'mvno', address = 'tcp://0.0.0.0:1'}]"},
        second + "kind = \"sms\"\naddress = \"tcp://127.0.0.2:5601\"",
        second + "kind = \"sms\"\naddress = \"tcp://[::]:5602\"",
        second + "kind = \"sms\"\naddress = \"tcp://[::2]:5601\"",
        second + "kind = \"sms\"\nsecurity = \"none\"\ntenant = \"g\"\naddress = \"ipc://g\""}) {
    const auto config = read(text);
    BOOST_TEST(config.has_value(), (config ? "" : config.error().text) << " in\n" << text);
  }
}

BOOST_AUTO_TEST_CASE(relative_paths_are_relative_to_the_file) {
  const temp_dir dir;
  fs::create_directory(dir.path() / "etc");
  const auto text = "[node]\nregion = \"a\"\ndata = \"../d/\"\n[log]\nfile = \"log/x\"\n"
                    "[[endpoint]]\nkind = \"admin\"\naddress = \"ipc://admin.sock\"\n";
  const auto config = read_config(write_file(dir.path() / "etc" / "restante.toml", text));
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  BOOST_TEST(config->data == dir.path() / "etc" / "../d/");
  BOOST_TEST(config->keys == dir.path() / "etc" / "../keys");
  BOOST_TEST(config->log_file == dir.path() / "etc" / "log/x");
  BOOST_TEST(config->endpoints[0].address == "ipc://" + (dir.path() / "etc/admin.sock").string());
}

BOOST_AUTO_TEST_CASE(keys_are_beside_data_however_data_is_written) {
  const temp_dir dir;
  fs::create_directory(dir.path() / "etc");
  for (const auto* data : {"x", "x/", ".", "./", "y/.."}) {
    const auto text = "[node]\nregion = \"a\"\ndata = \"" + std::string{data} + "\"\n" + gate;
    const auto config = read_config(write_file(dir.path() / "etc" / "restante.toml", text));
    BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
    const bool here = std::string_view{data}.starts_with("x");
    BOOST_TEST(config->keys.lexically_normal() == dir.path() / (here ? "etc/keys" : "keys"));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_refused_without_waiting) {
  const temp_dir dir;
  BOOST_REQUIRE(::mkfifo((dir.path() / "pipe").c_str(), 0600) == 0);
  write_file(dir.path() / "empty", "");
  write_file(dir.path() / "large", good + "#" + std::string(config_bytes_max, 'x'));
  const auto refused = [](const fs::path& file, std::string_view says) {
    const auto config = read_config(file);
    BOOST_REQUIRE(!config);
    BOOST_TEST_CONTEXT(config.error().text) {
      BOOST_TEST(config.error().reason == std::string_view{"config_unreadable"});
      BOOST_TEST(config.error().text.starts_with(file.string() + ":1:1: expected "));
      BOOST_TEST(config.error().text.find(says) != std::string::npos);
    }
  };
  refused(dir.path() / "none", "No such file");
  refused("", "No such file");
  refused(dir.path() / std::string(300, 'x'), "too long");
  refused(dir.path(), "found a directory");
  refused(dir.path() / "pipe", "found a pipe");
  refused("/dev/null", "found a device");
  refused(dir.path() / "empty", "empty file");
  refused(dir.path() / "large", "at most 1 MiB");
}

BOOST_AUTO_TEST_CASE(a_file_of_exactly_the_limit_is_read) {
  const auto filler = config_bytes_max - good.size() - 1;
  BOOST_TEST(read(good + "#" + std::string(filler, 'x')).has_value());
  BOOST_TEST(!read(good + "#" + std::string(filler + 1, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(keys_that_link_to_data_are_refused) {
  const temp_dir dir;
  fs::create_directory(dir.path() / "data");
  fs::create_directory_symlink("data", dir.path() / "keys");
  const auto config = read_config(write_file(dir.path() / "restante.toml", good));
  BOOST_REQUIRE(!config);
  BOOST_TEST(config.error().reason == std::string_view{"config_conflict"});
}

BOOST_AUTO_TEST_CASE(addresses_are_checked_before_they_are_bound) {
  const auto row = [](std::string address, std::string says, std::string extra = "") {
    return refusal{node + "[[endpoint]]\nkind = \"mvno\"\naddress = \"" + address + "\"\n" + extra,
                   "6:11:", extra.empty() ? "config_address" : "config_insecure", says};
  };
  const std::string open = "security = \"none\"\ntenant = \"t\"\n";
  std::vector<refusal> rows{row("", "tcp:// or ipc://"), row("udp://127.0.0.1:1", "tcp://")};
  for (const auto* bad : {"",
                          "127.0.0.1",
                          "127.0.0.1:",
                          "127.0.0.1:0",
                          "127.0.0.1:65536",
                          "127.0.0.1:-1",
                          "127.0.0.1:+1",
                          "127.0.0.1:1x",
                          "127.0.0.1:*",
                          "127.1:1",
                          "256.0.0.1:1",
                          "localhost:1",
                          "eth0:1",
                          "::1:1",
                          "[::1]",
                          "[]:1",
                          "[::g]:1",
                          ":1",
                          "*:",
                          "127.0.0.1;127.0.0.1:1"})
    rows.push_back(row("tcp://" + std::string{bad}, "numeric address"));
  for (const auto* bad : {"", "@name", "*", "dir/"})
    rows.push_back(row("ipc://" + std::string{bad}, "path of a socket"));
  rows.push_back(row("ipc:///" + std::string(100, 'x'), "at most 100 bytes, found 101"));
  rows.push_back(row("tcp://0.0.0.0:1", "all interfaces", open));
  rows.push_back(row("tcp://*:1", "all interfaces", open));
  rows.push_back(row("tcp://[::]:1", "all interfaces", open));
  rows.push_back(row("tcp://10.0.0.1:1", "a network address", open));
  rows.push_back(row("tcp://[::ffff:127.0.0.1]:1", "a network address", open));
  check_all(rows);
  BOOST_TEST(read(node + "[[endpoint]]\nkind = \"mvno\"\naddress = \"ipc:///" +
                  std::string(99, 'x') + "\"\n")
                 .has_value());
  check({second + "kind = \"admin\"\naddress = \"tcp://127.0.0.1:5602\"\n",
         "9:11:", "config_address", "ipc:// address for kind \"admin\""});
  for (const auto* bad : {"0.0.0.0:9464", "10.0.0.1:9464", "*:9464", "127.0.0.1", "localhost:1"})
    check({good + "[metrics]\naddress = \"" + bad + "\"\n", "8:11:", "config_address", "loopback"});
}

BOOST_AUTO_TEST_CASE(no_two_sockets_share_an_address) {
  const auto row = [](std::string first, std::string other, std::string says) {
    return refusal{node + "[[endpoint]]\nkind = \"mvno\"\naddress = \"" + first +
                       "\"\n[[endpoint]]\nkind = \"mvno\"\naddress = \"" + other + "\"\n",
                   "9:11:", "config_conflict", says};
  };
  check_all({
      row("tcp://127.0.0.1:1", "tcp://127.0.0.1:1", "endpoint 1"),
      row("tcp://127.0.0.1:1", "tcp://127.0.0.1:01", "endpoint 1"),
      row("tcp://127.0.0.1:1", "tcp://*:1", "endpoint 1"),
      row("tcp://0.0.0.0:1", "tcp://10.0.0.1:1", "endpoint 1"),
      row("tcp://[::]:1", "tcp://10.0.0.1:1", "endpoint 1"),
      row("tcp://[::]:1", "tcp://[::2]:1", "endpoint 1"),
      row("tcp://[::1]:1", "tcp://[0:0::1]:1", "endpoint 1"),
      row("ipc://a.sock", "ipc://./x/../a.sock", "endpoint 1"),
      row("tcp://127.0.0.1:1", "tcp://127.0.0.1:9464", "the metrics"),
  });
}

BOOST_AUTO_TEST_CASE(endpoints_are_bounded) {
  std::string text = node;
  for (size_t i = 1; i <= endpoints_max; ++i)
    text +=
        "[[endpoint]]\nkind = \"mvno\"\naddress = \"tcp://127.0.0.1:" + std::to_string(i) + "\"\n";
  BOOST_TEST(read(text).has_value());
  check({text + "[[endpoint]]\n", std::to_string(4 + 3 * endpoints_max) + ":", "config_range",
         "at most 256 endpoints, found 257"});
}

BOOST_AUTO_TEST_CASE(a_control_character_in_the_file_name_does_not_reach_the_text) {
  const auto config = read_config("no\nsuch\x1B[31mfile");
  BOOST_REQUIRE(!config);
  BOOST_TEST(config.error().text.starts_with("no such[31mfile:1:1: expected "));
}

BOOST_AUTO_TEST_SUITE_END()
