// A store is served with the keys it was made with, and with no others.
#include "storage/keys.hpp"
#include "storage/rocks_store.hpp"
#include "tests/cluster/engine_fixture.hpp"

namespace restante::cluster_tests {

namespace {

/// One data directory, served again and again with keys that a test changes.
struct restored_node {
  temp_dir home;
  node_keys keys = engine_fixture::make_keys();

  /// "served", or the refusal.
  [[nodiscard]] std::string start(const node_keys& with) const {
    using e = endpoint_config;
    node_config config;
    config.data = home.path() / "data";
    config.region = "test";
    config.metrics_address = "";
    config.worker_threads = 1;
    config.endpoints = {{e::kind::admin, e::pattern::router, e::security::none,
                         "ipc://" + (home.path() / "admin").string(), "operator"}};
    auto started = engine::start({config, with, {}, {1, 8192}, {}});
    if (!started)
      return std::string{started.error().reason} + ": " + started.error().text;
    return (*started)->stop() ? "served" : "cut off";
  }

  /// What the store keeps of its keys.
  [[nodiscard]] std::string fingerprints() const {
    auto store = rocks_store::open({.directory = home.path() / "data"}).value();
    auto row = store->get(family::meta, meta_key("keys")).value();
    return row ? std::string{row->view()} : std::string{};
  }

  void forget_fingerprints() const {
    auto store = rocks_store::open({.directory = home.path() / "data"}).value();
    row gone[] = {row::remove(family::meta, meta_key("keys"))};
    BOOST_TEST_REQUIRE(store->commit(gone).has_value());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_keys, restored_node)

BOOST_AUTO_TEST_CASE(keys_of_another_node_are_refused_and_named) {
  BOOST_TEST_REQUIRE(start(keys) == "served");
  const auto kept = fingerprints();
  const auto stranger = engine_fixture::make_keys();
  BOOST_TEST(start({stranger.identity, keys.pepper, keys.curve})
                 .starts_with("keys_of_another_node: identity.key is not"));
  BOOST_TEST(start({keys.identity, stranger.pepper, keys.curve})
                 .starts_with("keys_of_another_node: pepper.key is not"));
  BOOST_TEST(start({stranger.identity, stranger.pepper, keys.curve})
                 .starts_with("keys_of_another_node: identity.key and pepper.key are not"));
  BOOST_TEST(start({keys.pepper, keys.identity, keys.curve})
                 .starts_with("keys_of_another_node: identity.key and pepper.key are not"));
  BOOST_TEST(fingerprints() == kept);
  BOOST_TEST(start({keys.identity, keys.pepper, stranger.curve}) == "served");
  BOOST_TEST(start(keys) == "served");
}

BOOST_AUTO_TEST_CASE(a_store_made_before_there_were_fingerprints_gets_those_of_its_next_start) {
  BOOST_TEST_REQUIRE(start(keys) == "served");
  const auto kept = fingerprints();
  BOOST_TEST(kept.size() == 32U);
  forget_fingerprints();
  BOOST_TEST_REQUIRE(fingerprints().empty());
  BOOST_TEST(start(keys) == "served");
  BOOST_TEST(fingerprints() == kept);
  BOOST_TEST(start(engine_fixture::make_keys()).starts_with("keys_of_another_node"));
}

BOOST_AUTO_TEST_CASE(what_the_store_keeps_is_no_key) {
  BOOST_TEST_REQUIRE(start(keys) == "served");
  const auto kept = fingerprints();
  for (const auto* key : {&keys.identity, &keys.pepper})
    for (size_t at = 0; at + 8 <= key->bytes.size(); ++at)
      BOOST_TEST(kept.find(std::string{reinterpret_cast<const char*>(key->bytes.data()) + at, 8}) ==
                 std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante::cluster_tests
