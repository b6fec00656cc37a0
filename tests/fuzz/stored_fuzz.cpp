// What is read back from disk, where anything may have happened to it.
//
// Input: a byte that says which value it is read as, whose bit 7 says that the rest is one segment;
// then the value's bytes.
#include "schemas/stored_codec.hpp"
#include "tests/fuzz/input.hpp"

using namespace restante;
using namespace restante::fuzz;

namespace {

/// Whatever can be read is written so that it reads the same: a value that lost something by being
/// written back would make replicas of one mailbox differ.
template <class T>
void try_value(result<T> (*decode)(std::string_view), std::string_view bytes) {
  auto first = decode(bytes);
  if (!first)
    return promise(first.error().code == errc::storage_failure, "damage is not called damage");
  auto second = decode(encode(*first));
  promise(second && *first == *second, "a stored value changes by being written again");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto input = view(data, size);
  const auto how = take_byte(input);
  const auto bytes = envelope(input, (how & 0x80) != 0);
  switch (how % 7) {
  case 0:
    try_value(decode_profile, bytes.view());
    break;
  case 1:
    try_value(decode_message, bytes.view());
    break;
  case 2:
    try_value(decode_change, bytes.view());
    break;
  case 3:
    try_value(decode_alias_target, bytes.view());
    break;
  case 4:
    try_value(decode_notification, bytes.view());
    break;
  case 5:
    try_value(decode_record, bytes.view());
    break;
  default:
    try_value(decode_tenant, bytes.view());
  }
  return 0;
}
