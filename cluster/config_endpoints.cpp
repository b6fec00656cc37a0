#include "cluster/config_endpoints.hpp"

#include "cluster/config_address.hpp"
#include "schemas/text.hpp"

#include <optional>

namespace restante {

namespace {

constexpr std::string_view tcp_prefix = "tcp://";
constexpr std::string_view ipc_prefix = "ipc://";
constexpr const char* bad_address = "config_address";

using kind = endpoint_config::kind;
using pattern = endpoint_config::pattern;
using security = endpoint_config::security;

/// What an address takes: a port, or a path in its normal form. Nothing known: a wrong address.
struct socket_place {
  std::optional<bind_address> tcp;
  std::string path;
};

bool collide(const socket_place& a, const socket_place& b) {
  if (a.tcp && b.tcp)
    return collide(*a.tcp, *b.tcp);
  return !a.path.empty() && a.path == b.path;
}

std::string shown(std::string_view address) { return "'" + clean(address, 128) + "'"; }

/// Makes the path of an ipc address absolute. '@' is refused: names of Linux's abstract sockets are
/// open to every user of the machine. So is '*', which is another name at every start.
socket_place read_ipc(table_reader& in, const std::filesystem::path& directory,
                      endpoint_config& out) {
  const auto path = out.address.substr(ipc_prefix.size());
  if (path.empty() || path.front() == '@' || path.front() == '*' || path.back() == '/') {
    in.refuse("address", bad_address,
              "expected the path of a socket after ipc://, found " + shown(out.address));
    return {};
  }
  const auto absolute = directory / path;
  if (absolute.native().size() > ipc_path_bytes_max) {
    in.refuse("address", bad_address,
              "expected a socket's path of at most " + std::to_string(ipc_path_bytes_max) +
                  " bytes, found " + std::to_string(absolute.native().size()) +
                  "; choose a shorter directory");
    return {};
  }
  out.address = std::string{ipc_prefix} + absolute.string();
  return {std::nullopt, absolute.lexically_normal().string()};
}

socket_place read_tcp(table_reader& in, const endpoint_config& endpoint) {
  auto address = parse_tcp_address(endpoint.address);
  if (!address) {
    in.refuse("address", bad_address,
              "expected tcp://, a numeric address or *, and a port of 1 to 65535, found " +
                  shown(endpoint.address));
    return {};
  }
  if (endpoint.by == security::none && !address->loopback)
    in.refuse(
        "address", "config_insecure",
        std::string{"expected security \"curve\" or an address of this machine only, found "} +
            (address->any ? "all interfaces" : "a network address") + " with security \"none\"");
  return {std::move(address), {}};
}

socket_place read_address(table_reader& in, const std::filesystem::path& directory,
                          endpoint_config& out) {
  if (out.is == kind::admin && !out.address.starts_with(ipc_prefix)) {
    in.refuse("address", bad_address,
              "expected an ipc:// address for kind \"admin\", found " + shown(out.address));
    return {};
  }
  if (out.address.starts_with(ipc_prefix))
    return read_ipc(in, directory, out);
  if (out.address.starts_with(tcp_prefix))
    return read_tcp(in, out);
  in.refuse("address", bad_address,
            "expected an address with tcp:// or ipc://, found " + shown(out.address));
  return {};
}

void read_tenant(table_reader& in, problem_log& problems, endpoint_config& out) {
  const auto tenant = in.text("tenant");
  if (out.by == security::none && !in.has("tenant"))
    problems.absent(in.position("security"),
                    "expected a tenant beside security \"none\", found none");
  if (!tenant)
    return;
  if (out.by == security::curve)
    in.refuse("tenant", "config_conflict",
              "expected no tenant beside security \"curve\", where the client's key names it, "
              "found " +
                  shown(*tenant));
  else if (tenant->empty() || tenant->size() > limits::name_bytes_max)
    in.refuse("tenant", "config_range",
              "expected a tenant's name of 1 to " + std::to_string(limits::name_bytes_max) +
                  " bytes, found " + std::to_string(tenant->size()));
  out.tenant = *tenant;
}

/// A wrong word stands for none of the values, so what depends on it is not looked at.
socket_place read_endpoint(table_reader in, const std::filesystem::path& directory,
                           problem_log& problems, endpoint_config& out) {
  in.require("kind", "one of mvno, sms, admin");
  in.require("address", "such as \"tcp://127.0.0.1:5601\"");
  const auto is = in.word("kind", config_words::kinds);
  const auto how = in.word("pattern", config_words::patterns);
  const auto by = in.word("security", config_words::securities);
  out.is = static_cast<kind>(is.value_or(0));
  out.how = static_cast<pattern>(how.value_or(0));
  out.by = static_cast<security>(by.value_or(0));
  if (is && out.is != kind::mvno && out.how != pattern::router)
    in.refuse("pattern", "config_conflict",
              "expected pattern \"router\" for kind \"" + std::string{config_words::kinds[*is]} +
                  "\", found \"" + std::string{config_words::patterns[*how]} + "\"");
  const bool words_right = (is || !in.has("kind")) && (by || !in.has("security"));
  if (words_right)
    read_tenant(in, problems, out);
  else
    (void)in.text("tenant");
  socket_place place;
  if (auto address = in.text("address"); address && words_right) {
    out.address = std::move(*address);
    place = read_address(in, directory, out);
  }
  in.refuse_unknown_keys();
  return place;
}

} // namespace

std::vector<endpoint_config> read_endpoints(table_reader& root,
                                            const std::filesystem::path& directory,
                                            const std::string& metrics_address,
                                            problem_log& problems) {
  const auto tables = root.tables("endpoint");
  if (tables.empty())
    problems.absent({}, "expected one [[endpoint]] or more, found none: nobody could connect");
  if (tables.size() > endpoints_max) {
    problems.wrong(position_of(tables[endpoints_max]->source()), "config_range",
                   "expected at most " + std::to_string(endpoints_max) + " endpoints, found " +
                       std::to_string(tables.size()));
    return {};
  }
  std::vector<endpoint_config> all;
  std::vector<socket_place> taken{{parse_bind_address(metrics_address), {}}};
  for (const auto* table : tables) {
    table_reader in{"[[endpoint]]", table, problems};
    auto place = read_endpoint(in, directory, problems, all.emplace_back());
    for (size_t i = 0; i < taken.size(); ++i)
      if (collide(taken[i], place))
        in.refuse("address", "config_conflict",
                  "expected an address of its own, found that of " +
                      (i == 0 ? std::string{"the metrics"} : "endpoint " + std::to_string(i)));
    taken.push_back(std::move(place));
  }
  return all;
}

} // namespace restante
