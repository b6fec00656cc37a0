#include "storage/manifest_files.hpp"

#include "storage/masked_crc.hpp"
#include "storage/store_files.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace restante {

namespace {

/// Fields of a record, by RocksDB 7.8's numbers. Those with `may_be_ignored` set are texts.
enum field : uint64_t {
  comparator = 1,
  log_number = 2,
  next_file = 3,
  last_sequence = 4,
  compact_cursor = 5,
  deleted_table = 6,
  previous_log = 9,
  oldest_log_to_keep = 10,
  new_table = 103,
  family_number = 200,
  family_added = 201,
  family_dropped = 202,
  families_max = 203,
  in_atomic_group = 300,
  new_blob_file = 400,
  blob_garbage = 401,
  may_be_ignored = 1 << 13,
  log_closed = may_be_ignored + 7,
  logs_deleted = may_be_ignored + 8,
};

constexpr uint64_t end_of_table = 1, oldest_blob_of_table = 4, checksum_of_table = 7,
                   end_of_blob = 0;
constexpr uint64_t blob_header_bytes = 30, blob_footer_bytes = 32;

} // namespace

/// Reads one record, and hands it over when all of it was understood: the family comes last.
class manifest_files::reader {
public:
  reader(manifest_files& into, std::string_view record) : into_{into}, rest_{record} {}

  void read() {
    while (!rest_.empty())
      if (!one_field()) {
        into_.understood_ = false;
        return;
      }
    apply();
  }

private:
  bool number(uint64_t& value) { return take_varint(rest_, value); }

  bool text(std::string_view& value) {
    uint64_t length = 0;
    if (!number(length) || length > rest_.size())
      return false;
    value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  bool one_field() {
    uint64_t tag = 0, ignored = 0;
    std::string_view bytes;
    if (!number(tag))
      return false;
    switch (tag) {
    case last_sequence:
      return number(ignored) && ((into_.newest_row_ = std::max(into_.newest_row_, ignored)), true);
    case log_number:
    case next_file:
    case previous_log:
    case families_max:
    case in_atomic_group:
      return number(ignored);
    case oldest_log_to_keep:
      return number(ignored) && ((into_.oldest_log_ = std::max(into_.oldest_log_, ignored)), true);
    case family_number:
      return number(family_);
    case family_dropped:
      return dropped_ = true;
    case comparator:
      return text(bytes);
    case family_added:
      return text(added_);
    case compact_cursor:
      return number(ignored) && text(bytes);
    case deleted_table:
      return number(ignored) && number(deleted_.emplace_back());
    case new_table:
      return read_table();
    case new_blob_file:
      return read_blob_file();
    case blob_garbage: {
      auto& [file, count] = garbage_.emplace_back();
      return number(file) && number(count) && number(ignored) && pass_custom(end_of_blob);
    }
    case log_closed:
      return text(bytes) && (into_.add_log(bytes), true);
    case logs_deleted:
      return text(bytes) && take_varint(bytes, ignored) && (into_.drop_logs_below(ignored), true);
    default:
      return (tag & may_be_ignored) != 0 && text(bytes);
    }
  }

  bool read_table() {
    auto& [file, made] = tables_.emplace_back();
    uint64_t level = 0, tag = 0;
    std::string_view key, bytes;
    if (!number(level) || !number(file) || !number(made.bytes) || !text(key) || !text(key) ||
        !number(made.oldest_row) || !number(made.newest_row))
      return false;
    file &= 0x3FFF'FFFF'FFFF'FFFF; // above it the path, of which there is one
    while (number(tag)) {
      if (tag == end_of_table)
        return true;
      if (!text(bytes) || (tag == oldest_blob_of_table && !take_varint(bytes, made.oldest_blob)))
        return false;
      if (tag == checksum_of_table)
        made.checksum = bytes;
    }
    return false;
  }

  bool read_blob_file() {
    auto& [file, made] = blobs_.emplace_back();
    std::string_view checksum;
    return number(file) && number(made.count) && number(made.bytes) && text(checksum) &&
           text(checksum) && pass_custom(end_of_blob);
  }

  bool pass_custom(uint64_t end) {
    uint64_t tag = 0;
    std::string_view bytes;
    while (number(tag))
      if (tag == end)
        return true;
      else if (!text(bytes))
        return false;
    return false;
  }

  void apply() {
    if (dropped_) {
      into_.families_.erase(family_);
      return;
    }
    auto& files = into_.families_[family_];
    if (!added_.empty())
      files.name = added_;
    for (const auto file : deleted_) { // first: a table moves to another level under its number
      files.tables.erase(file);
      into_.dropped_.insert(file);
    }
    for (const auto& [file, made] : tables_) {
      files.tables[file] = made;
      into_.dropped_.erase(file);
    }
    for (const auto& [file, made] : blobs_)
      files.blobs[file] = made;
    for (const auto& [file, count] : garbage_)
      files.blobs[file].garbage += count;
  }

  manifest_files& into_;
  std::string_view rest_;
  uint64_t family_ = 0;
  std::string_view added_;
  bool dropped_ = false;
  std::vector<uint64_t> deleted_;
  std::vector<std::pair<uint64_t, table>> tables_;
  std::vector<std::pair<uint64_t, blob>> blobs_;
  std::vector<std::pair<uint64_t, uint64_t>> garbage_;
};

void manifest_files::take(std::string_view record) { reader{*this, record}.read(); }

void manifest_files::add_log(std::string_view addition) {
  constexpr uint64_t synced_size = 2;
  uint64_t number = 0, tag = 0, bytes = 0;
  // A log may be closed after its deletion was recorded, by another thread.
  if (take_varint(addition, number) && number >= logs_dropped_ && take_varint(addition, tag) &&
      tag == synced_size && take_varint(addition, bytes))
    logs_[number] = std::max(logs_[number], bytes);
}

void manifest_files::drop_logs_below(uint64_t number) {
  logs_dropped_ = std::max(logs_dropped_, number);
  logs_.erase(logs_.begin(), logs_.lower_bound(logs_dropped_));
}

std::map<std::string, uint64_t> manifest_files::tables_and_blobs() const {
  std::map<std::string, uint64_t> out;
  if (!understood_)
    return out;
  for (const auto& [number, files] : families_) {
    uint64_t oldest_blob = UINT64_MAX; // RocksDB keeps none that is older than all tables point to
    for (const auto& [file, made] : files.tables) {
      out[numbered_name(file, ".sst")] = made.bytes;
      if (made.oldest_blob != 0)
        oldest_blob = std::min(oldest_blob, made.oldest_blob);
    }
    for (const auto& [file, made] : files.blobs)
      if (file >= oldest_blob && made.garbage < made.count)
        out[numbered_name(file, ".blob")] = blob_header_bytes + made.bytes + blob_footer_bytes;
  }
  return out;
}

std::map<uint64_t, manifest_files::live_table> manifest_files::tables() const {
  std::map<uint64_t, live_table> out;
  for (const auto& [number, files] : families_)
    for (const auto& [file, made] : files.tables)
      out[file] = {files.name, made.oldest_row == 0 ? 0 : made.newest_row - made.oldest_row + 1,
                   made.bytes, made.checksum, number};
  return out;
}

bool manifest_files::dropped(uint64_t table) const { return dropped_.contains(table); }

} // namespace restante
