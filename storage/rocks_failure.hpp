// How RocksDB's answers become failures, and the latch by which the first failed write stops a
// store. Part of rocks_store and of what looks at a store's files without it.
#pragma once

#include "schemas/error.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <string>

namespace rocksdb {
class EventListener;
class Status;
} // namespace rocksdb

namespace restante {

/// What the store was doing: it decides what a failure says about the rows.
enum class during { opening, writing, reading };

/// Every answer of RocksDB that is not OK becomes a failure here.
[[nodiscard]] failure failure_of(const rocksdb::Status& status, during what,
                                 const std::string& directory);

/// The same for an exception on its way out of RocksDB.
[[nodiscard]] failure failure_of(const std::exception& error, during what,
                                 const std::string& directory);

/// What an operator is to do about a damaged store, as the end of a message.
[[nodiscard]] std::string damage_advice(const std::string& directory);

/// Runs `work`; an exception becomes a failure, so that none leaves the store.
template <class Work>
auto guarded(during what, const std::string& directory, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& error) {
    return tl::unexpected<failure>{failure_of(error, what, directory)};
  }
}

/// Set once, by the first failed write or sync of any thread.
class stop_latch {
public:
  void trip(std::string cause) {
    std::scoped_lock lock{mutex_};
    if (!tripped_.exchange(true))
      cause_ = std::move(cause);
  }
  [[nodiscard]] bool tripped() const { return tripped_; }
  [[nodiscard]] failure refusal() const {
    std::scoped_lock lock{mutex_};
    return {errc::storage_failure, "stopped",
            "The store stopped after a failure (" + cause_ + "): open it again and verify."};
  }

private:
  std::atomic<bool> tripped_ = false;
  mutable std::mutex mutex_;
  std::string cause_;
};

/// Trips the latch when a flush, compaction or sync fails in RocksDB's own threads, and forbids
/// RocksDB to resume by itself.
[[nodiscard]] std::shared_ptr<rocksdb::EventListener>
make_failure_listener(std::shared_ptr<stop_latch> latch);

} // namespace restante
