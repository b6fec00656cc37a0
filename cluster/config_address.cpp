#include "cluster/config_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace restante {

namespace {

/// The raw bytes of a numeric host; empty when it is none.
std::string parse_host(std::string_view text) {
  if (text == "*")
    return std::string(4, '\0');
  const bool v6 = text.size() > 2 && text.front() == '[' && text.back() == ']';
  const std::string bare{v6 ? text.substr(1, text.size() - 2) : text};
  std::array<char, 16> raw{};
  if (::inet_pton(v6 ? AF_INET6 : AF_INET, bare.c_str(), raw.data()) != 1)
    return {};
  return {raw.data(), v6 ? size_t{16} : size_t{4}};
}

/// [::] takes a port of both families, 0.0.0.0 of its own.
bool covers(const bind_address& a, const bind_address& b) {
  return a.any && (a.host.size() == 16 || b.host.size() == 4);
}

} // namespace

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || port == 0)
    return std::nullopt;
  return port;
}

std::optional<bind_address> parse_bind_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  auto host = parse_host(text.substr(0, colon));
  if (!port || host.empty())
    return std::nullopt;
  bind_address address{.host = std::move(host), .port = *port};
  address.any = std::all_of(address.host.begin(), address.host.end(), [](char c) { return !c; });
  address.loopback = address.host.size() == 4 ? address.host[0] == 127
                                              : address.host == std::string(15, '\0') + '\1';
  return address;
}

std::optional<bind_address> parse_tcp_address(std::string_view text) {
  constexpr std::string_view scheme = "tcp://";
  return text.starts_with(scheme) ? parse_bind_address(text.substr(scheme.size())) : std::nullopt;
}

bool collide(const bind_address& a, const bind_address& b) {
  return a.port == b.port && (a.host == b.host || covers(a, b) || covers(b, a));
}

} // namespace restante
