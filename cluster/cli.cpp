#include "cluster/cli.hpp"

#include "cluster/cli_session.hpp"
#include "schemas/crypto.hpp"

#include <csignal>
#include <exception>
#include <iostream>

namespace restante {

namespace {

constexpr const char* footer =
    "Who asks: --as FILE is a tenant, with the identity file 'tenant add' made; --config FILE is "
    "the\noperator of the node with that configuration. Without either: RESTANTE_AS, "
    "RESTANTE_CONFIG,\n./restante.toml, ./var/restante.toml.\n\n"
    "Exit codes: 0 done; 1 refused, the reason is on standard error; 2 wrong command line, "
    "configuration\nor identity file; 3 a store can't be used; 4 no answer from the node "
    "in "
    "time.\n\n"
    "Examples:\n"
    "  restante --config var/restante.toml status\n"
    "  restante --as acme.toml deposit +15055551212 voicemail.amr --caller +15055550100\n"
    "  restante VERB --help";

void build(CLI::App& app, cli_session& session) {
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(footer);
  app.set_version_flag("--version", "restante " RESTANTE_VERSION);
  app.add_option("--as", session.as, "Identity file of a tenant")->type_name("FILE");
  app.add_option("--config", session.config, "Configuration of a node, for its operator")
      ->type_name("FILE");
  app.add_flag("--json", session.json, "Answer in JSON: one document, or lines for streams");
  app.add_option("--timeout", session.timeout_seconds, "Seconds to wait for each answer")
      ->type_name("SECONDS")
      ->check(seconds_between(0.001, 3600))
      ->capture_default_str();
  add_tenant_verbs(app, session);
  add_subscriber_verbs(app, session);
  add_deposit_verb(app, session);
  add_message_verbs(app, session);
  add_event_verbs(app, session);
  add_record_verbs(app, session);
  add_cluster_verbs(app, session);
  add_store_verbs(app, session);
  add_program_verbs(app, session);
}

int complain(std::string_view text) {
  std::cerr << "restante: " << text << '\n';
  return exit_code::failed;
}

/// What a program that has done its work ends with.
int finish() {
  std::cout.flush();
  return std::cout ? exit_code::ok : complain("standard output can't be written to");
}

/// Prints the help that was asked for, or what is wrong with the command line.
int explain(const CLI::App& app, const CLI::ParseError& error, bool no_words) {
  if (error.get_exit_code() == 0) {
    app.exit(error);
    return finish();
  }
  if (no_words) {
    std::cerr << app.help();
    return exit_code::usage;
  }
  // An unknown verb is for CLI11 first of all a missing one.
  const auto strange = app.remaining(true);
  std::string what = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr &&
      what.find("subcommand") != std::string::npos)
    what = strange.empty() ? "a verb is missing" : "'" + strange.front() + "' is no verb here";
  complain("usage: " + what + "; 'restante --help' and 'restante VERB --help' tell more");
  return exit_code::usage;
}

int run(cli_session& session) {
  session.read_environment();
  const auto done = session.todo();
  if (!done) {
    std::cout.flush();
    complain(failure_text(done.error()));
    return exit_code_of(done.error());
  }
  return finish();
}

} // namespace

int run_cli(int argc, char** argv) {
  // A reader that goes away is a failed write, not the end of the process.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR)
    return complain("SIGPIPE can't be ignored");
  try {
    init_crypto();
    cli_session session;
    if (argc > 0)
      session.program = argv[0];
    CLI::App app{"Talk to a Restante node: as its operator, or as one of its tenants", "restante"};
    build(app, session);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return explain(app, error, argc == 1);
    }
    return run(session);
  } catch (const std::exception& error) {
    return complain(error.what());
  }
}

} // namespace restante
