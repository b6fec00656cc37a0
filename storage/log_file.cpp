#include "storage/log_file.hpp"

#include "storage/masked_crc.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace restante {

namespace {

constexpr size_t block_bytes = 32 * 1024;
constexpr size_t header_bytes = 7; // checksum 4, length 2, type 1
constexpr size_t batch_head_bytes = 12;

/// Pieces of a record; RocksDB has more types, for recycled logs, which this store does not make.
enum piece : uint8_t { full = 1, first = 2, middle = 3, last = 4 };

failure unreadable(const std::filesystem::path& file) {
  return {errc::storage_failure, "read_failed",
          file.string() + " can't be read: " + std::generic_category().message(errno)};
}

size_t length_at(std::string_view block, size_t at) {
  return static_cast<uint8_t>(block[at + 4]) | static_cast<uint8_t>(block[at + 5]) << 8;
}

/// Whether a header stands there whose piece ends within the block.
bool plausible(std::string_view block, size_t at) {
  return at + header_bytes <= block.size() && block[at + 6] >= full && block[at + 6] <= last &&
         at + header_bytes + length_at(block, at) <= block.size();
}

bool sound(std::string_view block, size_t at) {
  return plausible(block, at) &&
         masked_crc32c(block.substr(at + 6, 1 + length_at(block, at))) == fixed32(block, at);
}

/// Where the pieces go on behind a damaged one: where its length says, if from there on all are
/// sound up to the end of the block; otherwise with the next block.
size_t behind(std::string_view block, size_t damaged) {
  if (!plausible(block, damaged))
    return block.size();
  const size_t next = damaged + header_bytes + length_at(block, damaged);
  size_t at = next;
  while (block.size() - at >= header_bytes && sound(block, at))
    at += header_bytes + length_at(block, at);
  return block.size() - at < header_bytes ? next : block.size();
}

/// Pieces joined to records, and what lies between these.
class joiner {
public:
  explicit joiner(const std::function<void(const log_record&)>& each) : each_{each} {}

  void take(piece type, uint64_t begin, std::string_view bytes) {
    const uint64_t end = begin + header_bytes + bytes.size();
    if (type == full || type == first) {
      give_up();
      begin_ = begin;
      open_ = true;
    }
    if (!open_)
      return; // the rest of a record whose beginning is gone
    record_ += bytes;
    if (type == full || type == last)
      hand_out(end, true);
  }

  /// What is open has lost its next piece.
  void give_up() {
    if (open_)
      hand_out(begin_, false);
  }

  log_scan scan;

private:
  void hand_out(uint64_t end, bool whole) {
    if (whole) {
      // Less than a header's room at the end of a block is padding.
      const uint64_t left = block_bytes - scan.whole % block_bytes;
      const uint64_t due = left < header_bytes ? scan.whole + left : scan.whole;
      if (begin_ != due)
        scan.gaps.push_back({scan.whole, begin_});
      scan.whole = end;
    }
    each_({begin_, end, whole, record_});
    open_ = false;
    record_.clear();
  }

  const std::function<void(const log_record&)>& each_;
  std::string record_;
  uint64_t begin_ = 0;
  bool open_ = false;
};

void put_fixed(std::string& to, uint64_t number, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    to += static_cast<char>(static_cast<uint8_t>(number >> (8 * i)));
}

/// Takes one row off the front of a batch; nothing when it is not there to its end.
std::optional<log_row> take_row(std::string_view& batch) {
  constexpr char erased = 0x4; // with a family; the store writes no other kinds
  constexpr char written = 0x5;
  const char kind = batch.empty() ? '\0' : batch.front();
  log_row out;
  if (kind != erased && kind != written)
    return std::nullopt;
  batch.remove_prefix(1);
  if (!take_varint(batch, out.family))
    return std::nullopt;
  const auto take_text = [&](std::string_view& text) {
    uint64_t length = 0;
    if (!take_varint(batch, length) || length > batch.size())
      return false;
    text = batch.substr(0, length);
    batch.remove_prefix(length);
    return true;
  };
  if (!take_text(out.key) || (kind == written && !take_text(out.value.emplace())))
    return std::nullopt;
  return out;
}

} // namespace

result<log_scan> scan_log(const std::filesystem::path& file,
                          const std::function<void(const log_record&)>& each) {
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return tl::unexpected{unreadable(file)};
  joiner out{each};
  std::string block;
  for (;;) {
    block.resize(block_bytes);
    in.read(block.data(), block_bytes);
    block.resize(static_cast<size_t>(in.gcount()));
    if (in.bad() || (in.fail() && !in.eof()))
      return tl::unexpected{unreadable(file)};
    size_t at = 0;
    while (block.size() - at >= header_bytes) {
      if (sound(block, at)) {
        const size_t length = length_at(block, at);
        out.take(static_cast<piece>(block[at + 6]), out.scan.size + at,
                 std::string_view{block}.substr(at + header_bytes, length));
        at += header_bytes + length;
      } else {
        out.give_up();
        at = behind(block, at);
      }
    }
    out.scan.size += block.size();
    if (block.size() < block_bytes)
      break;
  }
  out.give_up();
  return std::move(out.scan);
}

void log_writer::add(std::string_view record) {
  for (bool begun = false;; begun = true) {
    size_t left = block_bytes - bytes_.size() % block_bytes;
    if (left < header_bytes) {
      bytes_.append(left, '\0');
      left = block_bytes;
    }
    const auto bytes = record.substr(0, left - header_bytes);
    record.remove_prefix(bytes.size());
    const piece type = record.empty() ? (begun ? last : full) : (begun ? middle : first);
    std::string body{static_cast<char>(type)};
    body += bytes;
    put_fixed(bytes_, masked_crc32c(body), 4);
    put_fixed(bytes_, bytes.size(), 2);
    bytes_ += body;
    if (record.empty())
      return;
  }
}

result<void> log_writer::save(const std::filesystem::path& file) const {
  std::ofstream out{file, std::ios::binary | std::ios::trunc};
  out.write(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
  out.close();
  if (!out)
    return fail(errc::storage_failure, "write_failed",
                file.string() + " can't be written: " + std::generic_category().message(errno));
  return {};
}

std::optional<batch_head> read_batch_head(std::string_view record) {
  if (record.size() < batch_head_bytes)
    return std::nullopt;
  return batch_head{fixed64(record, 0), fixed32(record, 8)};
}

void each_row(std::string_view record, const std::function<void(const log_row&)>& each) {
  if (record.size() < batch_head_bytes)
    return;
  record.remove_prefix(batch_head_bytes);
  while (const auto row = take_row(record))
    each(*row);
}

std::optional<std::string> whole_rows_of(std::string_view cut_record) {
  if (cut_record.size() < batch_head_bytes)
    return std::nullopt;
  auto rest = cut_record.substr(batch_head_bytes);
  size_t end = batch_head_bytes;
  uint32_t rows = 0;
  while (take_row(rest)) {
    ++rows;
    end = cut_record.size() - rest.size();
  }
  if (rows == 0)
    return std::nullopt;
  std::string out{cut_record.substr(0, 8)};
  put_fixed(out, rows, 4);
  out += cut_record.substr(batch_head_bytes, end - batch_head_bytes);
  return out;
}

} // namespace restante
