// The checker's end of the journal: what a node has promised, and the contradictions that show in
// the promises themselves. The journal is read on while the depositor writes it, so everything
// says in which reading it was first seen. README.md has the lines. Owned by the checker.
#pragma once

#include "schemas/ids.hpp"

#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace restante::crash {

/// What was found, each subject once under each kind.
class differences {
public:
  /// The kinds README.md lists: lost, changed, duplicated, undeleted, refused.
  void note(const char* kind, const std::string& subject, const std::string& why);

  [[nodiscard]] size_t count(const char* kind) const;
  [[nodiscard]] bool any() const { return !found_.empty(); }

private:
  std::map<std::string, std::set<std::string>> found_;
};

/// One deposit. Readings count from 1; 0 means not yet.
struct promise {
  std::string profile;
  uint64_t size = 0;
  std::string digest; // hex
  message_id message; // these two once it is acknowledged
  uint32_t uid = 0;
  uint64_t acknowledged_in = 0;
  uint64_t deletion_asked_in = 0;
  uint64_t deleted_in = 0;
  bool purge = false;

  /// To be listed and handed out, by what had been read when `reading` ended.
  [[nodiscard]] bool owed(uint64_t reading) const {
    return acknowledged_in != 0 && acknowledged_in <= reading && deletion_asked_in == 0;
  }
  [[nodiscard]] bool deleted(uint64_t reading) const {
    return deleted_in != 0 && deleted_in <= reading;
  }
};

class promises {
public:
  promises(const std::string& journal, differences& found);

  /// Reads what was appended since; the number of this reading. Throws std::runtime_error on a line
  /// that is none.
  uint64_t read();

  /// Deposit `number`, or nothing when it was never sent.
  [[nodiscard]] const promise* find(uint64_t number) const;
  [[nodiscard]] const std::vector<uint64_t>& deposits_into(const std::string& profile) const;
  [[nodiscard]] const std::unordered_map<uint64_t, promise>& all() const { return all_; }
  [[nodiscard]] const std::vector<uint64_t>& acknowledged() const { return acknowledged_; }
  [[nodiscard]] const std::vector<std::string>& mailboxes() const { return mailboxes_; }

  /// Deposits that lines spoke of since the last call, and mailboxes registered since.
  std::set<uint64_t> take_touched();
  std::set<std::string> take_new_mailboxes();

  /// Once a message id and a number (uid) have been told for a deposit, by an acknowledgement or a
  /// listing, they stand for nothing else in that mailbox, ever, and the message keeps both.
  void told(const std::string& profile, uint64_t deposit, const message_id& message, uint32_t uid);

  [[nodiscard]] size_t deletions() const { return deletions_; }
  [[nodiscard]] bool ended() const { return ended_; }

private:
  struct mailbox {
    std::vector<uint64_t> deposits;
    std::unordered_map<uint32_t, message_id> numbers;
    std::unordered_map<message_id, std::pair<uint64_t, uint32_t>> messages; // deposit, uid
  };

  void line(const std::string& text);
  void acknowledged(uint64_t number, const std::string& message, uint32_t uid);

  std::ifstream journal_;
  std::string begun_; // a line whose end is not written yet
  differences& found_;
  std::unordered_map<uint64_t, promise> all_;
  std::unordered_map<std::string, mailbox> by_profile_;
  std::vector<uint64_t> acknowledged_;
  std::vector<std::string> mailboxes_;
  size_t mailboxes_taken_ = 0, deletions_ = 0;
  std::set<uint64_t> touched_;
  uint64_t reading_ = 0;
  bool ended_ = false;
};

} // namespace restante::crash
