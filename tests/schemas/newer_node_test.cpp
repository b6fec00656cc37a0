// What a client or gateway makes of the answers of a node that is newer than itself.
#include "schemas/capnp_io.hpp"
#include "schemas/request.capnp.h"
#include "schemas/sms_messages.hpp"
#include "schemas/wire_codec.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

constexpr int next_code = static_cast<int>(errc::storage_failure) + 1;

} // namespace

BOOST_AUTO_TEST_SUITE(newer_node)

BOOST_AUTO_TEST_CASE(a_reply_with_an_unknown_failure_is_unsupported) {
  capnp::MallocMessageBuilder frame;
  frame.initRoot<wire::Reply>().initFailed().setCode(wire::ErrorCode{next_code});
  auto got = decode_reply(capnp_io::to_bytes(frame), {}).value();
  BOOST_TEST((std::get<failure>(got.what).code == errc::unsupported));
}

// Found by the fuzz target `frames`: 256 was taken for no failure at all.
BOOST_AUTO_TEST_CASE(an_event_with_an_unknown_failure_is_unsupported) {
  capnp::MallocMessageBuilder frame;
  frame.initRoot<wire::Reply>().initEvent().initFailure().setCode(wire::ErrorCode{256});
  auto got = decode_reply(capnp_io::to_bytes(frame), {}).value();
  BOOST_TEST((std::get<answer::event>(got.what).why.value().code == errc::unsupported));
}

BOOST_AUTO_TEST_CASE(an_unknown_failure_is_unsupported_to_a_gateway) {
  auto frame = sms::encode(sms::to_gateway{7, failure{static_cast<errc>(next_code), "new", "?"}});
  auto got = sms::decode_to_gateway(frame).value();
  BOOST_TEST((std::get<failure>(got.what).code == errc::unsupported));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
