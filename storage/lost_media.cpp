#include "storage/lost_media.hpp"

#include "storage/kv_store.hpp"
#include "storage/store_files.hpp"

#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>

namespace restante {

namespace {

rocksdb::Options table_options() {
  rocksdb::Options options;
  options.paranoid_checks = true;
  return options; // without a cache of indexes: opening a table reads them
}

uint64_t hash(std::string_view key) { return std::hash<std::string_view>{}(key); }

} // namespace

lost_media::lost_media(const std::filesystem::path& directory, const std::function<void()>& tell)
    : files_{numbered_files(directory, ".blob")} {
  for (uint32_t i = 0; i < files_.size(); ++i) {
    // A file that cannot be read holds nothing for us.
    [[maybe_unused]] const auto scanned = scan_blobs(files_[i], false, [&](const blob_place& at) {
      tell();
      if (at.size <= UINT32_MAX) // a medium has megabytes
        blobs_.push_back({hash(at.key), at.offset, static_cast<uint32_t>(at.size), i});
    });
  }
  std::ranges::sort(blobs_, {}, &blob::key_hash);
  for (const auto& file : numbered_files(directory, ".sst")) {
    auto table = std::make_unique<rocksdb::SstFileReader>(table_options());
    if (table->Open(file).ok() &&
        table->GetTableProperties()->column_family_name == to_string(family::media))
      tables_.push_back(std::move(table));
  }
}

lost_media::~lost_media() = default;

std::optional<std::string> lost_media::find(std::string_view key, const digest& content) const {
  const auto right = [&](std::string_view value) { return checksum(value) == content; };
  for (const auto& at : std::ranges::equal_range(blobs_, hash(key), {}, &blob::key_hash))
    if (auto value = read_blob(files_[at.file], {std::string{key}, at.offset, at.size});
        value && right(*value))
      return std::move(*value);
  const rocksdb::Slice wanted{key.data(), key.size()};
  for (const auto& table : tables_) {
    const std::unique_ptr<rocksdb::Iterator> rows{table->NewIterator({})};
    rows->Seek(wanted);
    if (rows->Valid() && rows->key() == wanted && right(rows->value().ToStringView()))
      return rows->value().ToString();
  }
  return std::nullopt;
}

} // namespace restante
