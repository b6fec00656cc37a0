// The files we write ourselves: accepted, complete, and harmless when damaged.
#include "cluster/example_config.hpp"
#include "tests/cluster/config_support.hpp"

#include <algorithm>
#include <random>

using namespace restante;
using namespace restante::config_tests;
namespace fs = std::filesystem;
using e = endpoint_config;

namespace {

/// With the [cluster] table switched on, as the example says to.
std::string switched_on(std::string_view example) {
  std::string text;
  while (!example.empty()) {
    auto line = example.substr(0, example.find('\n') + 1);
    example.remove_prefix(line.size());
    if (line.size() > 2 && line[0] == '#' && line[1] != ' ')
      line.remove_prefix(1);
    text += line;
  }
  return text;
}

/// What stands below each header of that table, to the next blank line.
std::string sections_of(const std::string& example, const std::string& table) {
  std::string all;
  const auto header = "\n" + table + "\n";
  for (auto at = example.find(header); at != example.npos; at = example.find(header, at + 1))
    all += example.substr(at, example.find("\n\n", at) - at);
  return all;
}

/// One random change of a few bytes: what a slip of the hand or of a disk does.
std::string mutated(std::string text, std::mt19937& random) {
  const auto below = [&](size_t n) { return random() % n; };
  for (size_t changes = 1 + below(4); changes > 0 && !text.empty(); --changes) {
    const size_t at = below(text.size());
    const size_t length = std::min<size_t>(1 + below(40), text.size() - at);
    switch (below(5)) {
    case 0:
      text[at] = static_cast<char>(below(256));
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, text.substr(below(text.size()), length));
      break;
    case 3:
      text.insert(at, 1, "[]{}=\"'.,#\n\\-0"[below(14)]);
      break;
    default:
      text.resize(below(20) == 0 ? at : text.size());
    }
  }
  return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(example_config_text)

BOOST_AUTO_TEST_CASE(the_example_is_accepted_and_shows_the_defaults) {
  const temp_dir dir;
  const auto config = read_config(write_file(dir.path() / "restante.toml", example_config()));
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  node_config expected;
  expected.data = dir.path() / "data";
  expected.keys = dir.path() / "keys";
  expected.region = "eu1";
  expected.endpoints = config->endpoints;
  BOOST_TEST((*config == expected));
  BOOST_TEST(config->endpoints.size() == 5U);
}

BOOST_AUTO_TEST_CASE(the_cluster_of_the_example_can_be_switched_on_and_shows_the_defaults) {
  const auto config = read(switched_on(example_config()));
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  BOOST_REQUIRE(config->cluster.has_value());
  cluster_config expected;
  expected.node = "eu1-1";
  expected.listen = "tcp://10.0.0.1:5610";
  expected.members = config->cluster->members;
  expected.numbering = config->cluster->numbering;
  BOOST_TEST((*config->cluster == expected));
  BOOST_TEST(config->cluster->members.size() == 2U);
  BOOST_TEST(config->cluster->numbering.size() == 2U);
  const temp_dir dir;
  const auto made = read(switched_on(config_for_directory(dir.path(), "nz2", 7000)));
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().text));
  BOOST_TEST(made->cluster->members[0].region == "nz2");
}

// The reader lists what it knows when a key is like none of it: that list must be in the example.
BOOST_AUTO_TEST_CASE(the_example_documents_every_key) {
  // What is switched off even in the cluster's table counts too.
  const auto example = switched_on(switched_on(example_config()));
  size_t keys = 0;
  for (const std::string table :
       {"[node]", "[log]", "[metrics]", "[pin]", "[storage]", "[sms]", "[[endpoint]]", "[cluster]",
        "[[cluster.member]]", "[[cluster.numbering]]"}) {
    const auto config = read((table.starts_with("[[cluster") ? "[cluster]\n" : "") + table +
                             "\nqqqqqqqqqqqqqqqqqqqqqqqqqqq = 1\n");
    BOOST_REQUIRE(!config);
    const auto& text = config.error().text;
    const auto begin = text.find('(') + 1;
    std::string known = text.substr(begin, text.find(')') - begin) + ", ";
    const auto section = sections_of(example, table);
    BOOST_TEST(!section.empty());
    for (; !known.empty(); known.erase(0, known.find(", ") + 2), ++keys) {
      const auto key = known.substr(0, known.find(", "));
      const bool documented = section.find("\n" + key + " = ") != std::string::npos ||
                              example.find("\n[[cluster." + key + "]]\n") != std::string::npos;
      BOOST_TEST(documented, key << " in " << table);
    }
  }
  BOOST_TEST(keys == 38U);
}

