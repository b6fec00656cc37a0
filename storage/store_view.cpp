#include "storage/store_assembly.hpp"
#include "storage/store_view_parts.hpp"

#include <rocksdb/metadata.h>

namespace restante {

store_view::store_view(std::unique_ptr<parts> opened) : parts_{std::move(opened)} {}
store_view::~store_view() = default;

result<std::unique_ptr<store_view>> store_view::open(const std::filesystem::path& directory,
                                                     const std::filesystem::path& logs) {
  return guarded(during::opening, directory.string(), [&]() -> result<std::unique_ptr<store_view>> {
    auto opening = std::make_unique<parts>();
    opening->directory = directory;
    opening->logs = logs;
    if (auto opened = opening->open(); !opened)
      return tl::unexpected{opened.error()};
    return std::unique_ptr<store_view>{new store_view{std::move(opening)}};
  });
}

result<std::unique_ptr<store_view>>
store_view::open_assembled(const std::filesystem::path& directory, const progress& tell) {
  auto out = open(directory, directory);
  if (!out)
    return out;
  auto& my = *(*out)->parts_;
  my.assembled = true;
  my.tell = tell;
  return guarded(during::opening, directory.string(), [&]() -> result<std::unique_ptr<store_view>> {
    my.find_newest();
    return std::move(out);
  });
}

void store_view::know_rows(uint64_t first, uint64_t last) {
  for (auto row = std::max(first, last - std::min<uint64_t>(last, parts::newest_max)); row <= last;
       ++row)
    parts_->know(row);
}

result<std::optional<std::string>> store_view::get(family in, std::string_view key) const {
  if (!has(in))
    return std::nullopt;
  std::string value;
  const auto status = parts_->look_up(in, key, value);
  if (status.IsNotFound())
    return std::nullopt;
  if (status.ok())
    return value;
  const auto& logged = parts_->logged(in);
  if (const auto row = logged.find(key); row != logged.end())
    return row->second;
  return parts_->refuse(status, during::reading);
}

std::optional<found_media> store_view::media(std::string_view key, const digest& content) {
  const auto right = [&](const auto& value) {
    return checksum(std::string_view{*value}) == content;
  };
  if (auto value = get(family::media, key); value && *value && right(*value))
    return found_media{std::move(**value), false};
  auto& my = *parts_;
  // The digest tells whether it is right, also where a blob's head or key is damaged.
  rocksdb::ReadOptions unverified;
  unverified.verify_checksums = false;
  std::string bytes;
  if (has(family::media) && my.db->Get(unverified, my.at(family::media), slice(key), &bytes).ok() &&
      right(&bytes))
    return found_media{std::move(bytes), true};
  if (!my.elsewhere)
    my.elsewhere.emplace(my.directory, [&, blobs = uint64_t{0}]() mutable {
      if (my.tell)
        my.tell("media files", ++blobs);
    });
  if (auto value = my.elsewhere->find(key, content))
    return found_media{std::move(*value), true};
  return std::nullopt;
}

bool store_view::has(family in) const { return parts_->at(in) != nullptr; }

uint64_t store_view::newest_row() const {
  if (!parts_->assembled)
    return parts_->db->GetLatestSequenceNumber();
  return parts_->newest.empty() ? 0 : *parts_->newest.rbegin();
}

uint64_t store_view::row_number(family in, std::string_view key) const {
  std::vector<rocksdb::KeyVersion> newest;
  const auto status = rocksdb::GetAllKeyVersions(parts_->db.get(), parts_->at(in), slice(key),
                                                 slice(key), 1, &newest);
  return status.ok() && !newest.empty() ? newest.front().sequence : 0;
}

std::set<uint64_t> store_view::rows_between(uint64_t first, uint64_t last) const {
  std::set<uint64_t> out;
  for (size_t i = 0; i < family_count; ++i) {
    const auto in = static_cast<family>(i);
    size_t page_rows = 1024;
    std::vector<rocksdb::KeyVersion> page;
    for (std::optional<std::string> from = std::string{}; has(in) && from;) {
      page.clear();
      if (!rocksdb::GetAllKeyVersions(parts_->db.get(), parts_->at(in), slice(*from), {}, page_rows,
                                      &page)
               .ok())
        break;
      for (const auto& row : page)
        if (row.sequence >= first && row.sequence <= last)
          out.insert(row.sequence);
      const auto end = page.empty() ? *from : page.back().user_key;
      if (page.size() < page_rows)
        from = parts_->next_boundary(in, end); // as damage ends it too
      else if (page.front().user_key == end)
        page_rows *= 2; // of one key, which may have more
      else
        from = end;
    }
  }
  return out;
}

uint64_t store_view::rows_behind(uint64_t number) const {
  const auto& known = parts_->newest;
  return static_cast<uint64_t>(std::distance(known.upper_bound(number), known.end()));
}

bool store_view::some_rows_unnumbered() const { return parts_->unnumbered; }

std::vector<live_file> store_view::files() const {
  std::vector<live_file> out;
  for (auto* handle : parts_->handles) {
    rocksdb::ColumnFamilyMetaData family;
    parts_->db->GetColumnFamilyMetaData(handle, &family);
    for (const auto& level : family.levels)
      for (const auto& table : level.files)
        out.push_back(
            {table.relative_filename, handle->GetName(), table.file_checksum, table.size});
    for (const auto& blobs : family.blob_files) {
      // 7.8 hands out the two fields in each other's place.
      const bool swapped = blobs.checksum_method.size() > blobs.checksum_value.size();
      out.push_back({std::filesystem::path{blobs.blob_file_name}.filename(), handle->GetName(),
                     swapped ? blobs.checksum_value : blobs.checksum_method, blobs.blob_file_size});
    }
  }
  return out;
}

bool store_view::blinded() const {
  return std::ranges::any_of(files(), [&](const live_file& file) {
    return file.name.ends_with(".sst") && unfit_table(parts_->directory / file.name).has_value();
  });
}

} // namespace restante
