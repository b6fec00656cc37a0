#include "storage/store_assembly.hpp"

#include "storage/log_file.hpp"
#include "storage/masked_crc.hpp"
#include "storage/store_files.hpp"

#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <fstream>

namespace restante {

namespace {

namespace fs = std::filesystem;

/// Beyond any row's number, so that none is hidden.
constexpr uint64_t all_rows = (uint64_t{1} << 56) - 2;
/// Behind any key.
constexpr size_t last_key_bytes = 512;

/// The bytes of a record of a MANIFEST; the numbers of its fields are in manifest_files.cpp.
class edit {
public:
  edit& number(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes_ += static_cast<char>(static_cast<uint8_t>(value | 0x80));
    bytes_ += static_cast<char>(value);
    return *this;
  }
  edit& text(std::string_view value) {
    number(value.size());
    bytes_ += value;
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
  std::string bytes_;
};

/// A key as tables have it: with its row's number and kind.
std::string internal_key(std::string key, uint64_t row) {
  constexpr uint64_t written = 1;
  const uint64_t tail = row << 8 | written;
  for (int shift = 0; shift < 64; shift += 8)
    key += static_cast<char>(static_cast<uint8_t>(tail >> shift));
  return key;
}

struct opened_table {
  std::string family;
  uint64_t family_number = 0;
  uint64_t number = 0; // it was made under; 0: not known
};

rocksdb::Options reading() {
  rocksdb::Options options;
  options.paranoid_checks = true;
  return options;
}

result<opened_table> look_at(const fs::path& file) {
  rocksdb::SstFileReader table{reading()};
  if (const auto status = table.Open(file); !status.ok()) { // the file is named beside it
    const auto text = status.ToString();
    return fail(errc::storage_failure, "store_damaged",
                text.substr(0, text.find(" in " + file.parent_path().string())));
  }
  const auto has = table.GetTableProperties();
  if (has->column_family_name.empty())
    return fail(errc::storage_failure, "store_damaged", "its properties are damaged");
  return opened_table{has->column_family_name, has->column_family_id, has->orig_file_number};
}

std::string in_place_of(uint64_t number) {
  return "is " + numbered_name(number, ".sst") + " under another name";
}

class assembler {
public:
  assembler(const fs::path& directory, const assembly_plan& plan)
      : directory_{directory}
      , plan_{plan}
      , live_{plan.named.tables()} {
    for (size_t i = 0; i < family_count; ++i) // as a new store numbers them
      numbers_[std::string{family_names[i]}] = i + 1;
  }

  result<std::vector<finding>> make() {
    for (const auto& file : numbered_files(directory_, ".sst"))
      if (file.filename() == numbered_name(*file_number(file), ".sst"))
        take(file);
    for (const auto& [name, number] : under_other_names_)
      if (wanted(name) && seen_.insert(name).second)
        left_out(name, in_place_of(number), true);
    for (const auto& [number, what] : live_)
      if (!seen_.contains(number))
        missing(number, what);
    if (auto ok = write(); !ok)
      return tl::unexpected{ok.error()};
    return std::move(left_out_);
  }

private:
  struct table {
    uint64_t number = 0;
    uint64_t bytes = 0;
  };

  [[nodiscard]] bool wanted(uint64_t number) const {
    return plan_.sound ? live_.contains(number) : !plan_.named.dropped(number);
  }

  void take(const fs::path& file) {
    const auto name = *file_number(file);
    const auto found = look_at(file);
    if (!found) {
      seen_.insert(name);
      if (wanted(name))
        left_out(name, "can't be opened (" + found.error().text + ")", true);
      return;
    }
    const auto number = found->number != 0 ? found->number : name; // it was made under
    if (number != name)
      under_other_names_[name] = number;
    if (!wanted(number))
      return;
    seen_.insert(number);
    if (!numbers_.contains(found->family))
      return; // RocksDB's own, which stays empty
    if (found->family_number != 0)
      numbers_[found->family] = found->family_number;
    tables_[found->family].push_back({name, fs::file_size(file)});
    if (!live_.contains(number))
      newest_unnamed_[found->family] = number;
  }

  /// A damaged record may have told that it went into a newer one, which nothing names either.
  void missing(uint64_t number, const manifest_files::live_table& what) {
    const auto newer = newest_unnamed_.find(what.family);
    if (!plan_.sound && newer != newest_unnamed_.end() && newer->second > number)
      left_out(number, "is missing; a newer table may have its rows", false);
    else
      left_out(number, "is missing", true);
  }

