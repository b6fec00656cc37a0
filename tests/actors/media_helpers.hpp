// What the tests of the media probe share: the sample files and how to probe them.
#pragma once

#include "actors/media.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace restante::media_tests {

/// The bytes of a file in tests/data.
inline std::string load(const std::string& name) {
  std::ifstream file{RESTANTE_SOURCE_DIR "/tests/data/" + name, std::ios::binary};
  BOOST_REQUIRE_MESSAGE(file, "cannot open tests/data/" << name);
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Probes an exact copy on the heap, so that reading past the end is seen by AddressSanitizer.
inline result<media_info> probe(media_type type, std::string_view bytes) {
  std::vector<char> exact{bytes.begin(), bytes.end()};
  return probe_media(type, {exact.data(), exact.size()});
}

/// The reason of a refusal, "accepted" when there is none.
inline std::string reason(media_type type, std::string_view bytes) {
  auto info = probe(type, bytes);
  if (info)
    return "accepted";
  BOOST_TEST((info.error().code == errc::invalid_request));
  BOOST_TEST(!info.error().text.empty());
  return info.error().reason;
}

} // namespace restante::media_tests
