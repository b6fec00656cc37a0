// The clients of a simulated cluster: tenants who deposit, list, purge, flag and set, at any node,
// and say it again with the same id at another when there was no answer; subscribers who travel,
// gateways that take texts over, somebody who guesses PINs. Everything asked and answered goes to
// the checker.
#pragma once

#include "tests/simulation/cluster.hpp"
#include "tests/simulation/observation.hpp"

#include <list>

namespace restante::simulation {

class clients {
public:
  /// `calm`: gateways too do what they should.
  clients(cluster& all, promises& checker, uint64_t seed, bool calm);

  /// Registers the subscribers; before anything goes wrong.
  void register_all(size_t count);
  void begin(moment until);
  /// Whether a copy that was made of a mailbox whose subscriber stays at home stays, too.
  bool copies_stay = true;
  /// Reads answers and texts. Whenever everybody is at rest.
  void listen();
  /// Nobody who asked there is answered any more.
  void hang_up(size_t node);

  [[nodiscard]] const std::vector<mailbox_id>& boxes() const { return boxes_; }
  [[nodiscard]] const std::string& home(size_t box) const { return homes_[box]; }
  /// Requests that wait for an answer at a node that runs.
  [[nodiscard]] size_t open() const { return open_.size(); }

private:
  using heard = std::function<void(const outcome*)>; // nothing: no answer
  struct open_call {
    size_t node = 0;
    call what;
    heard then;
    std::shared_ptr<bool> given_up;
  };
  struct deposit_job {
    size_t box = 0;
    std::string id;
    int label = 0;
    op::durability until = op::durability::usual;
    size_t tries_left = 0;
  };

  void next();
  void act();
  void ask(size_t box, mailbox_op what, const std::string& id, heard then);
  void deposit();
  void send(const deposit_job& what);
  void remove();
  void set_flags();
  void retrieve();
  void list();
  void guess_pin();
  void set_language();
  void travel();
  void take_texts(size_t node);

  [[nodiscard]] std::string fresh_id() { return "r" + std::to_string(++requests_); }
  [[nodiscard]] std::optional<std::string> any_message(size_t box);

  cluster& all_;
  promises& checker_;
  random_source draw_;
  std::vector<mailbox_id> boxes_;
  std::vector<std::string> homes_;
  std::vector<std::vector<std::string>> known_; // message ids, by box
  std::vector<std::vector<std::string>> used_;  // deposit ids, by box
  std::vector<bool> moved_;                     // by box: somebody asked for it
  std::list<open_call> open_;
  std::vector<size_t> texts_read_;
  size_t requests_ = 0;
  int labels_ = 0;
  moment until_ = 0;
  uint64_t pause_ = 0;
  bool calm_;
  bool eager_; // somebody guesses PINs as fast as they can
};

} // namespace restante::simulation
