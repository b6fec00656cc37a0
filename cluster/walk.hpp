// The walk-through: one voicemail's whole life on a running node, told for a person, and verified
// at every step. It plays all parties itself - operator, carrier, web application, SMS gateway,
// telephone - with fresh keys and real sockets, so that what it shows is what adapters get. With
// several nodes it is a subscriber's journey to another region and back.
#pragma once

#include "cluster/config.hpp"

#include <iosfwd>

namespace restante {

/// Another node of the cluster.
struct walk_node {
  node_config config;
  std::filesystem::path config_file;
};

struct walk_options {
  node_config config;                // of the node
  std::filesystem::path config_file; // as it was named, for the closing hints
  std::filesystem::path recording;   // the voicemail
  std::filesystem::path greeting;
  std::string program = "restante";           // as it was called, for the same hints
  std::chrono::milliseconds patience{10'000}; // for each answer, event and text
  bool json = false;                          // one document at the end instead of a story
  bool once = false;                          // the node stops afterwards: no hints how to go on
  std::vector<walk_node> others = {};         // any: between regions, see walk_roam.hpp
};

/// Walks. Makes four tenants named after the run, with key files in the configuration's directory
/// of keys; three of them stay, so that one can go on by hand. Nothing else is left but the
/// subscriber. A failure's text begins with the step that failed.
[[nodiscard]] result<void> walk(const walk_options& options, std::ostream& out);

} // namespace restante
