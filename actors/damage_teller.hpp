// Tells the operator of damage that was read: of each damaged place once, in the store's words. Who
// asked learns only that something can't be read. Shared by all readers of a node, on their
// threads.
#pragma once

#include "actors/log.hpp"
#include "schemas/error.hpp"

#include <mutex>
#include <set>
#include <string>

namespace restante {

class damage_teller {
public:
  explicit damage_teller(logger log) : log_{std::move(log)} {}

  template <class Value>
  result<Value> told(result<Value> read) {
    if (read || read.error().code != errc::storage_failure)
      return read;
    auto& why = read.error();
    tell(why);
    why.text = "what is stored can't be read: the operator has been told";
    return read;
  }

private:
  static constexpr size_t told_max = 1000; // a dying disk is not to fill the memory

  void tell(const failure& why) {
    std::lock_guard lock{mutex_};
    if (told_.size() < told_max && told_.insert(why.text).second)
      log_.error(why.reason, {{"text", why.text}});
  }

  logger log_;
  std::mutex mutex_;
  std::set<std::string> told_;
};

} // namespace restante
