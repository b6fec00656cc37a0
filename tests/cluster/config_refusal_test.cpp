// Every bad configuration is a row: the file, where the refusal points, its reason and a word of
// it.
#include "tests/cluster/config_support.hpp"

using namespace restante;
using namespace restante::config_tests;

BOOST_AUTO_TEST_SUITE(config_refusal)

BOOST_AUTO_TEST_CASE(what_is_no_text_or_no_toml_is_refused_where_it_stands) {
  check_all({
      {good + "# \xFF\n", "7:3:", "config_not_text", "UTF-8"},
      {good + "# \xC3\xA9\xC3\n", "7:4:", "config_not_text", "UTF-8"},
      {std::string{"\xFF\xFE[\0n", 5}, "1:1:", "config_not_text", "UTF-8"},
      {std::string{"a = 1\nb\0", 8}, "2:2:", "config_not_text", "UTF-8"},
      {good + "[pin\n", "7:", "config_syntax", "TOML"},
      {good + "x = \n", "7:", "config_syntax", "TOML"},
      {good + "kind = \"sms\"\n", "7:", "config_syntax", "TOML"},
      {good + "[node]\n", "7:", "config_syntax", "TOML"},
      {good + "x = \"\"\"", "7:", "config_syntax", "TOML"},
      {"\x7F"
       "ELF\n",
       "1:", "config_syntax", "TOML"},
      {good + "x = " + std::string(1000, '[') + "\n", "7:", "config_syntax", "TOML"},
      // Ends the process in the parser's destructors unless it is caught before.
      {good + "a" +
           [] {
             std::string parts;
             for (int i = 0; i < 200'000; ++i)
               parts += ".a";
             return parts;
           }() +
           " = 1\n",
       "7:1:", "config_syntax", "dots"},
  });
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_refused_with_the_nearest_known) {
  check_all({
      {"[node]\ndta = \"d\"\nregion = \"a\"\n" + gate, "2:1:", "config_unknown_key",
       "did you mean 'data'?"},
      {"[node]\ndata = \"d\"\n  regoin = \"a\"\n" + gate, "3:3:", "config_unknown_key",
       "did you mean 'region'?"},
      {good + "[storage]\nreserve_mb = 1\n", "8:1:", "config_unknown_key", "'reserve_mib'?"},
      {good + "[sms]\nretry_max_ms = 1\n", "8:1:", "config_unknown_key", "retry_max_milliseconds"},
      {good + "[pin]\nzzzzzzzz = 1\n", "8:1:", "config_unknown_key", "(digits_min)"},
      {good + "[log]\n\"\\u001b\" = 1\n", "8:1:", "config_unknown_key", "(level, file), found ''"},
      {good + "[log]\n\"\" = 1\n", "8:1:", "config_unknown_key", "found ''"},
      {good + "[metric]\naddress = \"\"\n", "7:2:", "config_unknown_key", "'metrics'?"},
      {good + "[metrics]\npublic = true\n", "8:1:", "config_unknown_key", "(address)"},
      {good + "[node.sms]\n", "7:7:", "config_unknown_key", "[node]"},
      {"region = \"eu1\"\n" + good, "1:1:", "config_unknown_key", "(node, log,"},
      {good + "adress = \"x\"\n", "7:1:", "config_unknown_key", "'address'?"},
      {good + "[[endpoints]]\n", "7:3:", "config_unknown_key", "'endpoint'?"},
      {good + std::string(10'000, 'x') + " = 1\n", "7:1:", "config_unknown_key", "[[endpoint]]"},
  });
}

BOOST_AUTO_TEST_CASE(values_of_another_type_are_refused) {
  check_all({
      {"node = 1\n" + gate, "1:8:", "config_type", "a table [node], found an integer"},
      {"[[node]]\ndata = \"d\"\n" + gate, "1:", "config_type", "found an array"},
      {"[node]\ndata = 1\nregion = \"a\"\n" + gate, "2:8:", "config_type", "found an integer"},
      {"[node]\ndata = [\"d\"]\nregion = \"a\"\n" + gate, "2:8:", "config_type", "an array"},
      {"[node]\ndata = \"d\"\nregion = true\n" + gate, "3:10:", "config_type", "true or false"},
      {good + "[pin]\ndigits_min = \"6\"\n", "8:14:", "config_type", "found a string"},
      {good + "[pin]\ndigits_min = 6.0\n", "8:14:", "config_type", "with a fraction"},
      {good + "[pin]\ndigits_min = 2020-01-01\n", "8:14:", "config_type", "a date or time"},
      {good + "[pin]\n[pin.digits_min]\n", "8:", "config_type", "found a table"},
      {good + "[log]\nlevel = 3\n", "8:9:", "config_type", "a string in quotes"},
      {node + "[endpoint]\nkind = \"mvno\"\n", "4:", "config_type", "tables [[endpoint]]"},
      {"endpoint = [1]\n" + node, "1:13:", "config_type", "found an integer"},
  });
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused) {
  const auto row = [](std::string table, std::string key, std::string value, std::string range) {
    return refusal{good + "[" + table + "]\n" + key + " = " + value + "\n", "8:", "config_range",
                   "expected " + range + " for " + key + ", found " + value};
  };
  check_all({
      row("pin", "digits_min", "3", "4 to 10"),
      row("pin", "digits_min", "11", "4 to 10"),
      row("pin", "digits_min", "-6", "4 to 10"),
      row("pin", "digits_min", "9223372036854775807", "4 to 10"),
      row("storage", "reserve_mib", "0", "1 to 1048576"),
      row("storage", "cache_mib", "1048577", "1 to 1048576"),
      row("storage", "cache_mib", "-9223372036854775808", "1 to 1048576"),
      row("sms", "retry_base_milliseconds", "0", "1 to 86400000"),
      row("sms", "retry_max_milliseconds", "86400001", "1 to 86400000"),
      row("sms", "give_up_hours", "721", "1 to 720"),
      {"[node]\nworker_threads = -1\n", "2:18:", "config_range", "0 to 256"},
      {"[node]\nworker_threads = 257\n", "2:18:", "config_range", "0 to 256"},
      {"[node]\nmailbox_idle_seconds = 0\n", "2:24:", "config_range", "1 to 86400"},
      {good + "[pin]\ndigits_min = 9223372036854775808\n", "8:", "config_syntax", "TOML"},
  });
}

BOOST_AUTO_TEST_CASE(words_and_names_are_checked) {
  const auto region = [](std::string value) {
    return refusal{"[node]\ndata = \"d\"\nregion = \"" + value + "\"\n" + gate,
                   "3:10:", "config_range", "a-z and 0-9"};
  };
  const auto language = [](std::string value) {
    return refusal{node + "language = \"" + value + "\"\n" + gate, "4:12:", "config_range",
                   "expected a language"};
  };
  check_all({
      region(""),
      region("EU1"),
      region("eu-1"),
      region("eu 1"),
      region("\xC3\xA9"),
      region("0123456789abcdefg"),
      language(""),
      language("e"),
      language("english"),
      language("en_US"),
      language("en-"),
      language("en--US"),
      language("en-" + std::string(9, 'x')),
      {good + "[log]\nlevel = \"Info\"\n", "8:9:", "config_word",
       "trace, debug, info, warning, error, critical for level, found 'Info'"},
      {node + "[[endpoint]]\nkind = \"mno\"\naddress = \"x\"\n", "5:8:", "config_word",
       "mvno, sms, admin"},
      {good + "pattern = \"push\"\n", "7:11:", "config_word", "router, pull, sub"},
      {good + "security = \"NONE\"\n", "7:12:", "config_word", "curve, none"},
      {good + "security = \"a\\nb\"\n", "7:12:", "config_not_text", "control characters"},
      {"[node]\ndata = \"a\\u0000b\"\nregion = \"a\"\n" + gate, "2:8:", "config_not_text",
       "control characters"},
      {"[node]\ndata = \"\"\nregion = \"a\"\n" + gate, "2:8:", "config_range", "a directory"},
      {node + "keys = \"\"\n" + gate, "4:8:", "config_range", "a directory"},
  });
}

BOOST_AUTO_TEST_CASE(what_is_absent_is_refused_at_its_table) {
  check_all({
      {"# nothing\n", "1:1:", "config_missing", "data in [node]"},
      {"\n[node]\nregion = \"a\"\n" + gate, "2:1:", "config_missing", "data in [node]"},
      {"\n[node]\ndata = \"a\"\n" + gate, "2:1:", "config_missing", "region in [node]"},
      {node, "1:1:", "config_missing", "nobody could connect"},
      {"endpoint = []\n" + node, "1:1:", "config_missing", "nobody could connect"},
      {second + "kind = \"sms\"\n", "7:1:", "config_missing", "address in [[endpoint]]"},
      {second + "address = \"tcp://127.0.0.1:5602\"\n", "7:1:", "config_missing", "kind in"},
      {good + "security = \"none\"\n", "7:12:", "config_missing", "expected a tenant"},
  });
}

BOOST_AUTO_TEST_CASE(settings_that_contradict_each_other_are_refused) {
  check_all({
      {node + "keys = \"data\"\n" + gate, "4:8:", "config_conflict", "different directories"},
      {node + "keys = \"x/../data/\"\n" + gate, "4:8:", "config_conflict", "different"},
      {"[node]\ndata = \"keys\"\nregion = \"a\"\n" + gate, "2:8:", "config_conflict", "different"},
      {good + "[sms]\nretry_base_milliseconds = 9\nretry_max_milliseconds = 8\n",
       "9:26:", "config_conflict", "found 8 below 9"},
      {good + "[sms]\nretry_base_milliseconds = 900001\n", "8:27:", "config_conflict", "900000"},
      {good + "tenant = \"x\"\n", "7:10:", "config_conflict", "expected no tenant"},
      {good + "security = \"none\"\ntenant = \"\"\n", "8:10:", "config_range", "1 to 64 bytes"},
      {good + "security = \"none\"\ntenant = \"" + std::string(65, 'x') + "\"\n",
       "8:10:", "config_range", "found 65"},
      {second + "kind = \"sms\"\npattern = \"pull\"\n", "9:11:", "config_conflict", "\"router\""},
      {second + "kind = \"admin\"\npattern = \"sub\"\n", "9:11:", "config_conflict", "\"router\""},
  });
}

BOOST_AUTO_TEST_CASE(the_first_problem_counts_and_wrong_before_absent) {
  check_all({
      {"[pin]\ndigits_min = 1\n[node]\ndata = 1\n" + gate, "2:", "config_range", "4 to 10"},
      {gate + "x = 1\n[node]\ndata = 1\nregion = \"!\"\n", "4:1:", "config_unknown_key", "'x'"},
      {"[node]\nregion = \"a\"\n" + gate + "x = 1\n", "6:1:", "config_unknown_key", "'x'"},
      {gate + "security = \"none\"\n[node]\ndata = \"d\"\n", "4:12:", "config_missing", "tenant"},
  });
}

BOOST_AUTO_TEST_SUITE_END()
