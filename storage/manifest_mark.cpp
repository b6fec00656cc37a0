#include "storage/manifest_mark.hpp"

#include "storage/masked_crc.hpp"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <mutex>
#include <vector>

namespace restante {

namespace {

constexpr std::string_view manifest_prefix = "MANIFEST-";

/// Number and size, then both complemented: a half-written mark does not match.
constexpr size_t mark_bytes = 32;

std::string encode(const manifest_extent& what) {
  std::string out;
  for (const uint64_t word : {what.number, what.bytes, ~what.number, ~what.bytes})
    for (int shift = 0; shift < 64; shift += 8)
      out += static_cast<char>(static_cast<uint8_t>(word >> shift));
  return out;
}

/// One write within a sector: it is there whole or not at all.
void write(const std::filesystem::path& file, const manifest_extent& what) {
  const int to = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (to < 0)
    return;
  const auto bytes = encode(what);
  [[maybe_unused]] const auto written = ::pwrite(to, bytes.data(), bytes.size(), 0);
  ::close(to);
}

class marker final : public rocksdb::EventListener {
public:
  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo&) override { raise(*db); }
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo&) override {
    raise(*db);
  }

private:
  void raise(rocksdb::DB& db) {
    std::scoped_lock lock{mutex_}; // the later of two must not be overtaken
    raise_manifest_mark(db);
  }
  std::mutex mutex_;
};

} // namespace

std::optional<uint64_t> manifest_number(std::string_view name) {
  if (!name.starts_with(manifest_prefix))
    return std::nullopt;
  name.remove_prefix(manifest_prefix.size());
  uint64_t number = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.empty() || read.ec != std::errc{} || read.ptr != name.data() + name.size())
    return std::nullopt;
  return number;
}

std::optional<manifest_extent> read_manifest_mark(const std::filesystem::path& dir) {
  std::ifstream in{dir / manifest_mark_name, std::ios::binary};
  std::string bytes(mark_bytes, '\0');
  in.read(bytes.data(), mark_bytes);
  if (in.gcount() != mark_bytes)
    return std::nullopt;
  const manifest_extent found{fixed64(bytes, 0), fixed64(bytes, 8)};
  if (encode(found) != bytes)
    return std::nullopt;
  return found;
}

void raise_manifest_mark(rocksdb::DB& database) {
  std::vector<std::string> files;
  uint64_t bytes = 0; // of what is synced, not of a record on its way
  if (!database.GetLiveFiles(files, &bytes, /*flush_memtable*/ false).ok())
    return;
  for (const auto& file : files)
    if (const auto number =
            manifest_number(std::string_view{file}.substr(file.find_first_not_of('/'))))
      write(std::filesystem::path{database.GetName()} / manifest_mark_name, {*number, bytes});
}

std::shared_ptr<rocksdb::EventListener> make_manifest_marker() {
  return std::make_shared<marker>();
}

} // namespace restante