BOOST_AUTO_TEST_CASE(the_configuration_of_a_new_directory_is_as_promised) {
  const temp_dir dir;
  const auto file =
      write_file(dir.path() / "restante.toml", config_for_directory(dir.path(), "nz2", 7000));
  const auto config = read_config(file);
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  node_config expected;
  expected.data = dir.path() / "data";
  expected.keys = dir.path() / "keys";
  expected.region = "nz2";
  expected.metrics_address = "127.0.0.1:7004";
  const auto curve = e::security::curve;
  const auto socket = "ipc://" + (dir.path() / "admin.sock").string();
  expected.endpoints = {
      endpoint(e::kind::mvno, e::pattern::router, curve, "tcp://127.0.0.1:7000"),
      endpoint(e::kind::mvno, e::pattern::pull, curve, "tcp://127.0.0.1:7001"),
      endpoint(e::kind::mvno, e::pattern::sub, curve, "tcp://127.0.0.1:7002"),
      endpoint(e::kind::sms, e::pattern::router, curve, "tcp://127.0.0.1:7003"),
      endpoint(e::kind::admin, e::pattern::router, e::security::none, socket, "operator")};
  BOOST_TEST((*config == expected));
}

BOOST_AUTO_TEST_CASE(the_socket_of_a_relative_directory_gets_its_whole_path) {
  const auto text = config_for_directory("some/where", "a", 7000);
  BOOST_TEST(text.find("\"ipc:///") != std::string::npos);
  BOOST_TEST(text.find("some/where/admin.sock\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_new_directory_may_have_any_name_a_message_can_show) {
  const temp_dir dir;
  const auto odd = dir.path() / "a\"b\\c'#\xC3\xA9 \xE2\x82\xAC";
  fs::create_directory(odd);
  const auto config =
      read_config(write_file(odd / "restante.toml", config_for_directory(odd, "a", 7000)));
  BOOST_REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
  BOOST_TEST(config->endpoints[4].address == "ipc://" + (odd / "admin.sock").string());
}

BOOST_AUTO_TEST_CASE(what_a_new_directory_cannot_have_is_refused_when_read) {
  const auto refused = [](const fs::path& dir, std::string_view region, unsigned base) {
    const auto config = read(config_for_directory(dir, region, base));
    return config ? std::string{} : std::string{config.error().reason};
  };
  BOOST_TEST(refused("/d", "a", 65531) == "");
  BOOST_TEST(refused("/d", "a", 65532) == "config_address");
  BOOST_TEST(refused("/d", "a", 4294967295U) == "config_address");
  BOOST_TEST(refused("/d", "A\"\n", 7000) != "");
  BOOST_TEST(refused("/a\nb", "a", 7000) == "config_not_text");
  BOOST_TEST(refused("/" + std::string(100, 'x'), "a", 7000) == "config_address");
}

BOOST_AUTO_TEST_CASE(mutations_of_the_example_never_throw_and_refusals_say_where) {
  const temp_dir dir;
  const auto file = dir.path() / "restante.toml";
  const auto example = example_config();
  std::mt19937 random{20'200'220};
  size_t refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    const auto text = mutated(example, random);
    write_file(file, text);
    result<node_config> config;
    BOOST_REQUIRE_NO_THROW(config = read_config(file));
    if (config)
      continue;
    ++refused;
    const auto& says = config.error().text;
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    const auto line = std::stol(says.substr(file.string().size() + 1));
    BOOST_TEST((line >= 1 && line <= lines), "round " << round << ": " << says);
    BOOST_TEST(says.find(": expected ") != std::string::npos, "round " << round << ": " << says);
  }
  BOOST_TEST(refused > 1'000U);
  BOOST_TEST(refused < 4'900U);
}

BOOST_AUTO_TEST_SUITE_END()
