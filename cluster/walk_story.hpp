// How the walk-through is told: numbered steps, who says what to whom, texts in boxes. Owned by
// walk(); in JSON the same things become one document.
#pragma once

#include "cluster/cli_output.hpp"

#include <iosfwd>

namespace restante {

class walk_story {
public:
  walk_story(std::ostream& out, bool json) : out_{out}, json_{json} {}

  /// Begins a step.
  void step(const std::string& title);

  /// "  mvno -> node       deposit ..."
  void says(std::string_view from, std::string_view to, const std::string& what);

  /// What a telephone shows.
  void text_message(std::string_view phone, std::string_view from, std::string_view text,
                    int segments);

  /// A fact by itself.
  void note(const std::string& what);

  /// Rows under headings.
  void table(const std::vector<std::string>& headings,
             const std::vector<std::vector<std::string>>& rows);

  /// The step under way, "4 (The telephone ...)", for failures; empty before the first.
  [[nodiscard]] std::string where() const;

  /// Ends the story with what is worth knowing afterwards, if there are commands to go on with.
  void end(const std::vector<std::pair<std::string, std::string>>& facts,
           const std::vector<std::string>& commands);

private:
  std::ostream& out_;
  bool json_;
  int number_ = 0;
  std::string title_;
  json_value steps_ = json_value::array();
};

} // namespace restante
