// Handlers that every actor needs because CAF 0.17 defaults are wrong for a server: an unmatched
// message or a stray error must not print to stdout or end the actor, and an exit must first answer
// whoever still waits - a dropped promise never answers. store_writer, mailbox, node, directory and
// the gates do so; the others have nothing to abandon or leave it to the timeouts of those who
// asked, the last of which is the gate's deadline.
#pragma once

#include <caf/all.hpp>

namespace restante {

/// `abandon` answers the open promises, if the actor keeps any; it runs before the actor ends for
/// whatever reason from outside and when a handler throws.
template <class Self, class Abandon>
void install_handlers(Self* self, Abandon abandon) {
  self->set_error_handler([](auto*, caf::error&) {});
  self->set_down_handler([](auto*, caf::down_msg&) {});
  self->set_default_handler(caf::drop);
  self->set_exit_handler([self, abandon](auto*, caf::exit_msg& msg) {
    abandon();
    self->quit(std::move(msg.reason));
  });
  self->set_exception_handler([abandon](auto*, std::exception_ptr&) -> caf::error {
    abandon();
    return caf::sec::runtime_error;
  });
}

} // namespace restante
