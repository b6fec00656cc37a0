// Configuration files written for people: every key with its meaning and default, in the order
// read_config explains them. Pure text; whoever calls writes it to a file.
//
// Invariant: read_config accepts what comes out, unless what went in is outside its bounds.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace restante {

/// The commented example with every key at its default.
[[nodiscard]] std::string example_config();

/// The configuration of a new node in `dir`: data and keys below it, adapters of MVNOs on
/// `port_base` (router), +1 (pull) and +2 (sub), SMS gateways on +3, metrics on +4, all on the
/// loopback interface, and operators on admin.sock in the directory. read_config refuses the file
/// when the region is malformed, a port is above 65535, or the directory's path too long for a
/// socket.
[[nodiscard]] std::string config_for_directory(const std::filesystem::path& dir,
                                               std::string_view region, unsigned port_base);

} // namespace restante
