// A disk below RocksDB that forgets what was not synced when its power fails, and that fails at a
// chosen step: options.env = disk.env(). Every write, sync, creation, renaming and deletion and
// every sync of the directory is a step; steps are counted and can be made to fail, one by one.
//
// Invariants: the steps happen one after another, also those of different threads. A sync reaches
// no real disk: what was synced is known here (disk_image.hpp), so that crashes cost no time.
// Without power every step fails and nothing is kept any more, whatever the process still does.
//
// What it cannot show: what lies below - that RocksDB's POSIX layer really calls fdatasync and
// fsync, and a kernel, file system or drive that breaks its promise: a sync that lies, a cache
// without battery, a journal replayed wrongly. Pages written out of order: of a file a beginning is
// left, never holes, zeros or foreign bytes behind it, and of the changes to names the first ones;
// real file systems may do worse to what was not synced. Damage to synced bytes by a write beside
// them. Memory maps, direct writes, hard links and writing in place: RocksDB does none of these
// here, and is refused what would go past this. Errors of close and of reading, a disk that answers
// late. Files not written through RocksDB: its text log, its lock, and the store's high-water mark,
// whose fate at the crash is up to the test.
// Owner: the test; must outlive the store.
#pragma once

#include "tests/support/disk_image.hpp"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace restante {

enum class disk_step : uint8_t { create, write, sync, rename, remove, sync_names };

enum class disk_fault : uint8_t {
  io_error,    // EIO, once; a failed sync loses what it was for
  dead,        // EIO, from then on
  no_space,    // ENOSPC, once
  short_write, // half of the bytes, then ENOSPC; of other steps as no_space
  power_off,   // this step and what follows does not happen
};

class lossy_disk {
public:
  /// What an armed fault has hit.
  struct hit {
    disk_step what;
    std::string name;
    std::thread::id by;
  };

  /// What is in the directory already is on disk.
  explicit lossy_disk(const std::filesystem::path& directory);

  [[nodiscard]] rocksdb::Env* env() { return env_.get(); }

  /// The `at`-th step from now fails, counted from 1.
  void fail_at(uint64_t at, disk_fault how) {
    const std::scoped_lock lock{mutex_};
    steps_ = 0;
    armed_ = at;
    how_ = how;
    hit_.reset();
  }
  void cut_power() {
    const std::scoped_lock lock{mutex_};
    powered_ = false;
  }

  /// The process ends, the system goes on: nothing is lost, no more steps fail. The store must be
  /// closed.
  void restart() {
    const std::scoped_lock lock{mutex_};
    armed_ = 0;
    powered_ = true;
  }
  /// The power fails and comes back: the directory becomes what is left. The store must be closed.
  void lose_power(random_source& draw) {
    restart();
    const std::scoped_lock lock{mutex_};
    image_.lose_power(draw);
  }

  /// Steps since the last fail_at.
  [[nodiscard]] uint64_t steps() const {
    const std::scoped_lock lock{mutex_};
    return steps_;
  }
  [[nodiscard]] std::optional<hit> hit_by_fault() const {
    const std::scoped_lock lock{mutex_};
    return hit_;
  }
  [[nodiscard]] bool powered() const {
    const std::scoped_lock lock{mutex_};
    return powered_;
  }

private:
  class file_system;
  class written_file;
  class synced_directory;
  class quick_clock;
  class environment;

  /// How the step ends if it fails; the lock must be held. `half`: the file gets half of it first.
  rocksdb::IOStatus step(disk_step what, const std::string& name, bool* half = nullptr) {
    ++steps_;
    const bool now = armed_ != 0 && steps_ == armed_;
    const bool later = armed_ != 0 && steps_ > armed_;
    if (now)
      hit_ = hit{what, name, std::this_thread::get_id()};
    if (now && how_ == disk_fault::power_off)
      powered_ = false;
    if (!powered_)
      return rocksdb::IOStatus::IOError(name, "the power is off, as asked");
    if (!now && !(later && how_ == disk_fault::dead))
      return rocksdb::IOStatus::OK();
    if (how_ == disk_fault::io_error || how_ == disk_fault::dead)
      return rocksdb::IOStatus::IOError(name, "input/output error, as asked");
    if (half)
      *half = how_ == disk_fault::short_write;
    auto full = rocksdb::IOStatus::NoSpace(name, "no space left on device, as asked");
    full.SetRetryable(true); // as RocksDB's own file system says it
    return full;
  }

