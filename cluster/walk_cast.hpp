// The parties of the walk-through and what they can do. Each has a connection and a key of its own;
// the telephone is reached through the gateway. One thread.
#pragma once

#include "cluster/pretend_gateway.hpp"
#include "cluster/walk.hpp"
#include "cluster/walk_story.hpp"

#include <deque>

namespace restante {

/// Ends the walk; thrown and caught within it, because every line of a step can fail.
struct walk_failed {
  failure why;
};

/// Throws unless `holds`.
void verify(bool holds, const std::string& expected);

/// A measured answer.
template <class Answer>
struct timed {
  Answer answer;
  std::string latency;
};

class walk_cast {
public:
  /// Connects the operator; the others come with their keys.
  walk_cast(const walk_options& options, walk_story& story);

  struct party {
    std::string name;
    std::filesystem::path key_file;
    identity who;
  };

  /// Makes a tenant named mvno-demo-<run> and the like, with a key file, and says so.
  party add(const std::string& kind, role what, std::vector<std::string> serves,
            const std::string& short_code);
  void revoke(const party& whom);

  /// A number and a device nobody on this node has.
  void find_telephone();

  /// The next text for the telephone; every text is shown. Throws when none comes in time.
  std::string next_text();

  /// The telephone texts the short code, and the node takes it over.
  void text_node(const std::string& text);

  /// Asks, waits, verifies the kind of the answer. Throws walk_failed.
  template <class Answer>
  timed<Answer> ask(client& as, operation what, const std::string& id = {}) {
    const auto begin = std::chrono::steady_clock::now();
    auto got = as.ask(std::move(what), id, options_.patience);
    const auto taken = std::chrono::steady_clock::now() - begin;
    if (!got)
      throw walk_failed{got.error()};
    auto* answer = std::get_if<Answer>(&*got);
    verify(answer != nullptr, "an answer of another kind");
    return {std::move(*answer), latency_text(taken)};
  }

  /// Asks for what must be refused with this code.
  failure ask_refused(client& as, operation what, errc expected, const std::string& id = {});

  client operator_;
  std::optional<client> mvno;
  std::optional<client> web;
  std::optional<client> stranger;
  std::optional<pretend_gateway> gateway;

  std::string number;
  std::string imei;

private:
  result<pretend_gateway::happening> next_happening();

  const walk_options& options_;
  walk_story& story_;
  std::string run_; // hex, in every name of this run
  std::deque<sms::submit> texts_;
};

} // namespace restante
