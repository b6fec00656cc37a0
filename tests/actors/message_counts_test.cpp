#include "actors/mailbox_model.hpp"
#include "tests/support/model_fixture.hpp"
#include "tests/support/random_state.hpp"

using namespace restante;

BOOST_FIXTURE_TEST_SUITE(message_counts, model_tests::model_fixture)

BOOST_AUTO_TEST_CASE(the_counts_follow_every_change) {
  BOOST_TEST_CONTEXT("RESTANTE_SEED=" << test_seed()) {
    random_source draw{test_seed()};
    for (int i = 0; i < 1'000; ++i) {
      mailbox_model any{random_state(draw), env};
      for (int step = 0; step < 4; ++step) {
        any.apply(random_state(draw));
        BOOST_REQUIRE((any.counts() == count(any.state())));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
