// The [cluster] table: what becomes of its values, and every bad one as a row (see
// config_refusal_test.cpp).
#include "tests/cluster/config_support.hpp"

using namespace restante;
using namespace restante::config_tests;

namespace {

std::string hex(char digit) { return std::string(64, digit); }

std::string member_table(std::string_view name, int number, std::string_view region = "eu1") {
  const auto digit = std::to_string(number);
  return "[[cluster.member]]\nname = \"" + std::string{name} + "\"\nregion = \"" +
         std::string{region} + "\"\naddress = \"tcp://10.0.0." + digit +
         ":5610\"\npublic_key = \"" + hex(digit.back()) + "\"\nlane = " + digit + "\n";
}

/// Lines 7 to 9; what a row adds begins in line 10.
const std::string alone = good + "[cluster]\nnode = \"n-1\"\nlisten = \"tcp://10.0.0.1:5610\"\n";
const std::string one_member = member_table("n-1", 1);      // six lines
const std::string etcd = alone + "membership = \"etcd\"\n"; // line 10
const std::string gateway = "etcd = [\"http://127.0.0.1:2379\"]\n";

/// The row's lines from line 10 on, then the one member.
refusal of_key(std::string lines, std::string at, const char* reason, std::string says) {
  return {alone + lines + one_member, std::move(at), reason, std::move(says)};
}

/// A second member from line 16 on, of good lines but the one that the row gives; `line` counts
/// from its header, 0.
refusal of_member(size_t line, std::string instead, std::string at, const char* reason,
                  std::string says) {
  std::string text = member_table("n-2", 2);
  size_t begin = 0;
  for (size_t i = 0; i < line; ++i)
    begin = text.find('\n', begin) + 1;
  text.replace(begin, text.find('\n', begin) + 1 - begin, instead);
  return {alone + one_member + text, std::move(at), reason, std::move(says)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_cluster)

BOOST_AUTO_TEST_CASE(the_shortest_cluster_gets_every_default) {
  const auto config = read(alone + one_member);
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  cluster_config expected;
  expected.node = "n-1";
  expected.listen = "tcp://10.0.0.1:5610";
  expected.replicas = 2;
  expected.acknowledged = cluster_config::durability::local;
  expected.grace = std::chrono::seconds{5};
  expected.from = cluster_config::source::fixed;
  expected.members.resize(1);
  expected.members[0].name = "n-1";
  expected.members[0].region = "eu1";
  expected.members[0].address = "tcp://10.0.0.1:5610";
  expected.members[0].public_key = std::string(32, '\x11');
  expected.members[0].lane = 1;
  expected.lane = 1;
  BOOST_TEST((config->cluster == expected));
  BOOST_TEST(!read(good)->cluster.has_value());
}

BOOST_AUTO_TEST_CASE(every_key_of_a_static_cluster_is_read_and_members_are_in_order) {
  const auto key = hex('a') + "\"\nlane = 0\n";
  const auto config = read(good + R"([cluster]
node = "b"
listen = "tcp://*:1"
replicas = 5
durability = "replicated"
grace_seconds = 3600
membership = "static"
[[cluster.member]]
name = "c"
region = "us1"
address = "tcp://[2001:db8::1]:65535"
public_key = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
lane = 15
[[cluster.member]]
name = "b"
region = "eu1"
address = "tcp://10.0.0.1:2"
public_key = ")" + key + R"([[cluster.numbering]]
region = "us1"
prefixes = ["1"]
[[cluster.numbering]]
region = "eu1"
prefixes = ["+33", "49", "+123456789012345"]
)");
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  cluster_config expected;
  expected.node = "b";
  expected.listen = "tcp://*:1";
  expected.replicas = 5;
  expected.acknowledged = cluster_config::durability::replicated;
  expected.grace = std::chrono::seconds{3600};
  expected.members.resize(2);
  auto &b = expected.members[0], &c = expected.members[1];
  b.name = "b";
  b.region = "eu1";
  b.address = "tcp://10.0.0.1:2";
  b.public_key = std::string(32, '\xAA');
  b.lane = 0;
  c.name = "c";
  c.region = "us1";
  c.address = "tcp://[2001:db8::1]:65535";
  const std::string half = "\x01\x23\x45\x67\x89\xAB\xCD\xEF";
  c.public_key = half + half + half + half;
  c.lane = 15;
  expected.numbering = {{"+1", "us1"}, {"+123456789012345", "eu1"}, {"+33", "eu1"}, {"+49", "eu1"}};
  BOOST_TEST((config->cluster == expected));
}

BOOST_AUTO_TEST_CASE(every_key_of_a_cluster_by_etcd_is_read) {
  const auto config = read(etcd + R"(
etcd = ["http://127.0.0.1:2379", "https://etcd-1.example.net:1", "http://[::1]:2"]
etcd_prefix = "/x/"
lane = 15
[[cluster.numbering]]
region = "anywhere"
prefixes = ["+33"]
)");
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  cluster_config expected;
  expected.node = "n-1";
  expected.listen = "tcp://10.0.0.1:5610";
  expected.from = cluster_config::source::etcd;
  expected.etcd = {"http://127.0.0.1:2379", "https://etcd-1.example.net:1", "http://[::1]:2"};
  expected.etcd_prefix = "/x/";
  expected.lane = 15;
  expected.numbering = {{"+33", "anywhere"}};
  BOOST_TEST((config->cluster == expected));
  const auto shortest = read(etcd + gateway + "lane = 0\n");
  BOOST_REQUIRE_MESSAGE(shortest, (shortest ? "" : shortest.error().text));
  BOOST_TEST(shortest->cluster->etcd_prefix == "/restante/");
}

BOOST_AUTO_TEST_CASE(unknown_keys_and_other_types_are_refused) {
  check_all({
      of_key("nod = \"x\"\n", "10:1:", "config_unknown_key", "key of [cluster], found 'nod'"),
      of_key("replica = 1\n", "10:1:", "config_unknown_key", "did you mean 'replicas'?"),
      of_key("[[cluster.members]]\n", "10:11:", "config_unknown_key", "did you mean 'member'?"),
      of_key("[cluster.etcd_tls]\n", "10:10:", "config_unknown_key", "[cluster]"),
      of_key("[[cluster.numbering]]\nprefix = 1\n", "11:1:", "config_unknown_key", "'prefixes'?"),
      of_member(1, "nam = \"x\"\n", "17:1:", "config_unknown_key", "key of [[cluster.member]]"),
      {"cluster = 1\n" + good, "1:11:", "config_type", "a table [cluster], found an integer"},
      {good + "[[cluster]]\n", "7:", "config_type", "a table [cluster], found an array"},
      {alone + "member = 1\n", "10:10:", "config_type", "tables [[cluster.member]], found an int"},
      {alone + "member = [1]\n", "10:11:", "config_type", "tables [[cluster.member]]"},
      of_key("replicas = \"2\"\n", "10:12:", "config_type", "an integer for replicas"),
      of_key("durability = true\n", "10:14:", "config_type", "a string in quotes"),
      of_key("[cluster.numbering]\n", "10:", "config_type", "tables [[cluster.numbering]]"),
      of_key("[[cluster.numbering]]\nregion = \"eu1\"\nprefixes = \"+33\"\n",
             "12:12:", "config_type", "strings in brackets for prefixes, found a string"),
      of_key("[[cluster.numbering]]\nregion = \"eu1\"\nprefixes = [\"+33\", 49]\n",
             "12:20:", "config_type", "a string in quotes for prefixes, found an integer"),
      of_key("[[cluster.numbering]]\nregion = \"eu1\"\nprefixes = [\"+3\\n3\"]\n",
             "12:13:", "config_not_text", "control characters"),
      {etcd + "lane = 0\netcd = \"http://127.0.0.1:2379\"\n", "12:8:", "config_type",
       "in brackets"},
      of_member(5, "lane = 2.0\n", "21:8:", "config_type", "an integer for lane"),
  });
}

BOOST_AUTO_TEST_CASE(what_is_absent_is_refused_at_its_table) {
  check_all({
      {good + "[cluster]\nlisten = \"tcp://10.0.0.1:1\"\n" + one_member, "7:1:", "config_missing",
       "node in [cluster], this node's name"},
      {good + "[cluster]\nnode = \"n-1\"\n" + one_member, "7:1:", "config_missing",
       "listen in [cluster]"},
      {alone, "7:1:", "config_missing", "a [[cluster.member]] for each node, this one too"},
      {alone + "member = []\n", "10:10:", "config_missing", "a [[cluster.member]] for each node"},
      of_member(1, "", "16:1:", "config_missing", "name in [[cluster.member]]"),
      of_member(2, "", "16:1:", "config_missing", "region in [[cluster.member]]"),
      of_member(3, "", "16:1:", "config_missing", "address in [[cluster.member]]"),
      of_member(4, "", "16:1:", "config_missing", "public_key in [[cluster.member]]"),
      of_member(5, "", "16:1:", "config_missing", "lane in [[cluster.member]]"),
      {etcd + "lane = 0\n", "7:1:", "config_missing", "etcd in [cluster]"},
      {etcd + gateway, "7:1:", "config_missing", "lane in [cluster], a number that no other"},
      of_key("[[cluster.numbering]]\nregion = \"eu1\"\n", "10:1:", "config_missing",
             "prefixes in [[cluster.numbering]]"),
      of_key("[[cluster.numbering]]\nprefixes = [\"1\"]\n", "10:1:", "config_missing",
             "region in [[cluster.numbering]]"),
  });
}

BOOST_AUTO_TEST_CASE(numbers_words_and_names_are_checked) {
  std::vector<refusal> rows{
      of_key("replicas = 0\n", "10:12:", "config_range", "1 to 5 for replicas, found 0"),
      of_key("replicas = 6\n", "10:12:", "config_range", "1 to 5 for replicas, found 6"),
      of_key("grace_seconds = 0\n", "10:17:", "config_range", "1 to 3600 for grace_seconds"),
      of_key("grace_seconds = 3601\n", "10:17:", "config_range", "found 3601"),
      of_key("durability = \"remote\"\n", "10:14:", "config_word", "one of local, replicated"),
      of_key("membership = \"fixed\"\n", "10:14:", "config_word", "one of static, etcd"),
      of_member(5, "lane = 16\n", "21:8:", "config_range", "0 to 15 for lane, found 16"),
      of_member(5, "lane = -1\n", "21:8:", "config_range", "0 to 15 for lane, found -1"),
      {etcd + gateway + "lane = 16\n", "12:8:", "config_range", "0 to 15 for lane"},
      of_member(2, "region = \"EU1\"\n", "18:10:", "config_range", "a-z and 0-9, found 'EU1'"),
      of_key("[[cluster.numbering]]\nregion = \"e-u\"\nprefixes = [\"1\"]\n",
             "11:10:", "config_range", "a-z and 0-9, found 'e-u'"),
      of_key("[[cluster.numbering]]\nregion = \"eu1\"\nprefixes = []\n", "12:12:", "config_range",
             "one string or more for prefixes"),
      {etcd + "etcd = []\nlane = 0\n", "11:8:", "config_range", "one string or more for etcd"},
  };
  for (const auto& bad : {std::string{}, std::string{"N-1"}, std::string{"n_1"}, std::string{"n 1"},
                          std::string{"\xC3\xA9"}, std::string(65, 'n')}) {
    rows.push_back(of_member(1, "name = \"" + bad + "\"\n", "17:8:", "config_range",
                             "a node's name of 1 to 64 characters of a-z, 0-9 and '-'"));
    rows.push_back(
        {good + "[cluster]\nnode = \"" + bad + "\"\nlisten = \"tcp://10.0.0.1:1\"\n" + one_member,
         "8:8:", "config_range", "a node's name"});
  }
  for (const auto& bad : {std::string{}, hex('g'), hex('1') + "1", hex('1') + "11",
                          std::string(62, '1'), std::string(40, 'a')})
    rows.push_back(of_member(4, "public_key = \"" + bad + "\"\n", "20:14:", "config_range",
                             "a CURVE key of 64 hex digits, found '" + bad + "'"));
  for (const auto* bad : {"", "+", "++1", "0", "+033", "33x", "+33 6", "1234567890123456"})
    rows.push_back(of_key("[[cluster.numbering]]\nregion = \"eu1\"\nprefixes = [\"+49\", \"" +
                              std::string{bad} + "\"]\n",
                          "12:20:", "config_range", "a prefix of 1 to 15 digits"));
  for (const auto* bad : {"", "restante", "/restante", "restante/"})
    rows.push_back({etcd + gateway + "lane = 0\netcd_prefix = \"" + bad + "\"\n",
                    "13:15:", "config_range", "begins and ends with '/'"});
  rows.push_back({etcd + gateway + "lane = 0\netcd_prefix = \"/" + std::string(63, 'x') + "/\"\n",
                  "13:15:", "config_range", "at most 64 bytes"});
  check_all(rows);
  BOOST_TEST(read(etcd + gateway + "lane = 0\netcd_prefix = \"/\"\n").has_value());
}

BOOST_AUTO_TEST_CASE(addresses_are_checked) {
  std::vector<refusal> rows;
  for (const auto* bad : {"", "10.0.0.1:1", "ipc:///run/peers", "ipc://peers", "udp://10.0.0.1:1",
                          "tcp://", "tcp://10.0.0.1", "tcp://10.0.0.1:0", "tcp://10.0.0.1:65536",
                          "tcp://eu1.example.net:1", "tcp://10.0.0.1:*"}) {
    rows.push_back({good + "[cluster]\nnode = \"n-1\"\nlisten = \"" + bad + "\"\n" + one_member,
                    "9:10:", "config_address", "expected tcp://, a numeric address or *"});
    rows.push_back(of_member(3, "address = \"" + std::string{bad} + "\"\n",
                             "19:11:", "config_address", "a numeric address that peers reach"));
  }
  for (const auto* any : {"tcp://*:1", "tcp://0.0.0.0:1", "tcp://[::]:1"}) {
    rows.push_back(of_member(3, "address = \"" + std::string{any} + "\"\n",
                             "19:11:", "config_address", "a numeric address that peers reach"));
    rows.push_back({good + "[cluster]\nnode = \"n-1\"\nlisten = \"" + any +
                        "\"\nmembership = \"etcd\"\nlane = 0\n" + gateway,
                    "9:10:", "config_conflict", "that peers reach beside membership \"etcd\""});
  }
  for (const auto* bad :
       {"", "http://", "127.0.0.1:2379", "tcp://127.0.0.1:2379", "http://etcd",
        "http://etcd:", "http://etcd:0", "http://etcd:65536", "http://:2379", "http://etcd:2379/",
        "http://u:p@etcd:2379", "http://*:2379", "http://et cd:2379", "http://::1:2379",
        "http://[::g]:1", "HTTP://etcd:2379", "http://-:1"})
    rows.push_back({etcd + "lane = 0\netcd = [\"http://a:1\", \"" + bad + "\"]\n",
                    "12:23:", "config_address", "http:// or https://, a host and a port"});
  check_all(rows);
}

BOOST_AUTO_TEST_CASE(members_share_nothing) {
  check_all({
      of_member(1, "name = \"n-1\"\n", "17:8:", "config_conflict", "a name of its own, found that"),
      of_member(3, "address = \"tcp://10.0.0.1:5610\"\n", "19:11:", "config_conflict",
                "an address of its own, found that of member 1"),
      of_member(3, "address = \"tcp://10.0.0.1:05610\"\n", "19:11:", "config_conflict",
                "an address of its own"),
      of_member(4, "public_key = \"" + hex('1') + "\"\n", "20:14:", "config_conflict",
                "a key of its own, found that of member 1"),
      of_member(5, "lane = 1\n", "21:8:", "config_conflict", "a lane of its own, found that of"),
  });
  const auto small = alone + member_table("n-1", 1), other = member_table("n-3", 3);
  auto capital = member_table("n-2", 2);
  capital.replace(capital.find(hex('2')), 64, hex('A'));
  auto lower = other;
  lower.replace(lower.find(hex('3')), 64, hex('a'));
  check({small + capital + lower, "26:14:", "config_conflict", "that of member 2"});
  BOOST_TEST(read(small + member_table("n-2", 2) + other).has_value());
}

BOOST_AUTO_TEST_CASE(at_most_sixteen_members_are_taken) {
  auto text = alone;
  for (int number = 0; number < 16; ++number) {
    auto table = member_table("n-" + std::to_string(number), number);
    const std::string own = number < 10 ? "0" : "f";
    text += table.replace(table.find("public_key = \"") + 14, 1, own);
  }
  const auto full = read(text);
  BOOST_REQUIRE_MESSAGE(full, (full ? "" : full.error().text));
  BOOST_TEST(full->cluster->members.size() == 16U);
  check({text + "[[cluster.member]]\n", "106:", "config_range", "at most 16 members, found 17"});
}

BOOST_AUTO_TEST_CASE(this_node_is_one_of_the_members_in_its_own_region) {
  check_all({
      {alone + member_table("n-2", 2), "8:8:", "config_conflict",
       "the name of a [[cluster.member]], found 'n-1'; list every node, this one too"},
      {alone + member_table("n-1", 1, "us1"), "12:10:", "config_conflict",
       "expected 'eu1', the region in [node], for the member that is this node, found 'us1'"},
      // The misspelt name is what to mend.
      {alone + member_table("N-1", 1), "11:8:", "config_range", "a node's name"},
  });
  BOOST_TEST(read(alone + one_member + member_table("n-2", 2, "us1")).has_value());
}

BOOST_AUTO_TEST_CASE(keys_of_the_other_source_of_membership_are_refused) {
  check_all({
      of_key(gateway, "10:8:", "config_conflict", "no etcd beside membership \"static\""),
      of_key("etcd_prefix = \"/x/\"\n", "10:15:", "config_conflict", "no etcd_prefix beside"),
      of_key("lane = 0\n", "10:8:", "config_conflict", "that of the [[cluster.member]] counts"),
      {etcd + gateway + "lane = 0\n" + one_member, "13:", "config_conflict",
       "no [[cluster.member]] beside membership \"etcd\""},
      {etcd + gateway + "lane = 0\nmember = []\n", "13:", "config_conflict",
       "no [[cluster.member]]"},
  });
}

BOOST_AUTO_TEST_CASE(settings_that_contradict_each_other_are_refused) {
  const auto listening = [](std::string address, std::string says) {
    return refusal{good + "[cluster]\nnode = \"n-1\"\nlisten = \"" + address + "\"\n" + one_member,
                   "9:10:", "config_conflict", "an address of its own, found that of " + says};
  };
  const auto numbering = [](std::string region, std::string prefixes) {
    return "[[cluster.numbering]]\nregion = \"" + region + "\"\nprefixes = [" + prefixes + "]\n";
  };
  check_all({
      listening("tcp://127.0.0.1:5601", "endpoint 1"),
      listening("tcp://*:5601", "endpoint 1"),
      listening("tcp://127.0.0.1:9464", "the metrics"),
      listening("tcp://[::]:9464", "the metrics"),
      of_key("replicas = 1\ndurability = \"replicated\"\n", "11:14:", "config_conflict",
             "\"local\" beside replicas = 1"),
      {alone + one_member + member_table("n-2", 2, "us1") + numbering("eu1", "'+33', '+49'") +
           numbering("us1", "'1', '33'"),
       "27:18:", "config_conflict", "prefix once, found '+33', which region 'eu1' has already"},
      {alone + one_member + numbering("eu1", "'33', '+33'"), "18:19:", "config_conflict",
       "each prefix once"},
      {alone + one_member + numbering("us1", "'1'"), "17:10:", "config_conflict",
       "the region of a [[cluster.member]], found 'us1'"},
  });
  BOOST_TEST(read(alone + one_member + numbering("eu1", "'3', '33', '+336'")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
