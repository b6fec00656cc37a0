// Completion scripts for shells, made from the command line's own tree of verbs and options, so
// that they never name anything else.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace restante {

/// The script for "bash", "zsh" or "fish"; empty for any other.
[[nodiscard]] std::string completion_script(const CLI::App& app, const std::string& shell);

} // namespace restante