  mutable std::mutex mutex_;
  disk_image image_;
  uint64_t steps_ = 0;
  uint64_t armed_ = 0;
  disk_fault how_ = disk_fault::io_error;
  std::optional<hit> hit_;
  bool powered_ = true;
  std::unique_ptr<rocksdb::Env> env_;
};

class lossy_disk::written_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  written_file(std::unique_ptr<rocksdb::FSWritableFile>&& file, lossy_disk& disk, std::string name,
               std::shared_ptr<disk_image::file> image)
      : FSWritableFileOwnerWrapper{std::move(file)}
      , disk_{disk}
      , name_{std::move(name)}
      , image_{std::move(image)} {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& how,
                           rocksdb::IODebugContext* trace) override {
    const std::scoped_lock lock{disk_.mutex_};
    bool half = false;
    auto failed = disk_.step(disk_step::write, name_, &half);
    if (!failed.ok() && !half)
      return failed;
    const rocksdb::Slice part{data.data(), half ? data.size() / 2 : data.size()};
    auto done = FSWritableFileOwnerWrapper::Append(part, how, trace);
    if (done.ok())
      image_->written += part.size();
    return failed.ok() ? done : failed;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& how,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* trace) override {
    return Append(data, how, trace);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    const std::scoped_lock lock{disk_.mutex_};
    auto failed = disk_.step(disk_step::sync, name_);
    if (failed.ok())
      image_->sync();
    else if (disk_.powered_)
      image_->sync_failed = true;
    return failed;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& how, rocksdb::IODebugContext* trace) override {
    return Sync(how, trace);
  }
  /// RocksDB cuts off what it had allocated and not written, and nothing else.
  rocksdb::IOStatus Truncate(uint64_t bytes, const rocksdb::IOOptions& how,
                             rocksdb::IODebugContext* trace) override {
    const std::scoped_lock lock{disk_.mutex_};
    if (bytes < image_->written)
      return rocksdb::IOStatus::NotSupported(name_, "cutting off written bytes is not followed");
    return FSWritableFileOwnerWrapper::Truncate(bytes, how, trace);
  }

  // Hints, and no promise.
  rocksdb::IOStatus RangeSync(uint64_t, uint64_t, const rocksdb::IOOptions&,
                              rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
  void PrepareWrite(size_t, size_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {}
  rocksdb::IOStatus Allocate(uint64_t, uint64_t, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }

private:
  lossy_disk& disk_;
  std::string name_;
  std::shared_ptr<disk_image::file> image_;
};

class lossy_disk::synced_directory final : public rocksdb::FSDirectoryWrapper {
public:
  synced_directory(std::unique_ptr<rocksdb::FSDirectory>&& directory, lossy_disk& disk)
      : FSDirectoryWrapper{std::move(directory)}
      , disk_{disk} {}

  rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    const std::scoped_lock lock{disk_.mutex_};
    auto failed = disk_.step(disk_step::sync_names, "directory");
    if (failed.ok())
      disk_.image_.sync_names();
    return failed;
  }
  rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& how,
                                        rocksdb::IODebugContext* trace,
                                        const rocksdb::DirFsyncOptions&) override {
    return Fsync(how, trace);
  }

private:
  lossy_disk& disk_;
};

class lossy_disk::file_system final : public rocksdb::FileSystemWrapper {
public:
  explicit file_system(lossy_disk& disk)
      : FileSystemWrapper{rocksdb::FileSystem::Default()}
      , disk_{disk} {}

