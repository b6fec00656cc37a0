// A MANIFEST of our own over the tables and blob files of a directory, for when the store's is
// damaged or names a table that can't be opened. RocksDB's own repair does not do: it leaves out a
// table with one damaged block without a word, blob files all, and refuses tables whose rows
// overlap in age, as those of logs that are still needed do.
//
// Every table stands in level 0 with room for all keys and an age of its own, so that RocksDB takes
// any of them beside each other. Its rows keep their own numbers, by which an iterator finds the
// newest of a key and its erasure; RocksDB's point lookups go by the age of tables and do not.
//
// Owner: store_scratch, in a directory of links. Part of it; nothing else includes this.
#pragma once

#include "storage/manifest_files.hpp"
#include "storage/row_judge.hpp"

#include <filesystem>

namespace restante {

struct assembly_plan {
  const manifest_files& named; // what can be read of the store's own MANIFEST
  bool sound = false;          // all of it can be
};

/// Writes MANIFEST and CURRENT over the tables and blob files there. Of those the MANIFEST is known
/// to have dropped, and with a sound one of those it does not name, none is taken. Answers the
/// tables that are not there although they should be, or may have been.
[[nodiscard]] result<std::vector<finding>> assemble(const std::filesystem::path& directory,
                                                    const assembly_plan& plan);

/// Whether a table can be opened and is the one its name says; otherwise why not.
[[nodiscard]] std::optional<std::string> unfit_table(const std::filesystem::path& file);

/// The number a table was made under, whatever it is called; nothing when it can't be opened.
[[nodiscard]] std::optional<uint64_t> number_of_table(const std::filesystem::path& file);
/// Whether all its blocks have their checksums.
[[nodiscard]] bool blocks_are_sound(const std::filesystem::path& table);

} // namespace restante
