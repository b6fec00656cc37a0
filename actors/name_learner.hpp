// The part of the directory that takes in names other nodes have registered.
//
// Invariants: a name that somebody is registering here is not touched; one that names another
// mailbox here stays as it is and is told to the operator. Owner: the directory.
#pragma once

#include "actors/directory.hpp"

#include <functional>
#include <set>

namespace restante {

class name_learner {
public:
  /// `claiming`: names somebody is registering now; `released` is called when some of them are
  /// free.
  name_learner(directory_actor::pointer self, const directory_options& options,
               std::set<alias>& claiming, std::function<void()> released)
      : self_{self}
      , options_{options}
      , claiming_{claiming}
      , released_{std::move(released)} {}

  caf::result<answered> learn(const learn_names& what);

private:
  using promise = caf::typed_response_promise<answered>;
  void write(const learn_names& what, const promise& reply, const get_reply& got);
  void end(const learn_names& what, promise reply, outcome done);

  directory_actor::pointer self_;
  const directory_options& options_;
  std::set<alias>& claiming_;
  std::function<void()> released_;
};

} // namespace restante
