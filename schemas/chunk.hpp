// Immutable bytes with many owners: media on its way between a socket, a mailbox and the store.
// Passing a chunk passes a pointer; the bytes are copied once, into the write batch.
#pragma once

#include "schemas/ids.hpp"

#include <memory>
#include <string>

namespace restante {

class chunk {
public:
  chunk() = default;

  /// Takes over a string.
  explicit chunk(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    view_ = *owner;
    owner_ = std::move(owner);
  }

  /// Views bytes that `owner` keeps alive, such as a received ZeroMQ message.
  chunk(std::shared_ptr<const void> owner, std::string_view view)
      : owner_{std::move(owner)}
      , view_{view} {}

  [[nodiscard]] std::string_view view() const { return view_; }
  [[nodiscard]] size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }

  friend bool operator==(const chunk& a, const chunk& b) { return a.view_ == b.view_; }

private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

} // namespace restante
