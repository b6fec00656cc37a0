// A `restanted` with mailboxes that have one message each, and what a client does to them.
#pragma once

#include "benchmarks/load.hpp"
#include "benchmarks/served_node.hpp"

namespace restante::bench {

class filled_node {
public:
  /// Starts it and fills it through its socket, with recordings of `size` bytes. Throws
  /// std::runtime_error, as everything here.
  filled_node(size_t mailboxes, size_t size, const std::filesystem::path& under);

  [[nodiscard]] served_node& node() { return node_; }
  [[nodiscard]] size_t mailboxes() const { return profiles_.size(); }

  /// `count` deposits into mailboxes in turn, in an order that has nothing to do with theirs on
  /// disk; a second time only after all others. Goes on where the last call ended.
  [[nodiscard]] load_figures deposits(size_t count, size_t window, const char* doing);
  /// The same mailboxes as the last call.
  [[nodiscard]] load_figures deposits_again(size_t count, size_t window, const char* doing);

  /// Retrieves the first message of each mailbox, in the same order.
  [[nodiscard]] load_figures retrievals(size_t window, const char* doing);

  /// Looks at the mailboxes from..to-1 of that order, which loads them.
  void load(size_t from, size_t to);

private:
  [[nodiscard]] load_figures ask_all(load_shape how,
                                     const std::function<operation(size_t number)>& what);

  served_node node_;
  recordings media_;
  size_t size_;
  std::vector<std::string> profiles_;
  size_t next_ = 0;
};

} // namespace restante::bench
