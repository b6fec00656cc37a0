// The [[endpoint]] tables: what each may be by itself, and that no two want the same socket.
#pragma once

#include "cluster/config_reader.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace restante {

/// Reads the endpoints in order; those with a problem are in the log and perhaps incomplete.
/// `directory` is what relative ipc paths are relative to; `metrics_address` is a port in use
/// already, or empty.
[[nodiscard]] std::vector<endpoint_config> read_endpoints(table_reader& root,
                                                          const std::filesystem::path& directory,
                                                          const std::string& metrics_address,
                                                          problem_log& problems);

} // namespace restante
