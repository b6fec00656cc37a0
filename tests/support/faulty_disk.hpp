// A file system for rocks_store that fails on demand: options.env = disk.env.get(). Faults are
// switched on and off while the store runs; what is not switched goes to the real disk.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>

namespace restante {

struct disk_switches {
  std::atomic<bool> fail_log_syncs = false;
  std::atomic<bool> fail_blob_files = false;
  std::atomic<uint64_t> log_syncs = 0;
};

/// The write-ahead log: syncs are counted, or fail.
class faulty_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  faulty_file(std::unique_ptr<rocksdb::FSWritableFile>&& file, disk_switches& switches)
      : FSWritableFileOwnerWrapper{std::move(file)}
      , switches_{switches} {}

  rocksdb::IOStatus Sync(const rocksdb::IOOptions& how, rocksdb::IODebugContext* trace) override {
    if (switches_.fail_log_syncs)
      return rocksdb::IOStatus::IOError("sync failed as asked");
    ++switches_.log_syncs;
    return FSWritableFileOwnerWrapper::Sync(how, trace);
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& how, rocksdb::IODebugContext* trace) override {
    return Sync(how, trace);
  }

private:
  disk_switches& switches_;
};

class faulty_disk final : public rocksdb::FileSystemWrapper {
public:
  explicit faulty_disk(disk_switches& switches)
      : FileSystemWrapper{rocksdb::FileSystem::Default()}
      , switches_{switches} {}

  const char* Name() const override { return "faulty_disk"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& how,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* trace) override {
    if (name.ends_with(".blob") && switches_.fail_blob_files)
      return rocksdb::IOStatus::IOError("blob file failed as asked");
    auto status = FileSystemWrapper::NewWritableFile(name, how, file, trace);
    if (status.ok() && name.ends_with(".log"))
      *file = std::make_unique<faulty_file>(std::move(*file), switches_);
    return status;
  }

private:
  disk_switches& switches_;
};

/// The switches and the Env to open a store with; must outlive the store.
struct faulty {
  disk_switches switches;
  std::unique_ptr<rocksdb::Env> env =
      rocksdb::NewCompositeEnv(std::make_shared<faulty_disk>(switches));
};

} // namespace restante
