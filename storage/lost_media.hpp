// Looks for media in every blob file and table there is, whether a row points there or not: what a
// damaged row or table hides is often still whole. Blobs are remembered by a hash of their key, 24
// bytes each; the digest of what is read decides.
//
// Owner: store_view, made when media are first missed. Part of it; nothing else includes this.
#pragma once

#include "schemas/checksum.hpp"
#include "storage/blob_file.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rocksdb {
class SstFileReader;
}

namespace restante {

class lost_media {
public:
  /// Reads the heads of all blobs in the directory; `tell` is called for each.
  lost_media(const std::filesystem::path& directory, const std::function<void()>& tell);
  ~lost_media();

  /// The bytes with that digest which once were under the key; nothing when they are nowhere whole.
  [[nodiscard]] std::optional<std::string> find(std::string_view key, const digest& content) const;

private:
  struct blob {
    uint64_t key_hash = 0;
    uint64_t offset = 0;
    uint32_t size = 0;
    uint32_t file = 0; // its place in files_
  };

  std::vector<std::filesystem::path> files_;
  std::vector<blob> blobs_; // in the order of their hashes
  std::vector<std::unique_ptr<rocksdb::SstFileReader>> tables_;
};

} // namespace restante
