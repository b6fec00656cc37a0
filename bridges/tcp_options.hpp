// The options that sockets of a node have alike: how connections begin, and how dead ones are
// noticed.
#pragma once

#include <zmq.hpp>

#include <string>

namespace restante {

/// Sets them on a socket that will be bound or connected to `address`.
void set_tcp_options(zmq::socket_t& socket, const std::string& address);

} // namespace restante
