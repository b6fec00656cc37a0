// What the tests of the configuration share: small files, and the check of one refusal.
#pragma once

#include "cluster/config.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace restante::config_tests {

inline std::filesystem::path write_file(const std::filesystem::path& file, std::string_view text) {
  std::ofstream{file, std::ios::binary} << text;
  return file;
}

inline result<node_config> read(const std::string& text) {
  const temp_dir dir;
  return read_config(write_file(dir.path() / "restante.toml", text));
}

/// Lines 1 to 6 of every row below; what a row adds begins in line 7.
inline const std::string node = "[node]\ndata = \"data\"\nregion = \"eu1\"\n";
inline const std::string gate =
    "[[endpoint]]\nkind = \"mvno\"\naddress = \"tcp://127.0.0.1:5601\"\n";
inline const std::string good = node + gate;
/// A second endpoint from line 7 on: the header, then the row's own lines.
inline const std::string second = good + "[[endpoint]]\n";

struct refusal {
  std::string text;
  std::string at; // "line:column", or "line:" when the column does not matter
  const char* reason;
  std::string says;
};

inline void check(const refusal& row) {
  BOOST_TEST_CONTEXT("the file:\n" << row.text.substr(0, 2000)) {
    const temp_dir dir;
    const auto file = write_file(dir.path() / "restante.toml", row.text);
    const auto read = read_config(file);
    BOOST_REQUIRE(!read);
    const auto& problem = read.error();
    BOOST_TEST_CONTEXT("the refusal: " << problem.text) {
      BOOST_TEST((problem.code == errc::invalid_request));
      BOOST_TEST(problem.reason == std::string_view{row.reason});
      BOOST_TEST(problem.text.starts_with(file.string() + ":" + row.at));
      BOOST_TEST(problem.text.find(": expected ") != std::string::npos);
      BOOST_TEST(problem.text.find("found") != std::string::npos);
      BOOST_TEST(problem.text.find(row.says) != std::string::npos);
    }
  }
}

inline void check_all(const std::vector<refusal>& rows) {
  for (const auto& row : rows)
    check(row);
}

inline endpoint_config endpoint(endpoint_config::kind is, endpoint_config::pattern how,
                                endpoint_config::security by, std::string address,
                                std::string tenant = {}) {
  return {is, how, by, std::move(address), std::move(tenant)};
}

} // namespace restante::config_tests
