// A store opened to be looked at: read-only, nothing in its directory changes, and damage does not
// end the reading. Rows behind damaged blocks are reached by way of the tables' indexes; media
// whose row or blob record is damaged are looked for in every blob file and table.
//
// Owner: a check or a repair, one thread. The caller holds a store_lock on the directory.
#pragma once

#include "schemas/checksum.hpp"
#include "storage/kv_store.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <set>

namespace rocksdb {
class Iterator;
}

namespace restante {

/// One table or blob file as the MANIFEST knows it.
struct live_file {
  std::string name;
  std::string family;
  std::string checksum; // raw; empty when none was kept
  uint64_t size = 0;
};

/// Keys between which rows could not be read.
struct key_gap {
  std::string after;                 // the last key read, or where reading began
  std::optional<std::string> before; // the next key read; nothing: up to the end
  [[nodiscard]] bool covers(std::string_view key) const {
    return key > after && (!before || key < *before);
  }
};

struct found_media {
  std::string bytes;
  bool elsewhere = false; // not by its row: a node could not read it
};

class store_view {
public:
  /// Called often: what is being read, and how much of it was.
  using progress = std::function<void(std::string_view part, uint64_t done)>;

  /// Opens by the MANIFEST, with the logs of the same directory or of another. Damaged ones are
  /// refused: RocksDB 7.8 can be told to pass over damage, but a length that reaches beyond the end
  /// of a log then keeps it reading for ever. clean_logs makes sound ones.
  [[nodiscard]] static result<std::unique_ptr<store_view>>
  open(const std::filesystem::path& directory, const std::filesystem::path& logs);

  /// The same for a directory with a MANIFEST of ours (store_assembly.hpp): rows are looked up by
  /// their own age, and the newest is the newest that can be read.
  [[nodiscard]] static result<std::unique_ptr<store_view>>
  open_assembled(const std::filesystem::path& directory, const progress& tell);

  ~store_view();

  /// Assembled: the logs have the rows under these numbers, also those that damage in a table
  /// hides.
  void know_rows(uint64_t first, uint64_t last);

  [[nodiscard]] result<std::optional<std::string>> get(family in, std::string_view key) const;

  /// The bytes with that digest which once were under the key, wherever they still are. Nothing
  /// when they are nowhere whole.
  [[nodiscard]] std::optional<found_media> media(std::string_view key, const digest& content);

  [[nodiscard]] bool has(family in) const;
  [[nodiscard]] uint64_t newest_row() const;
  /// The number a row was written under; 0: not known any more.
  [[nodiscard]] uint64_t row_number(family in, std::string_view key) const;
  /// Those of the rows between, in any family, that can be read. Numbers that went with a
  /// compaction or with a later value are not among them.
  [[nodiscard]] std::set<uint64_t> rows_between(uint64_t first, uint64_t last) const;
  /// Assembled: how many rows with greater numbers can be read, of the newest thousands.
  [[nodiscard]] uint64_t rows_behind(uint64_t number) const;
  /// Assembled, and the numbers of some rows went with a compaction: the newest may be newer.
  [[nodiscard]] bool some_rows_unnumbered() const;
  [[nodiscard]] std::vector<live_file> files() const;
  /// Tables that cannot even be opened, or are others: they hide what the rest holds of their keys.
  [[nodiscard]] bool blinded() const;

  struct parts;

private:
  friend class row_cursor;
  explicit store_view(std::unique_ptr<parts> opened);
  std::unique_ptr<parts> parts_;
};

/// Goes over the rows of a family in the order of their keys, around damage: what the logs and the
/// other tables have between the same keys is not hidden by it. Such a row may be older than one in
/// the damaged block.
class row_cursor {
public:
  row_cursor(const store_view& of, family in);
  ~row_cursor();

  [[nodiscard]] bool valid() const;
  [[nodiscard]] std::string_view key() const;
  [[nodiscard]] std::string_view value() const;
  void next();

  /// Grows while it goes; complete when it is no longer valid.
  [[nodiscard]] const std::vector<key_gap>& gaps() const { return gaps_; }

private:
  void pass_damage();
  void read_around(std::string from);

  const store_view::parts& view_;
  family in_;
  std::unique_ptr<rocksdb::Iterator> rows_;
  std::string last_;
  std::vector<key_gap> gaps_;
  /// Of the newest gap, while other tables or the logs have rows there: without the tables that
  /// can't be read before `around_until_`.
  std::unique_ptr<rocksdb::Iterator> around_;
  std::optional<std::string> around_until_;
};

} // namespace restante
