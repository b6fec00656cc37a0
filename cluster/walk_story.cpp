#include "cluster/walk_story.hpp"

#include "schemas/limits.hpp"
#include "schemas/text.hpp"

#include <algorithm>
#include <ostream>

namespace restante {

namespace {

constexpr size_t box_columns = 64;

/// Code points in the first `bytes` bytes.
size_t columns(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(first_code_point(text).bytes);
  return count;
}

/// Lines of at most box_columns, broken at spaces; a longer word stands on a line of its own.
std::vector<std::string> wrapped(std::string_view text) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!lines.back().empty() && columns(lines.back()) + 1 + columns(word) > box_columns)
      lines.emplace_back();
    lines.back().append(lines.back().empty() ? "" : " ").append(word);
  }
  return lines;
}

} // namespace

void walk_story::step(const std::string& title) {
  ++number_;
  title_ = title;
  if (json_)
    steps_.push_back({{"step", number_}, {"title", title}, {"lines", json_value::array()}});
  else
    out_ << "\n" << number_ << ". " << title << std::endl;
}

void walk_story::says(std::string_view from, std::string_view to, const std::string& what) {
  if (json_) {
    steps_.back()["lines"].push_back({{"from", from}, {"to", to}, {"what", what}});
    return;
  }
  auto who = std::string{from} + " -> " + std::string{to};
  who.append(who.size() < 18 ? 18 - who.size() : 0, ' ');
  out_ << "   " << who << "  " << what << std::endl;
}

void walk_story::text_message(std::string_view phone, std::string_view from, std::string_view text,
                              int segments) {
  if (json_) {
    steps_.back()["lines"].push_back(
        {{"from", from}, {"to", phone}, {"sms", text}, {"segments", segments}});
    return;
  }
  const auto lines = wrapped(clean(text, limits::sms_text_bytes_max));
  size_t widest = 0;
  for (const auto& line : lines)
    widest = std::max(widest, columns(line));
  const std::string indent(23, ' ');
  const auto edge = indent + "+" + std::string(widest + 2, '-') + "+\n";
  says("gateway", "phone",
       "SMS from " + std::string{from} + " to " + std::string{phone} + ", " +
           std::to_string(segments) + (segments == 1 ? " segment" : " segments"));
  out_ << edge;
  for (const auto& line : lines)
    out_ << indent << "| " << line << std::string(widest - columns(line), ' ') << " |\n";
  out_ << edge << std::flush;
}

void walk_story::note(const std::string& what) {
  if (json_)
    steps_.back()["lines"].push_back({{"note", what}});
  else
    out_ << "   " << what << std::endl;
}

void walk_story::table(const std::vector<std::string>& headings,
                       const std::vector<std::vector<std::string>>& rows) {
  if (json_) {
    auto told = json_value::array();
    for (const auto& row : rows) {
      json_value one;
      for (size_t i = 0; i < headings.size(); ++i)
        one[headings[i]] = row[i];
      told.push_back(std::move(one));
    }
    steps_.back()["lines"].push_back({{"table", std::move(told)}});
    return;
  }
  std::vector<std::string> first = headings;
  first.insert(first.begin(), " "); // with the blanks between columns: where notes begin
  text_table shown_as{std::move(first)};
  for (auto row : rows) {
    row.insert(row.begin(), " ");
    shown_as.add(std::move(row));
  }
  shown_as.print(out_);
  out_ << std::flush;
}

std::string walk_story::where() const {
  return number_ == 0 ? std::string{} : std::to_string(number_) + " (" + title_ + ")";
}

void walk_story::end(const std::vector<std::pair<std::string, std::string>>& facts,
                     const std::vector<std::string>& commands) {
  if (json_) {
    json_value all{{"steps", steps_}, {"facts", json_value::object()}, {"commands", commands}};
    for (const auto& [name, value] : facts)
      all["facts"][name] = value;
    return print_json(out_, all);
  }
  out_ << "\nEvery step was verified.";
  if (commands.empty()) {
    out_ << std::endl;
    return;
  }
  out_ << " What is there now:\n\n";
  print_facts(out_, facts);
  out_ << "\nGo on by hand in a second terminal:\n\n";
  for (const auto& command : commands)
    out_ << "  " << command << '\n';
  out_ << std::endl;
}

} // namespace restante