  void left_out(uint64_t number, const std::string& why, bool lost) {
    const auto at = live_.find(number);
    const bool named = at != live_.end();
    auto what = why;
    const auto most = named ? at->second.rows_at_most : 0;
    if (lost)
      what += named ? ": it had rows of '" + at->second.family + "'" +
                          (most != 0 ? ", at most " + std::to_string(most) : "")
                    : ": it may have had rows";
    if (lost && (!named || at->second.family == to_string(family::meta)))
      what += ". Look at tenants that were added or revoked last: they may be as they were before";
    left_out_.push_back({lost ? fate::lost : fate::seen,
                         numbered_name(number, ".sst"),
                         std::move(what),
                         {},
                         {},
                         0,
                         named ? 1U : 0U});
  }

  result<void> write() {
    constexpr const char* order = "leveldb.BytewiseComparator";
    const uint64_t manifest = next_file();
    log_writer records;
    records.add(edit{} // of the default family
                    .number(1)
                    .text(order)
                    .number(2)
                    .number(0)
                    .number(3)
                    .number(manifest + 1)
                    .number(4)
                    .number(all_rows)
                    .bytes());
    uint64_t most = 0;
    for (const auto& [name, number] : numbers_) {
      records.add(
          edit{}.number(200).number(number).number(201).text(name).number(1).text(order).bytes());
      most = std::max(most, number);
    }
    records.add(edit{}.number(203).number(most).bytes());
    for (const auto& [name, number] : numbers_)
      if (const auto files = files_of(name, number); !files.bytes().empty())
        records.add(edit{files}.number(200).number(number).bytes());
    const auto name = "MANIFEST-" + std::to_string(manifest);
    std::ofstream{directory_ / "CURRENT", std::ios::trunc} << name << '\n';
    return records.save(directory_ / name);
  }

  /// Nothing of a family without a table: RocksDB ends the process over a blob file that no table
  /// points to. Its media are found all the same (lost_media.hpp).
  edit files_of(const std::string& family, uint64_t family_number) {
    edit out;
    if (tables_[family].empty())
      return out;
    uint64_t oldest_blob = 0;
    for (const auto& file : numbered_files(directory_, ".blob"))
      if (blobs_of(file) == family_number) {
        if (oldest_blob == 0)
          oldest_blob = *file_number(file);
        out.number(400).number(*file_number(file)).number(1).number(fs::file_size(file));
        out.text("").text("").number(0);
      }
    uint64_t age = 0;
    for (const auto& each : tables_[family]) {
      out.number(103).number(0).number(each.number).number(each.bytes);
      out.text(internal_key("", all_rows));
      out.text(internal_key(std::string(last_key_bytes, '\xFF'), 0));
      out.number(age + 1).number(age + 2);
      age += 2;
      if (oldest_blob != 0) // otherwise RocksDB keeps none
        out.number(4).text(edit{}.number(oldest_blob).bytes());
      out.number(1);
    }
    return out;
  }

  /// The number of the family a blob file is of, by its head; of media when that is damaged.
  uint64_t blobs_of(const fs::path& file) {
    constexpr uint32_t magic = 0x248f37;
    std::string head(12, '\0');
    std::ifstream{file, std::ios::binary}.read(head.data(), 12);
    return fixed32(head, 0) == magic ? fixed32(head, 8)
                                     : numbers_[std::string{to_string(family::media)}];
  }

  uint64_t next_file() const {
    uint64_t newest = 0;
    for (const auto* kind : {".sst", ".blob", ".log"})
      for (const auto& file : numbered_files(directory_, kind))
        newest = std::max(newest, *file_number(file));
    return newest + 1;
  }

  const fs::path& directory_;
  const assembly_plan& plan_;
  const std::map<uint64_t, manifest_files::live_table> live_;
  std::map<std::string, uint64_t> numbers_; // of the families
  std::map<std::string, std::vector<table>> tables_;
  std::map<std::string, uint64_t> newest_unnamed_; // table by family
  std::set<uint64_t> seen_;
  std::map<uint64_t, uint64_t> under_other_names_; // what a table is called, and was
  std::vector<finding> left_out_;
};

} // namespace

result<std::vector<finding>> assemble(const fs::path& directory, const assembly_plan& plan) {
  return assembler{directory, plan}.make();
}

std::optional<std::string> unfit_table(const fs::path& file) {
  const auto found = look_at(file);
  if (!found)
    return "can't be opened (" + found.error().text + ")";
  if (found->number != 0 && found->number != file_number(file))
    return in_place_of(found->number);
  return std::nullopt;
}

std::optional<uint64_t> number_of_table(const fs::path& file) {
  const auto found = look_at(file);
  if (!found)
    return std::nullopt;
  return found->number != 0 ? found->number : file_number(file);
}

bool blocks_are_sound(const fs::path& table) {
  rocksdb::SstFileReader reader{reading()};
  return reader.Open(table).ok() && reader.VerifyChecksum().ok();
}

} // namespace restante
