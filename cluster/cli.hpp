// The program `restante`: what operators and writers of adapters use by hand and in scripts. It is
// a client like any other; whatever it can do, an adapter can.
#pragma once

namespace restante {

/// Runs the command line and returns the process's exit code (schemas/error.hpp, exit_code).
/// Answers go to standard output, everything else to standard error. Call it from one thread.
[[nodiscard]] int run_cli(int argc, char** argv);

} // namespace restante
