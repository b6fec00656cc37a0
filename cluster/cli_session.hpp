// One run of the command line: the options every verb shares, and the connection, made when a verb
// first asks something. Owned by run_cli; verbs keep references to it.
#pragma once

#include "bridges/client.hpp"
#include "cluster/cli_output.hpp"
#include "cluster/config.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <optional>
#include <string>

namespace restante {

/// Shorthand for a command line that asks for what cannot be: exit code 2.
[[nodiscard]] tl::unexpected<failure> usage(std::string text);

class cli_session {
public:
  std::string as;     // --as: an identity file
  std::string config; // --config: a node's configuration
  bool json = false;
  double timeout_seconds = 10;
  std::string program = "restante"; // as the user called it

  /// What the chosen verb does; set while the command line is parsed.
  std::function<result<void>()> todo;

  /// Takes from the environment what the command line left open.
  void read_environment();

  /// The configuration's path: --config, RESTANTE_CONFIG, ./restante.toml or ./var/restante.toml.
  [[nodiscard]] result<std::filesystem::path> config_file() const;
  [[nodiscard]] result<node_config> read() const;

  /// As whom to connect: --as, or the operator of the configuration's node.
  [[nodiscard]] result<identity> who() const;

  /// The connection, made on first use.
  [[nodiscard]] result<client*> node();

  /// Asks and waits for at most --timeout. Silence is reason "no_answer", with an explanation.
  [[nodiscard]] result<outcome> ask(operation what, std::string request_id = {});

  /// The same, when only one kind of answer makes sense.
  template <class Answer>
  [[nodiscard]] result<Answer> expect(operation what, std::string request_id = {}) {
    auto got = ask(std::move(what), std::move(request_id));
    if (!got)
      return tl::unexpected{got.error()};
    if (auto* answer = std::get_if<Answer>(&*got))
      return std::move(*answer);
    return fail(errc::unsupported, "answer_unexpected",
                "the node answered something else: is it of another version?");
  }

  [[nodiscard]] milliseconds timeout() const {
    return milliseconds{static_cast<int64_t>(timeout_seconds * 1000)};
  }

private:
  std::string endpoint_; // of node_, for messages
  std::optional<client> node_;
};

/// The operator's way into the node of a configuration: its admin endpoint.
[[nodiscard]] result<identity> operator_of(const node_config& config);

/// The silence of a node, explained.
[[nodiscard]] failure no_answer(const std::string& endpoint, milliseconds waited);

/// Adds a verb whose help ends with an example; `run` is what it does when chosen.
CLI::App& add_verb(CLI::App& to, cli_session& session, const std::string& name,
                   const std::string& what, const std::string& example,
                   std::function<result<void>()> run);

/// The one argument that names a subscriber.
void add_subscriber_argument(CLI::App& verb, std::string& whom);

/// Checks of numbers on the command line. CLI11's own let "nan" be a time and "-1" a large count.
[[nodiscard]] CLI::Validator seconds_between(double least, double most);
[[nodiscard]] CLI::Validator whole_number(uint64_t most);

// The verbs, by topic.
void add_tenant_verbs(CLI::App& app, cli_session& session);
void add_subscriber_verbs(CLI::App& app, cli_session& session);
void add_setting_verbs(CLI::App& app, cli_session& session);
void add_deposit_verb(CLI::App& app, cli_session& session);
void add_message_verbs(CLI::App& app, cli_session& session);
void add_record_verbs(CLI::App& app, cli_session& session);
void add_event_verbs(CLI::App& app, cli_session& session);
void add_cluster_verbs(CLI::App& app, cli_session& session);
void add_store_verbs(CLI::App& app, cli_session& session);
void add_program_verbs(CLI::App& app, cli_session& session);

} // namespace restante
