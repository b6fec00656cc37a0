#include "cluster/cli_completion.hpp"

#include <vector>

namespace restante {

namespace {

/// A verb: its words ("tenant add"), what can follow, and the same for what is below it.
struct node {
  std::vector<std::string> path;
  const CLI::App* app = nullptr;
};

std::vector<node> all_nodes(const CLI::App& app, std::vector<std::string> path = {}) {
  std::vector<node> out{{path, &app}};
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    auto below = path;
    below.push_back(verb->get_name());
    for (auto& each : all_nodes(*verb, below))
      out.push_back(std::move(each));
  }
  return out;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    out.push_back(verb->get_name());
  return out;
}

std::vector<std::string> long_options_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames())
      out.push_back("--" + name);
  return out;
}

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string out;
  for (const auto& word : words)
    out.append(out.empty() ? "" : between).append(word);
  return out;
}

/// One function for bash; zsh runs it too.
std::string bash_function(const CLI::App& app) {
  std::string out = "_restante() {\n"
                    "  local current=${COMP_WORDS[COMP_CWORD]} path='' words='' word i\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "    word=${COMP_WORDS[i]}\n"
                    "    case \"$path $word\" in\n";
  std::string cases;
  for (const auto& [path, verb] : all_nodes(app)) {
    if (!path.empty())
      out.append("      ' ").append(joined(path)).append("') path+=\" $word\" ;;\n");
    auto words = verbs_of(*verb);
    for (auto& option : long_options_of(*verb))
      words.push_back(std::move(option));
    if (verb != &app)
      for (auto& option : long_options_of(app))
        if (option != "--help" && option != "--version")
          words.push_back(std::move(option));
    cases.append("    '")
        .append(path.empty() ? "" : " " + joined(path))
        .append("') words='")
        .append(joined(words))
        .append("' ;;\n");
  }
  out += "    esac\n  done\n  case \"$path\" in\n" + cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n";
  return out;
}

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_condition(const node& at) {
  std::string out;
  for (const auto& word : at.path)
    out.append(out.empty() ? "" : "; and ").append("__fish_seen_subcommand_from ").append(word);
  const auto below = verbs_of(*at.app);
  if (!below.empty())
    out.append(out.empty() ? "not " : "; and not ")
        .append("__fish_seen_subcommand_from ")
        .append(joined(below));
  return out;
}

std::string fish_script(const CLI::App& app) {
  std::string out;
  for (const auto& at : all_nodes(app)) {
    const auto condition = fish_condition(at);
    for (const auto* verb : at.app->get_subcommands([](const CLI::App*) { return true; }))
      out += "complete -c restante -f -n " + fish_quoted(condition) + " -a " + verb->get_name() +
             " -d " + fish_quoted(verb->get_description()) + "\n";
    for (const auto* option : at.app->get_options())
      for (const auto& name : option->get_lnames())
        out += "complete -c restante" +
               (at.path.empty() ? std::string{} : " -n " + fish_quoted(condition)) + " -l " + name +
               (option->get_expected_min() > 0 ? " -r" : "") + " -d " +
               fish_quoted(option->get_description()) + "\n";
  }
  return out;
}

} // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  // Without a match the shell offers files.
  if (shell == "bash")
    return bash_function(app) + "complete -o bashdefault -o default -F _restante restante\n";
  if (shell == "zsh")
    return "#compdef restante\nautoload -U +X bashcompinit && bashcompinit\n" + bash_function(app) +
           "complete -o default -F _restante restante\n";
  if (shell == "fish")
    return fish_script(app);
  return {};
}

} // namespace restante
