#include "cluster/config_reader.hpp"

#include "cluster/member_rules.hpp"
#include "schemas/text.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace restante {

namespace {

constexpr size_t shown_bytes_max = 100; // of a word or key from the file, in a message

std::string in_quotes(std::string_view text) { return "'" + clean(text, shown_bytes_max) + "'"; }

std::string_view describe(const toml::node& node) {
  switch (node.type()) {
  case toml::node_type::table:
    return "a table";
  case toml::node_type::array:
    return "an array";
  case toml::node_type::string:
    return "a string";
  case toml::node_type::integer:
    return "an integer";
  case toml::node_type::floating_point:
    return "a number with a fraction";
  case toml::node_type::boolean:
    return "true or false";
  default:
    return "a date or time";
  }
}

template <class Words>
std::string listed(const Words& words) {
  std::string all;
  for (const auto& word : words)
    all.append(all.empty() ? "" : ", ").append(word);
  return all;
}

/// Letters to insert, delete or replace to turn one word into the other.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// The known word that was probably meant; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string_view best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : known)
    if (const size_t distance = edit_distance(word, candidate);
        distance < least && distance < candidate.size()) {
      least = distance;
      best = candidate;
    }
  return best;
}

} // namespace

void problem_log::wrong(text_position at, const char* reason, std::string text) {
  keep({false, at, reason, std::move(text)});
}

void problem_log::absent(text_position at, std::string text) {
  keep({true, at, "config_missing", std::move(text)});
}

void problem_log::keep(problem next) {
  if (!first_ || std::tie(next.absent, next.at) < std::tie(first_->absent, first_->at))
    first_ = std::move(next);
}

text_position position_of(const toml::source_region& source) {
  return {std::max<uint32_t>(source.begin.line, 1), std::max<uint32_t>(source.begin.column, 1)};
}

table_reader::table_reader(std::string name, const toml::table* table, problem_log& problems)
    : name_{std::move(name)}
    , table_{table}
    , problems_{problems} {}

void table_reader::pass_over(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end())
    asked_.emplace_back(key);
}

const toml::node* table_reader::ask(std::string_view key) {
  pass_over(key);
  return table_ ? table_->get(key) : nullptr;
}

void table_reader::refuse_type(const toml::node& found, std::string expected) {
  problems_.wrong(position_of(found.source()), "config_type",
                  "expected " + std::move(expected) + ", found " + std::string{describe(found)});
}

std::string table_reader::path_of(std::string_view key) const {
  const auto begin = name_.find_first_not_of('[');
  const bool root = begin == 0; // "the file"
  return (root ? "" : name_.substr(begin, name_.find(']') - begin) + ".") + std::string{key};
}

std::optional<std::string> table_reader::text(std::string_view key) {
  const auto* node = ask(key);
  return node ? text_of(*node, key) : std::nullopt;
}

std::optional<std::string> table_reader::text_of(const toml::node& node, std::string_view key) {
  const auto* value = node.as_string();
  if (!value) {
    refuse_type(node, "a string in quotes for " + std::string{key});
    return std::nullopt;
  }
  if (!printable(value->get())) {
    problems_.wrong(position_of(node.source()), "config_not_text",
                    "expected one line of text for " + std::string{key} +
                        ", found control characters");
    return std::nullopt;
  }
  return value->get();
}

std::vector<table_reader::placed_text> table_reader::texts(std::string_view key) {
  std::vector<placed_text> all;
  const auto* node = ask(key);
  if (!node)
    return all;
  const auto* array = node->as_array();
  if (!array) {
    refuse_type(*node, "strings in brackets for " + std::string{key});
    return all;
  }
  if (array->empty())
    refuse(key, "config_range",
           "expected one string or more for " + std::string{key} + ", found none");
  for (const auto& element : *array)
    if (auto text = text_of(element, key))
      all.push_back({std::move(*text), position_of(element.source())});
  return all;
}

std::optional<std::string> table_reader::region(std::string_view key) {
  auto name = text(key);
  if (!name || member_rules::is_region(*name))
    return name;
  refuse(key, "config_range",
         "expected a region of 1 to 16 characters of a-z and 0-9, found " + in_quotes(*name));
  return std::nullopt;
}

std::optional<std::string> table_reader::node_name(std::string_view key) {
  auto name = text(key);
  if (!name || member_rules::is_node_name(*name))
    return name;
  refuse(key, "config_range",
         "expected a node's name of 1 to " + std::to_string(limits::name_bytes_max) +
             " characters of a-z, 0-9 and '-', found " + in_quotes(*name));
  return std::nullopt;
}

std::optional<int64_t> table_reader::integer(std::string_view key, number_range range) {
  const auto* node = ask(key);
  if (!node)
    return std::nullopt;
  const auto* value = node->as_integer();
  if (!value) {
    refuse_type(*node, "an integer for " + std::string{key});
    return std::nullopt;
  }
  if (value->get() < range.min || value->get() > range.max) {
    refuse(key, "config_range",
           "expected " + std::to_string(range.min) + " to " + std::to_string(range.max) + " for " +
               std::string{key} + ", found " + std::to_string(value->get()));
    return std::nullopt;
  }
  return value->get();
}

std::optional<size_t> table_reader::word(std::string_view key,
                                         std::span<const std::string_view> allowed) {
  const auto value = text(key);
  if (!value)
    return std::nullopt;
  const auto at = std::find(allowed.begin(), allowed.end(), *value);
  if (at != allowed.end())
    return static_cast<size_t>(at - allowed.begin());
  refuse(key, "config_word",
         "expected one of " + listed(allowed) + " for " + std::string{key} + ", found " +
             in_quotes(*value));
  return std::nullopt;
}

const toml::table* table_reader::table(std::string_view key) {
  const auto* node = ask(key);
  if (node && !node->is_table())
    refuse_type(*node, "a table [" + path_of(key) + "]");
  return node ? node->as_table() : nullptr;
}

std::vector<const toml::table*> table_reader::tables(std::string_view key) {
  std::vector<const toml::table*> all;
  const auto* node = ask(key);
  if (!node)
    return all;
  const auto expected = "tables [[" + path_of(key) + "]]";
  const auto* array = node->as_array();
  if (!array) {
    refuse_type(*node, expected);
    return all;
  }
  for (const auto& element : *array) {
    if (const auto* table = element.as_table())
      all.push_back(table);
    else
      refuse_type(element, expected);
  }
  return all;
}

void table_reader::require(std::string_view key, std::string_view expected) {
  if (!has(key))
    problems_.absent(position(key), "expected " + std::string{key} + " in " + name_ + ", " +
                                        std::string{expected} + ", found none");
}

void table_reader::refuse(std::string_view key, const char* reason, std::string text) {
  problems_.wrong(position(key), reason, std::move(text));
}

text_position table_reader::position(std::string_view key) const {
  if (!table_)
    return {};
  const auto* node = table_->get(key);
  return position_of(node ? node->source() : table_->source());
}

void table_reader::refuse_unknown_keys() {
  if (!table_)
    return;
  for (const auto& [key, value] : *table_) {
    if (std::find(asked_.begin(), asked_.end(), key.str()) != asked_.end())
      continue;
    const auto meant = nearest(key.str(), asked_);
    problems_.wrong(position_of(key.source()), "config_unknown_key",
                    meant.empty()
                        ? "expected a key of " + name_ + " (" + listed(asked_) + "), found " +
                              in_quotes(key.str())
                        : "expected a key of " + name_ + ", found " + in_quotes(key.str()) +
                              "; did you mean '" + std::string{meant} + "'?");
  }
}

} // namespace restante
