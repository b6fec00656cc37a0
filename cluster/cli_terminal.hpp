// Secrets and questions by way of the terminal. Secrets never stand on a command line, where every
// user of the machine can read them.
#pragma once

#include "schemas/error.hpp"

#include <string>

namespace restante {

/// Asks for a PIN on the terminal without showing it; a signal restores the echo before it acts.
/// A usage failure when there is no terminal.
[[nodiscard]] result<std::string> prompt_pin(const std::string& question);

/// The first line of standard input.
[[nodiscard]] result<std::string> read_pin_from_stdin();

/// Asks yes or no; a usage failure when standard input is no terminal.
[[nodiscard]] result<bool> confirm(const std::string& question);

} // namespace restante
