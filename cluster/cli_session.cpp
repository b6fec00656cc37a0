#include "cluster/cli_session.hpp"

#include "cluster/identity_file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace restante {

tl::unexpected<failure> usage(std::string text) {
  return fail(errc::invalid_request, "usage", std::move(text));
}

void cli_session::read_environment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string{value ? value : ""};
  };
  // An option on the command line counts more than either variable.
  if (as.empty() && config.empty())
    as = variable("RESTANTE_AS");
  if (config.empty())
    config = variable("RESTANTE_CONFIG");
}

result<std::filesystem::path> cli_session::config_file() const {
  if (!config.empty())
    return std::filesystem::path{config};
  std::error_code ignored;
  for (const auto* file : {"restante.toml", "var/restante.toml"})
    if (std::filesystem::exists(file, ignored))
      return std::filesystem::path{file};
  return usage("no node is named: use --config FILE (the operator, with the node's restante.toml) "
               "or --as FILE (a tenant, with what 'restante tenant add' made)");
}

result<node_config> cli_session::read() const {
  auto file = config_file();
  if (!file)
    return tl::unexpected{file.error()};
  return read_config(*file);
}

result<identity> operator_of(const node_config& config) {
  const auto at = std::find_if(config.endpoints.begin(), config.endpoints.end(),
                               [](const auto& e) { return e.is == endpoint_config::kind::admin; });
  if (at == config.endpoints.end())
    return usage("the configuration has no endpoint of kind \"admin\": add one for the operator");
  return identity{"operator", at->address, {}, {}, {}};
}

result<identity> cli_session::who() const {
  if (!as.empty())
    return read_identity(as);
  auto node = read();
  if (!node)
    return tl::unexpected{node.error()};
  return operator_of(*node);
}

result<client*> cli_session::node() {
  if (!node_) {
    auto identity = who();
    if (!identity)
      return tl::unexpected{identity.error()};
    endpoint_ = identity->endpoint;
    node_.emplace(*identity);
  }
  return &*node_;
}

failure no_answer(const std::string& endpoint, milliseconds waited) {
  return {errc::outcome_unknown, "no_answer",
          "no answer from " + endpoint + " within " + seconds_text(waited) +
              ": does the node run there, and does it know this key?"};
}

result<outcome> cli_session::ask(operation what, std::string request_id) {
  auto to = node();
  if (!to)
    return tl::unexpected{to.error()};
  auto got = (*to)->ask(std::move(what), std::move(request_id), timeout());
  if (!got && std::string_view{got.error().reason} == "no_answer")
    return tl::unexpected{no_answer(endpoint_, timeout())};
  return got;
}

namespace {

/// A check that a text is a number within bounds, and nothing else.
template <class Number>
CLI::Validator number_between(Number least, Number most, const std::string& expected) {
  const auto check = [=](const std::string& text) {
    Number value{};
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    const bool good = read.ec == std::errc{} && read.ptr == end && value >= least && value <= most;
    return good ? std::string{} : "expected " + expected + ", found '" + text + "'";
  };
  return CLI::Validator{check, ""};
}

} // namespace

CLI::Validator seconds_between(double least, double most) {
  const auto text = [](double value) {
    return seconds_text(milliseconds{std::llround(value * 1e3)});
  };
  return number_between(least, most, "a time from " + text(least) + " to " + text(most));
}

CLI::Validator whole_number(uint64_t most) {
  return number_between<uint64_t>(0, most, "a whole number from 0 to " + std::to_string(most));
}

void add_subscriber_argument(CLI::App& verb, std::string& whom) {
  verb.add_option("SUBSCRIBER", whom, "Profile id, +number, number:... or imei:...")->required();
}

CLI::App& add_verb(CLI::App& to, cli_session& session, const std::string& name,
                   const std::string& what, const std::string& example,
                   std::function<result<void>()> run) {
  auto* verb = to.add_subcommand(name, what);
  verb->footer("Example:\n  " + example);
  verb->final_callback([&session, run = std::move(run)] { session.todo = run; });
  return *verb;
}

} // namespace restante