  const char* Name() const override { return "lossy_disk"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& how,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* trace) override {
    const std::scoped_lock lock{disk_.mutex_};
    if (auto failed = disk_.step(disk_step::create, name(path)); !failed.ok())
      return failed;
    if (disk_.image_.find(name(path))) // the old one may come back, with its bytes
      if (auto done = FileSystemWrapper::DeleteFile(path, how.io_options, trace); !done.ok())
        return done;
    auto done = FileSystemWrapper::NewWritableFile(path, how, file, trace);
    if (done.ok())
      *file = std::make_unique<written_file>(std::move(*file), disk_, name(path),
                                             disk_.image_.create(name(path)));
    return done;
  }
  /// Of a log that was read back, to give back what was allocated.
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& how,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* trace) override {
    const std::scoped_lock lock{disk_.mutex_};
    auto image = disk_.image_.find(name(path));
    if (!image)
      return rocksdb::IOStatus::NotSupported(path, "only files made here");
    auto done = FileSystemWrapper::ReopenWritableFile(path, how, file, trace);
    if (done.ok())
      *file = std::make_unique<written_file>(std::move(*file), disk_, name(path), std::move(image));
    return done;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& how,
                               rocksdb::IODebugContext* trace) override {
    const std::scoped_lock lock{disk_.mutex_};
    if (auto failed = disk_.step(disk_step::rename, name(to)); !failed.ok())
      return failed;
    auto done = FileSystemWrapper::RenameFile(from, to, how, trace);
    if (done.ok())
      disk_.image_.rename(name(from), name(to));
    return done;
  }
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& how,
                               rocksdb::IODebugContext* trace) override {
    const std::scoped_lock lock{disk_.mutex_};
    if (auto failed = disk_.step(disk_step::remove, name(path)); !failed.ok())
      return failed;
    auto done = FileSystemWrapper::DeleteFile(path, how, trace);
    if (done.ok())
      disk_.image_.remove(name(path));
    return done;
  }
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& how,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* trace) override {
    auto done = FileSystemWrapper::NewDirectory(path, how, directory, trace);
    if (done.ok())
      *directory = std::make_unique<synced_directory>(std::move(*directory), disk_);
    return done;
  }

  // What would change files without being seen.
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string&,
                                      const rocksdb::FileOptions&,
                                      std::unique_ptr<rocksdb::FSWritableFile>*,
                                      rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported(path);
  }
  rocksdb::IOStatus NewRandomRWFile(const std::string& path, const rocksdb::FileOptions&,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>*,
                                    rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported(path);
  }
  rocksdb::IOStatus
  NewMemoryMappedFileBuffer(const std::string& path,
                            std::unique_ptr<rocksdb::MemoryMappedFileBuffer>*) override {
    return rocksdb::IOStatus::NotSupported(path);
  }
  rocksdb::IOStatus Truncate(const std::string& path, size_t, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported(path);
  }
  rocksdb::IOStatus LinkFile(const std::string& path, const std::string&, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported(path);
  }

private:
  static std::string name(const std::string& path) {
    return std::filesystem::path{path}.filename().string();
  }

  lossy_disk& disk_;
};

/// RocksDB waits a second after a failed compaction, also when it is being closed.
class lossy_disk::quick_clock final : public rocksdb::SystemClockWrapper {
public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "lossy_disk"; }
  void SleepForMicroseconds(int time) override {
    SystemClockWrapper::SleepForMicroseconds(std::min(time, 1000));
  }
};

class lossy_disk::environment final : public rocksdb::EnvWrapper {
public:
  explicit environment(lossy_disk& disk)
      : EnvWrapper{rocksdb::NewCompositeEnv(std::make_shared<file_system>(disk))} {
    system_clock_ = std::make_shared<quick_clock>(system_clock_);
  }
};

inline lossy_disk::lossy_disk(const std::filesystem::path& directory)
    : image_{directory}
    , env_{std::make_unique<environment>(*this)} {}

} // namespace restante
