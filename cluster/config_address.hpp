// The addresses sockets of a node bind: "127.0.0.1:5601", "[::1]:5601", "*:5601". Pure parsing;
// names of hosts and interfaces are not resolved, because what they mean can change under a node
// that decides by them whether CURVE may be left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restante {

struct bind_address {
  std::string host; // 4 or 16 raw bytes
  uint16_t port = 0;
  /// Only this machine reaches it: 127.0.0.0/8 or ::1.
  bool loopback = false;
  /// Every interface of the machine: "*", 0.0.0.0 or [::].
  bool any = false;
};

/// A port of 1 to 65535 in digits; otherwise nothing.
[[nodiscard]] std::optional<uint16_t> parse_port(std::string_view text);

/// Nothing unless it is a numeric address or "*", a colon and a port of 1 to 65535.
[[nodiscard]] std::optional<bind_address> parse_bind_address(std::string_view text);

/// The same behind "tcp://".
[[nodiscard]] std::optional<bind_address> parse_tcp_address(std::string_view text);

/// True when the system would refuse to listen on both.
[[nodiscard]] bool collide(const bind_address& a, const bind_address& b);

} // namespace restante
