// One message of every kind that nodes say to each other, with fixed values, in the order of the
// kinds. They are the golden frames too: what is changed here changes those.
#pragma once

#include "schemas/peer_messages.hpp"
#include "tests/support/random_state.hpp"

namespace restante::peer_tests {

inline std::vector<peer::message> golden_messages() {
  auto mailbox = id_of<mailbox_id>(0x5A);
  auto message = id_of<message_id>(0x77);
  auto state = id_of<digest>(0x11);
  failure why{errc::busy, "some_reason", "What to do."};
  return {
      peer::hello{state, 1, 2, 5, "node-a", "eu1", 3, 0x1122334455667788, 99, 1'760'000'000'000},
      peer::alive{true, 100, 98, true},
      peer::piece{mailbox, {message, 1, 1'000'000, true, chunk{"piece"}}, 262'144},
      peer::batch{
          7,
          8,
          {{"a change", {{message, 0, 5, false, chunk{"media"}}}},
           {"another", {{message, 1, 1'000'000, true, {}}, {{}, 2, 3, false, chunk{"hi!"}}}},
           {"nothing", {}}}},
      peer::forward{9, "acme", milliseconds{2'500}, {"request", {chunk{"media"}}}},
      peer::compare{10, {{mailbox, state}, {id_of<mailbox_id>(0x5B), state}}},
      peer::welcome{1, 5, "node-b", 0x8877665544332211, 0x1122334455667788, 42},
      peer::applied{7},
      peer::stopped{7, why},
      peer::answer{9, {"reply", {chunk{"media"}, chunk{"more"}}}},
      peer::differ{10, {mailbox}, {mailbox}},
      why};
}

} // namespace restante::peer_tests
