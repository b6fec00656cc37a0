// sms-console, walk, completion.
#include "cluster/cli_completion.hpp"
#include "cluster/cli_session.hpp"
#include "cluster/sms_console.hpp"
#include "cluster/walk.hpp"

#include <unistd.h>

#include <iostream>

namespace restante {

namespace {

struct console_arguments {
  std::string short_code = "5050";
  double linger_seconds = 2;
};

result<void> console(cli_session& session, const console_arguments& from) {
  if (session.as.empty())
    return usage("the console is an SMS gateway: say --as GATEWAY.toml, a file that "
                 "'restante tenant add --role sms-gateway' made");
  auto who = session.who();
  if (!who)
    return tl::unexpected{who.error()};
  const milliseconds linger{static_cast<int64_t>(from.linger_seconds * 1000)};
  return run_sms_console({*who, from.short_code, session.json, linger, session.timeout()},
                         STDIN_FILENO, std::cout);
}

/// A sample from the working directory, or from the source tree the program was built in
/// (build/<preset>/bin).
std::filesystem::path sample(const std::string& name) {
  auto file = std::filesystem::path{"tests/data"} / name;
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored))
    return file;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  auto there = (self.parent_path() / "../../.." / file).lexically_normal();
  return std::filesystem::exists(there, ignored) ? std::move(there) : std::move(file);
}

struct walk_arguments {
  std::string recording;
  std::vector<std::string> with;
  bool once = false;
};

result<void> walk_through(cli_session& session, const walk_arguments& from) {
  auto file = session.config_file();
  if (!file)
    return tl::unexpected{file.error()};
  auto config = read_config(*file);
  if (!config)
    return tl::unexpected{config.error()};
  walk_options options;
  options.config = std::move(*config);
  options.config_file = *file;
  options.recording =
      from.recording.empty() ? sample("voicemail.amr") : std::filesystem::path{from.recording};
  options.greeting = sample("greeting.amr");
  options.program = session.program;
  options.patience = session.timeout();
  options.json = session.json;
  options.once = from.once;
  for (const auto& other : from.with) {
    auto read = read_config(other);
    if (!read)
      return tl::unexpected{read.error()};
    options.others.push_back({std::move(*read), other});
  }
  return walk(options, std::cout);
}

} // namespace

void add_program_verbs(CLI::App& app, cli_session& session) {
  auto from = std::make_shared<console_arguments>();
  auto& gateway = add_verb(app, session, "sms-console",
                           "Stand in for an SMS gateway: see what phones get, type what they send",
                           "restante --as gateway.toml sms-console\n"
                           "  +15055551212 ACTIVATE 490154203237518 482913",
                           [&session, from] { return console(session, *from); });
  gateway.add_option("--short-code", from->short_code, "Where a line without >CODE goes")
      ->capture_default_str();
  gateway
      .add_option("--linger", from->linger_seconds,
                  "Seconds without news after which it ends when its input has ended")
      ->type_name("SECONDS")
      ->check(seconds_between(0, 3600))
      ->capture_default_str();

  auto about = std::make_shared<walk_arguments>();
  auto& walk = add_verb(app, session, "walk",
                        "Walk a voicemail through a running node, verifying every step",
                        "restante --config var/restante.toml walk",
                        [&session, about] { return walk_through(session, *about); });
  walk.add_flag("--once", about->once, "Without hints how to go on: the node stops afterwards");
  walk.add_option("--recording", about->recording,
                  "The voicemail (default: tests/data/voicemail.amr)")
      ->type_name("FILE");
  walk.add_option("--with", about->with,
                  "Configurations of the other nodes: a subscriber travels between their regions, "
                  "which must reach each other by ports that nobody serves: the walk does")
      ->type_name("FILE");

  auto shell = std::make_shared<std::string>();
  auto& completion =
      add_verb(app, session, "completion", "Print a completion script for a shell",
               "source <(restante completion bash)", [&app, shell]() -> result<void> {
                 std::cout << completion_script(app, *shell);
                 return {};
               });
  completion.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

} // namespace restante
