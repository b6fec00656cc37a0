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

/// Throws when the file can't be read.
[[nodiscard]] media_part read_recording(const std::filesystem::path& file);

/// "39153 bytes of amr"
[[nodiscard]] std::string size_of(const media_part& media);

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

  /// One more session of the SMS gateway, welcomed by a node. The first one hears the telephone.
  void attach(const identity& who);

  /// A telephone that nobody on this node has texts the short code, and is welcomed.
  profile_id activate(const std::string& pin);

  /// The next text for the telephone that has these words; it is shown, and what comes before it is
  /// not. Throws when none comes in time.
  std::string next_text(std::string_view words = {});

  /// Asks, waits, verifies the kind of the answer; what is busy is asked again, as adapters do,
  /// but for answers to challenges.
  /// Throws walk_failed.
  template <class Answer>
  timed<Answer> ask(client& as, const operation& what, const std::string& id = {}) {
    const auto begin = std::chrono::steady_clock::now();
    auto got = patiently(as, what, id.empty() ? fresh_request_id() : id);
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
  std::vector<pretend_gateway> gateways;

  std::string number;
  std::string imei;

private:
  result<outcome> patiently(client& as, const operation& what, const std::string& id) const;
  result<pretend_gateway::happening> next_happening();
  void find_telephone();
  /// The telephone texts the short code, and the node takes it over.
  void text_node(const std::string& text);

  const walk_options& options_;
  walk_story& story_;
  std::string run_; // hex, in every name of this run
  std::deque<sms::submit> texts_;
};

} // namespace restante
