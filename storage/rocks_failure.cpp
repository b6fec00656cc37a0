#include "storage/rocks_failure.hpp"

#include <rocksdb/listener.h>
#include <rocksdb/status.h>

namespace restante {

namespace {

/// RocksDB has no code for a held lock; these are the words of its POSIX file system.
bool held_by_another(const std::string& words) {
  return words.find("While lock file") != std::string::npos ||
         words.find("lock hold by current process") != std::string::npos;
}

/// RocksDB looks for a missing table by its old name last, and names that one.
std::string words_of(const rocksdb::Status& status) {
  auto words = status.ToString();
  constexpr std::string_view old = ".ldb";
  for (auto at = words.find(old); at != std::string::npos; at = words.find(old, at))
    words.replace(at, old.size(), ".sst");
  return words;
}

class failure_listener final : public rocksdb::EventListener {
public:
  explicit failure_listener(std::shared_ptr<stop_latch> latch) : latch_{std::move(latch)} {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override {
    if (!harmless(reason, *status))
      latch_->trip(status->ToString());
  }

  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status status,
                            bool* resumes) override {
    *resumes = *resumes && harmless(reason, status);
  }

private:
  /// A compaction without room leaves its inputs as they are and is tried again: nothing that was
  /// acknowledged depends on it.
  static bool harmless(rocksdb::BackgroundErrorReason reason, const rocksdb::Status& status) {
    return reason == rocksdb::BackgroundErrorReason::kCompaction && status.IsNoSpace();
  }

  std::shared_ptr<stop_latch> latch_;
};

} // namespace

failure failure_of(const rocksdb::Status& status, during what, const std::string& directory) {
  const auto words = words_of(status);
  if (what == during::writing)
    return {errc::storage_failure, "write_failed",
            "Writing to " + directory + " failed (" + words +
                "). The rows may or may not be stored: end, open the store again and verify."};
  if (status.IsCorruption())
    return {errc::storage_failure, "store_damaged",
            "The store in " + directory + " is damaged (" + words + "). " +
                damage_advice(directory)};
  if (what == during::reading)
    return {errc::storage_failure, "read_failed",
            "Reading from " + directory + " failed (" + words + "). Check the disk."};
  if (status.IsNoSpace())
    return {errc::storage_full, "disk_full",
            "There is no room to open the store in " + directory + ": make room and start again."};
  if (held_by_another(words))
    return {errc::storage_failure, "data_in_use",
            "Another restanted uses " + directory + ": stop it, or name another directory."};
  if (status.IsInvalidArgument() || status.IsNotSupported())
    return {errc::storage_failure, "format_unknown",
            "The store in " + directory + " was written by another program or a newer version (" +
                words + "): use that version, or name another directory."};
  return {errc::storage_failure, "open_failed",
          "The store in " + directory + " cannot be opened (" + words +
              "): look at its rights and its disk. 'restante store check " + directory +
              "' says whether something is damaged."};
}

failure failure_of(const std::exception& error, during what, const std::string& directory) {
  return failure_of(rocksdb::Status::Aborted(error.what()), what, directory);
}

std::string damage_advice(const std::string& directory) {
  return "'restante store check " + directory +
         "' says what is damaged. Move the directory aside and let this node be seeded from a "
         "replica, restore a backup, or salvage what can be read with 'restante store repair " +
         directory + " --into NEWDIR'.";
}

std::shared_ptr<rocksdb::EventListener> make_failure_listener(std::shared_ptr<stop_latch> latch) {
  return std::make_shared<failure_listener>(std::move(latch));
}

} // namespace restante
