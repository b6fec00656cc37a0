// Strict reading of TOML tables: every key is asked for once and checked for type and range; a key
// nobody asked for is a problem too. So the list of known keys is the code that reads them, and
// cannot differ from it. Nothing throws; problems are collected and the first by position counts.
//
// Only cluster/config*.cpp include this: the TOML library is heavy and ends there.
#pragma once

#include "cluster/config.hpp"
#include "cluster/config_source.hpp"

#include <toml++/toml.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

/// Keeps the problem a reader should mend first: the earliest wrong thing, and only when there is
/// none, the earliest absent one.
class problem_log {
public:
  struct problem {
    bool absent = false;
    text_position at;
    const char* reason = "";
    std::string text;
  };

  /// `reason` must point to static storage; `text` reads "expected ..., found ...".
  void wrong(text_position at, const char* reason, std::string text);
  void absent(text_position at, std::string text);
  [[nodiscard]] const std::optional<problem>& first() const { return first_; }

private:
  void keep(problem next);
  std::optional<problem> first_;
};

/// Where a value stands; 1:1 for tables nobody wrote down.
[[nodiscard]] text_position position_of(const toml::source_region& source);

/// Reads one table. Getters return nothing when the key is absent or when its value is wrong, which
/// is then logged. The table and the log must outlive the reader.
class table_reader {
public:
  /// `name` as a person writes it: "[node]". A null table reads as an empty one.
  table_reader(std::string name, const toml::table* table, problem_log& problems);

  /// One printable() line, perhaps empty.
  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  /// A region's name, by the rule of profile_id: it stands before the dash, typed by people.
  [[nodiscard]] std::optional<std::string> region(std::string_view key);
  /// The name of a node: 1 to limits::name_bytes_max of a-z, 0-9 and '-'.
  [[nodiscard]] std::optional<std::string> node_name(std::string_view key);
  [[nodiscard]] std::optional<int64_t> integer(std::string_view key, number_range range);
  /// The index of the word in `allowed`.
  [[nodiscard]] std::optional<size_t> word(std::string_view key,
                                           std::span<const std::string_view> allowed);
  /// The texts of an array of one or more, as text() reads one, in order; those that are wrong are
  /// left out.
  struct placed_text {
    std::string text;
    text_position at;
  };
  [[nodiscard]] std::vector<placed_text> texts(std::string_view key);
  /// A sub-table; null when absent or of another type.
  [[nodiscard]] const toml::table* table(std::string_view key);
  /// The tables of [[key]], in order.
  [[nodiscard]] std::vector<const toml::table*> tables(std::string_view key);

  /// Takes `key` for known, whatever it is.
  void pass_over(std::string_view key);
  /// Logs that `key` is absent, unless it is there, right or wrong.
  void require(std::string_view key, std::string_view expected);
  /// Logs a problem at the value of `key`; at the table when there is no such key.
  void refuse(std::string_view key, const char* reason, std::string text);
  /// Logs every key that was not asked for, with the nearest that could have been meant.
  void refuse_unknown_keys();

  [[nodiscard]] bool has(std::string_view key) const { return table_ && table_->contains(key); }
  [[nodiscard]] text_position position(std::string_view key) const;

private:
  [[nodiscard]] const toml::node* ask(std::string_view key);
  [[nodiscard]] std::optional<std::string> text_of(const toml::node& node, std::string_view key);
  [[nodiscard]] std::string path_of(std::string_view key) const;
  void refuse_type(const toml::node& found, std::string expected);

  std::string name_;
  const toml::table* table_;
  problem_log& problems_;
  std::vector<std::string> asked_;
};

} // namespace restante
