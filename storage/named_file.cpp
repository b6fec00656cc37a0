#include "storage/named_file.hpp"

#include <rocksdb/file_checksum.h>

#include <fstream>

namespace restante {

std::string differs(const std::filesystem::path& file, const live_file& named,
                    const std::function<void(uint64_t bytes)>& read) {
  constexpr size_t piece_bytes = 1024 * 1024;
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return "can't be opened";
  const auto sum = rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
  std::string piece(piece_bytes, '\0');
  uint64_t size = 0;
  do {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto bytes = static_cast<size_t>(in.gcount());
    sum->Update(piece.data(), bytes);
    size += bytes;
    read(bytes);
  } while (in);
  if (in.bad())
    return "can't be read to its end";
  sum->Finalize();
  if (size < named.size)
    return "is " + std::to_string(size) + " bytes long, was " + std::to_string(named.size);
  if (!named.checksum.empty() && sum->GetChecksum() != named.checksum)
    return "does not match its checksum";
  return {};
}

} // namespace restante
